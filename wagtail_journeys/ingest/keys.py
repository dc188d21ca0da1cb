"""Write keys: made, replaced, withdrawn, and known again without asking the database each time."""

from __future__ import annotations

import datetime
import hashlib
import logging
import secrets
import threading
import time
from dataclasses import dataclass, field, replace

from django.db import DatabaseError, transaction
from django.db.models import Q
from wagtail.models import Site

from wagtail_journeys.events import catalogue
from wagtail_journeys.ingest.models import WriteKey

logger = logging.getLogger(__name__)

KEEP = 10.0  # seconds that a process believes what it knows of the keys
GRACE = datetime.timedelta(hours=24)  # the old value goes on working after a rotation
USED_EVERY = 60.0  # seconds between two writes of "last used"
MAX_KEY = 200  # characters; nothing longer is looked at

PREFIXES = {WriteKey.Kind.PUBLIC: "wjp_", WriteKey.Kind.SERVER: "wjs_"}


@dataclass(frozen=True)
class Key:
    """What the endpoint has to know of a key."""

    id: int
    server: bool
    site_id: int | None
    origins: frozenset[str]
    events: frozenset[str]
    until: datetime.datetime | None = None  # the old value of a rotated key
    may_enrol: bool = False

    @property
    def source(self) -> str:
        """Stays when the key is rotated, so that what is sent again is known again."""
        return f"key-{self.id}"


@dataclass
class Ring:
    """All keys that work, and the sites by their host."""

    at: float
    keys: dict[str, Key] = field(default_factory=dict)
    origins: frozenset[str] = frozenset()
    sites: dict[str, int] = field(default_factory=dict)


_lock = threading.Lock()
_ring: Ring | None = None
_used: dict[int, float] = {}


def new_secret(key: WriteKey) -> str:
    """A new value for an unsaved or saved key; the caller saves the key and shows the value once."""
    value = PREFIXES[WriteKey.Kind(key.kind)] + secrets.token_urlsafe(32)
    key.prefix, key.secret_hash = value[:10], digest(value)
    return value


def create(
    name: str,
    kind: str,
    *,
    origins: str = "",
    events: str = "",
    site: Site | None = None,
    may_enrol: bool = False,
) -> str:
    """Make a key from Python; returns its value, which is kept nowhere."""
    key = WriteKey(
        name=name,
        kind=kind,
        allowed_origins=origins,
        allowed_events=events,
        site=site,
        may_enrol=may_enrol,
    )
    value = new_secret(key)
    key.save()
    forget()
    return value


def rotate(key: WriteKey, now: datetime.datetime) -> str:
    """Give the key a new value; the old one works for another day."""
    key.previous_hash, key.previous_until = key.secret_hash, now + GRACE
    value = new_secret(key)
    key.rotated_at = now
    key.save(update_fields=["previous_hash", "previous_until", "prefix", "secret_hash", "rotated_at"])
    forget()
    return value


def revoke(key: WriteKey, now: datetime.datetime) -> None:
    """From now on nothing is taken with it, neither with its old value."""
    key.revoked_at = now
    key.previous_hash, key.previous_until = "", None
    key.save(update_fields=["revoked_at", "previous_hash", "previous_until"])
    forget()


def digest(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()


def find(value: str, now: datetime.datetime) -> Key | None:
    """The key with this value. No statement, save once in ``KEEP`` seconds."""
    if not value or len(value) > MAX_KEY:
        return None
    found = ring().keys.get(digest(value))
    return found if found and (found.until is None or found.until > now) else None


def ring() -> Ring:
    global _ring
    known = _ring
    if known is not None and time.monotonic() - known.at < KEEP:
        return known
    fresh = _load()
    _ring = fresh
    return fresh


def forget() -> None:
    """Look the keys up anew, now and after the commit; other processes do within ``KEEP`` seconds."""
    _drop()
    transaction.on_commit(_drop)


def _drop() -> None:
    global _ring
    _ring = None


def _load() -> Ring:
    keys: dict[str, Key] = {}
    origins: set[str] = set()
    declared = catalogue.for_visitors()
    for row in WriteKey.objects.filter(revoked_at__isnull=True):
        is_server = row.kind == WriteKey.Kind.SERVER
        events = row.events | declared
        key = Key(row.pk, is_server, row.site_id, row.origins, events, may_enrol=is_server and row.may_enrol)
        keys[row.secret_hash] = key
        if row.previous_hash and row.previous_until:
            keys[row.previous_hash] = replace(key, until=row.previous_until)
        if not key.server:
            origins |= key.origins
    sites = dict(Site.objects.order_by("pk").values_list("hostname", "pk"))
    return Ring(time.monotonic(), keys, frozenset(origins), sites)


def used(key: Key, now: datetime.datetime) -> None:
    """Note that the key is in use. One statement a minute for each key and process."""
    moment = time.monotonic()
    with _lock:
        if moment - _used.get(key.id, -USED_EVERY) < USED_EVERY:
            return
        _used[key.id] = moment
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - datetime.timedelta(seconds=USED_EVERY))
    try:
        WriteKey.objects.filter(stale, pk=key.id).update(last_used_at=now)
    except DatabaseError:  # the events are kept, and that is what their sender has to know
        logger.warning("The last use of a write key could not be noted.", exc_info=True)
