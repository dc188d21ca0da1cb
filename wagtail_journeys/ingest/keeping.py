"""A whole request into the inbox, good and bad messages alike, with one INSERT; and when not to take any more."""

from __future__ import annotations

import datetime
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from wagtail_journeys import jobs
from wagtail_journeys.conf import conf
from wagtail_journeys.events import sanitise, together
from wagtail_journeys.events.deadletters import DOOR, MAX_SIZE
from wagtail_journeys.events.inbox import Incoming
from wagtail_journeys.events.models import InboxItem
from wagtail_journeys.ingest import protocol

NAME = "api"  # of this door, in what it has rejected
WHOLE = 2 * protocol.MAX_EVENT  # characters and values: more than a message can have that is not too large
LOOK_EVERY = 1.0  # seconds between two looks at how much is waiting

_looked = -LOOK_EVERY
_full = False


@dataclass(frozen=True)
class Rejected:
    """A message that cannot be used, and why.

    ``again`` is what else is needed to read it again once the cause is mended; empty where that cannot help. Such a
    message is kept whole.
    """

    source: str
    name: str
    message: Any
    reason: str
    again: dict[str, Any] = field(default_factory=dict)

    def payload(self) -> dict[str, Any]:
        found = {"source": self.source, "name": self.name}
        if self.again:
            return {**found, DOOR: NAME, **self.again, "body": sanitise.clean(self.message, size=WHOLE)}
        return {**found, "body": sanitise.clean(self.message, size=MAX_SIZE)}


def keep(events: Sequence[Incoming | Rejected], now: datetime.datetime) -> None:
    """Raises what the database raises when it cannot: the sender is then not told that they were kept."""
    rows: list[tuple[Any, ...]] = [
        (0, now, event.payload(), 0, event.reason, now)
        if isinstance(event, Rejected)
        else (event.partition(), now, event.payload(), 0, "", None)
        for event in events
    ]
    together.keep(rows)
    if any(isinstance(event, Incoming) for event in events):
        jobs.wake()


def full() -> bool:
    """Whether more is waiting than ``JOURNEYS_INBOX_LIMIT``. At most one statement a second, along an index."""
    global _looked, _full
    moment = time.monotonic()
    if moment - _looked >= LOOK_EVERY:
        _looked = moment
        waiting = InboxItem.objects.filter(dead_at__isnull=True).order_by("partition", "id")
        _full = waiting.values_list("pk")[conf.INBOX_LIMIT : conf.INBOX_LIMIT + 1].exists()
    return _full


def look_again() -> None:
    """The next request looks for itself (tests)."""
    global _looked
    _looked = -LOOK_EVERY
