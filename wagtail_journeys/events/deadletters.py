"""Events that cannot be used are kept with the reason, so that somebody can find out what is wrong, and try again."""

from __future__ import annotations

import datetime
from typing import Any

from django.db.models import QuerySet

from wagtail_journeys import db, jobs
from wagtail_journeys.events import sanitise
from wagtail_journeys.events.models import InboxItem

MAX_SIZE = 8_000  # characters kept of what arrived

#: What the payload of an event has that a door has accepted. Without it, a door has rejected what arrived.
ACCEPTED = ["source", "message_id", "occurred_at"]


def dead_letter(payload: Any, reason: str, received_at: datetime.datetime) -> None:
    """Keep what arrived as a dead letter, cleaned and cut. One INSERT; nobody is woken."""
    kept = sanitise.clean(payload, size=MAX_SIZE)
    if not isinstance(kept, dict):
        kept = {"body": kept}
    db.insert_rows(
        InboxItem,
        ["partition", "received_at", "payload", "attempts", "error", "dead_at"],
        [(0, received_at, kept, 0, reason, received_at)],
        returning=(),
    )


def repeatable(letters: QuerySet[InboxItem]) -> QuerySet[InboxItem]:
    """Those of the dead letters that a door had accepted, and that therefore can be processed again.

    What a door has rejected was never an event: its sender has to send it again.
    """
    return letters.filter(dead_at__isnull=False, payload__has_keys=ACCEPTED)


def submit_again(letters: QuerySet[InboxItem]) -> int:
    """Put dead letters back into the inbox, at their old places; returns how many. One UPDATE."""
    pks = repeatable(letters).order_by().values("pk")
    changed = InboxItem.objects.filter(pk__in=pks).update(dead_at=None, error="")
    if changed:
        jobs.wake()
    return changed


def discard(letters: QuerySet[InboxItem]) -> int:
    """Delete dead letters for good; returns how many."""
    pks = letters.filter(dead_at__isnull=False).order_by().values("pk")
    return InboxItem.objects.filter(pk__in=pks).delete()[0]
