"""Has the visitor agreed? The site's own consent tool says so, by way of ``JOURNEYS_CONSENT_BACKEND``."""

from __future__ import annotations

import functools
from typing import Any, Protocol

from django.http import HttpRequest
from django.utils.module_loading import import_string

from wagtail_journeys.conf import conf

#: To remember a browser and to tell what is done with it.
ANALYTICS = "web_analytics"


class Backend(Protocol):
    """A class without arguments. It must not ask the session: pages would then vary by visitor."""

    def state(self, request: HttpRequest, purpose: str) -> bool | None:
        """True where the visitor agreed, False where they refused, None where they have not been asked yet."""


class ConsentCookie:
    """A cookie that the site's banner sets: JOURNEYS_CONSENT_COOKIE, with the value ``granted`` or ``refused``."""

    def state(self, request: HttpRequest, purpose: str) -> bool | None:
        return {"granted": True, "refused": False}.get(request.COOKIES.get(conf.CONSENT_COOKIE, ""))


class DjangoCookieConsent:
    """django-cookie-consent; JOURNEYS_CONSENT_GROUP is the ``varname`` of the cookie group to ask for."""

    def state(self, request: HttpRequest, purpose: str) -> bool | None:
        from cookie_consent.util import get_cookie_value_from_request

        answer: bool | None = get_cookie_value_from_request(request, conf.CONSENT_GROUP or purpose)
        return answer


def allows(request: HttpRequest, purpose: str = ANALYTICS) -> bool:
    """Whether the visitor has agreed. Without a backend nobody is asked: the site has another legal basis, or none."""
    found = backend(conf.CONSENT_BACKEND)
    return found is None or found.state(request, purpose) is True


@functools.lru_cache(maxsize=8)
def backend(path: str) -> Any:
    return import_string(path)() if path else None
