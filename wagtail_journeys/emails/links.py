"""Short signed tokens in the links of emails. A token says what it is for and which message it came from.

Two kinds name something else: ``contact`` a contact, whose preferences it opens, ``opt_in`` a sign-up to be confirmed.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import hmac
import uuid

from django.conf import settings
from django.urls import reverse

from wagtail_journeys.conf import conf

#: What a link may be for, by the letter that stands in the token. A token of one kind is never good for another.
KINDS = {
    "unsubscribe": b"u",
    "confirm": b"c",
    "preferences": b"p",
    "view": b"v",
    "contact": b"k",
    "opt_in": b"o",
}
_NAMES = {letter: name for name, letter in KINDS.items()}

#: The same for what is counted; these tokens name a link of the message, too.
HIT_KINDS = {"click": b"h", "open": b"i"}
_HIT_NAMES = {letter: name for name, letter in HIT_KINDS.items()}

SIGNATURE_BYTES = 12
_SIZE = 1 + 16 + SIGNATURE_BYTES
_HIT_SIZE = _SIZE + 2


def _keys() -> list[bytes]:
    """The first key signs; all of them verify, so that links in delivered mails outlive a change of keys."""
    secrets = list(conf.TRACKING_KEYS) or [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [_key(secret) for secret in secrets]


@functools.lru_cache(maxsize=16)
def _key(secret: str) -> bytes:
    return hashlib.sha256(b"wagtail_journeys.emails.links:" + secret.encode()).digest()


def _signature(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, body, "sha256")[:SIGNATURE_BYTES]


def _text(packed: bytes) -> str:
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def make_token(kind: str, about: uuid.UUID) -> str:
    """39 characters, safe in a URL."""
    return _signed(KINDS[kind] + about.bytes, _keys()[0])


def _signed(body: bytes, key: bytes) -> str:
    return _text(body + _signature(key, body))


def read_token(token: str) -> tuple[str, uuid.UUID] | None:
    """``(kind, uuid)`` of a token that we made; None for anything else."""
    body = _body(token, _SIZE)
    kind = _NAMES.get(body[:1])
    return (kind, uuid.UUID(bytes=body[1:])) if kind else None


def read_hit_token(token: str) -> tuple[str, uuid.UUID, int] | None:
    """``(kind, message uuid, number of the link)`` of a token that we made; None for anything else."""
    body = _body(token, _HIT_SIZE)
    kind = _HIT_NAMES.get(body[:1])
    return (kind, uuid.UUID(bytes=body[1:17]), int.from_bytes(body[17:], "big")) if kind else None


def _body(token: str, size: int) -> bytes:
    """What a token of this size says; nothing where we did not make it."""
    try:
        packed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return b""
    if len(packed) != size or _text(packed) != token:  # one spelling only
        return b""
    body, signature = packed[:-SIGNATURE_BYTES], packed[-SIGNATURE_BYTES:]
    if not any(hmac.compare_digest(_signature(key, body), signature) for key in _keys()):
        return b""
    return body


class Urls:
    """Makes the absolute addresses where receivers do something with their message. Made anew for every batch."""

    def __init__(self, kind: str) -> None:
        self.letter = KINDS[kind]
        self.key = _keys()[0]
        self.before, _mark, self.after = reverse(f"wagtail_journeys:{kind}", args=["TOKEN"]).rpartition(
            "TOKEN"
        )

    def __call__(self, message_uuid: uuid.UUID, base_url: str) -> str:
        token = _signed(self.letter + message_uuid.bytes, self.key)
        return f"{base_url.rstrip('/')}{self.before}{token}{self.after}"


class HitUrls:
    """The same for what is counted: an address stands in an email many times, so the key is looked up once for a batch."""

    def __init__(self, kind: str) -> None:
        self.letter = HIT_KINDS[kind]
        self.key = _keys()[0]
        path, _mark, self.after = reverse(f"wagtail_journeys:{kind}", args=["TOKEN"]).rpartition("TOKEN")
        self.path = path
        self.base = str(conf.TRACKING_BASE_URL).rstrip("/")

    def __call__(self, message_uuid: uuid.UUID, base_url: str, number: int = 0) -> str:
        """42 characters of token, safe in a URL; where it leads to, only the database knows."""
        body = self.letter + message_uuid.bytes + number.to_bytes(2, "big")
        token = _text(body + hmac.digest(self.key, body, "sha256")[:SIGNATURE_BYTES])
        return f"{self.base or base_url.rstrip('/')}{self.path}{token}{self.after}"


def unsubscribe_url(message_uuid: uuid.UUID, base_url: str) -> str:
    """The absolute address where the receiver of this message ends the message's topic."""
    return Urls("unsubscribe")(message_uuid, base_url)


def preferences_url(contact_uuid: uuid.UUID, base_url: str) -> str:
    """The absolute address where a contact chooses what it gets, for whoever is sure to be that contact: a site's own page
    for people who are logged in, say. Emails have one that names their message: ``Urls("preferences")``."""
    path = reverse("wagtail_journeys:preferences", args=[make_token("contact", contact_uuid)])
    return f"{base_url.rstrip('/')}{path}"


def confirm_url(message_uuid: uuid.UUID, base_url: str) -> str:
    """The absolute address where the receiver of this message confirms that the address is theirs."""
    return Urls("confirm")(message_uuid, base_url)
