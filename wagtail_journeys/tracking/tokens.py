"""Identity tokens: the site's word for who is there, for the tracker's ``journeys.identify(token)``.

A token is signed, good for a while (JOURNEYS_IDENTITY_TOKEN_AGE), and good in one browser only when it was made for one:
what is copied, cached or forwarded with a page identifies nobody elsewhere.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest

from wagtail_journeys.conf import conf
from wagtail_journeys.events import accounts
from wagtail_journeys.exceptions import BadEvent
from wagtail_journeys.tracking import visitor

SALT = "wagtail_journeys.identity"
MAX_LENGTH = 2_000


def identity_token(user: Any, request: HttpRequest | None = None) -> str:
    """The signed identity of a logged-in user; with the ``request`` it is good in that visitor's browser only."""
    if not getattr(user, "is_authenticated", False) or user.pk is None:
        raise ValueError("user must be a saved user who is logged in.")
    content: dict[str, Any] = {"claims": accounts.claims_of(user), "traits": accounts.traits_of(user)}
    browser = visitor.anonymous_id(request)
    if browser:
        content["browser"] = browser
    return signing.dumps(content, key=_keys()[0], salt=SALT, compress=True)


def read(token: Any, anonymous_id: str) -> tuple[dict[str, str], dict[str, Any]]:
    """The claims and traits in a token. Raises BadEvent where it is not ours, too old, or another browser's."""
    if not isinstance(token, str) or not 0 < len(token) <= MAX_LENGTH:
        raise BadEvent("The identity token is missing: give journeys.identify() what identity_token() made.")
    first, *others = _keys()
    try:
        content = signing.loads(
            token, key=first, salt=SALT, fallback_keys=others, max_age=conf.IDENTITY_TOKEN_AGE
        )
    except signing.SignatureExpired:
        raise BadEvent("The identity token is too old.") from None
    except signing.BadSignature:
        raise BadEvent("The identity token is not signed with a key of this site.") from None
    if content.get("browser", anonymous_id) != anonymous_id:
        raise BadEvent("The identity token was made for another browser.")
    return content["claims"], content["traits"]


def _keys() -> list[str | bytes]:
    """The first key signs; all of them verify, so that keys can be changed."""
    return list(conf.IDENTITY_KEYS) or [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
