"""The inbox: where a door puts an accepted event. Accepting is one insert; everything else comes later."""

from __future__ import annotations

import datetime
import uuid
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

from wagtail_journeys import db, jobs
from wagtail_journeys.conf import conf

from . import together
from .models import InboxItem

MAX_NAME = 100


@dataclass(frozen=True)
class Incoming:
    """An event on its way in, already sanitised by its door.

    ``claims`` says whose it is, as far as the door can vouch for it: ``{"email": …, "external_id": …}``; an unverified
    address (typed by a browser script) must not be in it. ``traits`` are contact fields and attributes to set:
    ``{"first_name": …, "locale": …, "plan": …}``. ``message_id`` makes the event unique within its ``source``.
    """

    source: str
    name: str
    occurred_at: datetime.datetime
    message_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    anonymous_id: str = ""
    claims: dict[str, str] = field(default_factory=dict)
    traits: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    contact_id: int | None = None  # only the package itself knows this
    site_id: int | None = None
    page_id: int | None = None
    document_id: int | None = None
    url: str = ""

    def partition(self) -> int:
        """Events of one visitor, or of one contact, share a partition and are processed in order."""
        key = self.anonymous_id or self.claims.get("external_id") or self.claims.get("email")
        if not key:
            key = f"contact:{self.contact_id}" if self.contact_id else self.message_id
        return zlib.crc32(key.encode("utf-8", "replace")) % conf.PARTITIONS

    def payload(self) -> dict[str, Any]:
        found: dict[str, Any] = {"occurred_at": self.occurred_at.isoformat()}
        for name in PAYLOAD:
            value = getattr(self, name)
            if value not in ("", None, {}):
                found[name] = value
        return found


#: What of an event goes into the payload as it is.
PAYLOAD = [name for name in (item.name for item in fields(Incoming)) if name != "occurred_at"]


def accept(event: Incoming, received_at: datetime.datetime) -> None:
    """Keep one event durably and have a cluster look at it soon. One INSERT.

    Raises what the database raises when it cannot keep it: the door must then not answer that it did.
    """
    together.keep([(event.partition(), received_at, event.payload(), 0, "", None)])
    jobs.wake()


def accept_many(events: Iterable[Incoming], received_at: datetime.datetime, *, wake: bool = True) -> int:
    """Keep many events with one INSERT; returns how many."""
    rows = [(event.partition(), received_at, event.payload(), 0, "") for event in events]
    db.insert_rows(
        InboxItem, ["partition", "received_at", "payload", "attempts", "error"], rows, returning=()
    )
    if rows and wake:
        jobs.wake()
    return len(rows)
