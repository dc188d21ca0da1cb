"""People with an account: they sign up, log in and log out. ``signed_up`` is for a site's own sign-up view."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from wagtail_journeys.contacts.models import Identity
from wagtail_journeys.events import accounts, catalogue, sanitise
from wagtail_journeys.events.inbox import Incoming
from wagtail_journeys.tracking import sites, visitor
from wagtail_journeys.tracking.keeping import SITE, keep


def signed_up(request: HttpRequest, user: Any) -> None:
    """Tell that somebody has just made an account: call it once the user is saved, before logging them in.

    Django has no signal for it. With django-allauth nothing has to be called. An address that is not verified yet says
    nothing about who it is (see JOURNEYS_EMAIL_VERIFIED).
    """
    _enters(catalogue.SIGN_UP, request, user)


def account_made(sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """Receiver of django-allauth's ``user_signed_up``."""
    signed_up(request, user)


def logged_in(sender: Any, request: HttpRequest | None, user: Any, **kwargs: Any) -> None:
    """Receiver of ``user_logged_in``: members of the site, not editors entering the admin.

    On a browser that is known to be somebody else's, the log-in begins a new anonymous id.
    """
    if request is None or not request.META.get("REQUEST_METHOD") or _in_admin(request):
        return
    _enters(catalogue.LOGIN, request, user)


def _enters(name: str, request: HttpRequest, user: Any) -> None:
    now = timezone.now()
    claims = accounts.claims_of(user)
    if _is_of_another(visitor.anonymous_id(request), claims):
        visitor.rotate(request)
    keep(
        Incoming(
            source=SITE,
            name=name,
            occurred_at=now,
            anonymous_id=visitor.anonymous_id(request),
            claims=claims,
            traits=accounts.traits_of(user),
            site_id=sites.site_id(request),
            url=sanitise.url(request.build_absolute_uri(request.path)),
        ),
        now,
    )


def logged_out(sender: Any, request: HttpRequest | None, user: Any, **kwargs: Any) -> None:
    """Receiver of ``user_logged_out``: from here on the browser is nobody's, and the answer gives it a new id."""
    if request is None or user is None or not request.META.get("REQUEST_METHOD"):
        return
    now = timezone.now()
    anonymous_id = visitor.anonymous_id(request)
    visitor.rotate(request)
    in_admin = _in_admin(request)
    if in_admin and not anonymous_id:
        return
    keep(
        Incoming(
            source=SITE,
            name=catalogue.LOGOUT,
            occurred_at=now,
            anonymous_id=anonymous_id,
            claims={} if in_admin else accounts.claims_of(user),
            site_id=sites.site_id(request),
            url=sanitise.url(request.build_absolute_uri(request.path)),
        ),
        now,
    )


def _is_of_another(anonymous_id: str, claims: dict[str, str]) -> bool:
    """Whether the browser is known for another contact than the one who claims to be there, or was once."""
    if not anonymous_id:
        return False
    known = Identity.objects.filter(anonymous_id=anonymous_id).select_related("contact").first()
    if known is None:
        return False
    contact = known.contact
    same = contact.external_id == claims["external_id"] or (
        not contact.external_id and contact.email == claims.get("email", "")
    )
    return known.until is not None or not same


def _in_admin(request: HttpRequest) -> bool:
    return any(map(request.path.startswith, _admin()))


def _admin() -> Iterator[str]:
    for name in ("wagtailadmin_home", "admin:index"):
        try:
            yield reverse(name)
        except NoReverseMatch:
            continue
