"""Who is asking, as far as a request tells without a session: an anonymous id in a cookie that only scripts set."""

from __future__ import annotations

import ipaddress
import re
import uuid

from django.http import HttpRequest, HttpResponse

from wagtail_journeys.conf import conf
from wagtail_journeys.tracking import consent, daily

#: The value of JOURNEYS_TRACKING with which browsers keep no id.
COOKIELESS = "cookieless"

#: The request's attribute with the id that the answer gives the browser; there with the middleware only.
NEXT = "_journeys_next_visitor"

_ANONYMOUS_ID = re.compile(r"[0-9A-Za-z-]{32,100}")


def anonymous_id(request: HttpRequest | None) -> str:
    """The visitor's anonymous id; empty where there is none, it is no id, or the visitor objects to tracking.

    Reads a cookie and nothing else: the session stays untouched, so pages keep their ``Vary`` and can be cached.
    """
    if request is None or conf.TRACKING == COOKIELESS or objects(request):
        return ""
    value = getattr(request, NEXT, None) or request.COOKIES.get(conf.VISITOR_COOKIE, "")
    return value if _ANONYMOUS_ID.fullmatch(value) else ""


def rotate(request: HttpRequest) -> str:
    """Have the answer give the browser a new anonymous id; empty where that cannot be done.

    A browser without the cookie gets none. Without VisitorMiddleware nobody would send the new id.
    """
    if hasattr(request, NEXT) and request.COOKIES.get(conf.VISITOR_COOKIE):
        setattr(request, NEXT, str(uuid.uuid4()))
        return getattr(request, NEXT)
    return ""


def set_cookie(request: HttpRequest, response: HttpResponse) -> None:
    """Send the new id, if there is one, in the cookie that the tracker reads."""
    if getattr(request, NEXT, None):
        response.set_cookie(
            conf.VISITOR_COOKIE,
            getattr(request, NEXT),
            max_age=conf.VISITOR_COOKIE_AGE,
            secure=request.is_secure(),
            httponly=False,  # the tracker sees that it is there
            samesite="Lax",
        )


def objects(request: HttpRequest) -> bool:
    """Whether the visitor is not to be tracked.

    The browser says so for its user (Global Privacy Control, Do Not Track), or they have not agreed, where the site asks.
    """
    return says_no(request) or not consent.allows(request)


def says_no(request: HttpRequest) -> bool:
    """Whether the browser objects for its user, whatever they said to the site."""
    if request.headers.get("Sec-GPC", "").strip() == "1":
        return True
    return bool(conf.HONOUR_DNT) and request.headers.get("DNT", "").strip() == "1"


def network(request: HttpRequest) -> str:
    """The part of the client's address that is kept and counted; empty where all visitors seem to come from one proxy."""
    value = str(request.META.get(conf.CLIENT_ADDRESS, "")).rpartition(",")[2].strip()
    try:
        found = ipaddress.ip_address(value)
    except ValueError:
        return ""
    mapped = getattr(found, "ipv4_mapped", None)
    found = mapped or found
    return daily.network(str(found)) if found.is_global else ""


def is_preview(request: HttpRequest) -> bool:
    """Whether an editor looks at a draft."""
    return bool(getattr(request, "is_preview", False) or getattr(request, "is_dummy", False))
