"""Events that cannot be used are kept with the reason, so that somebody can find out what is wrong, and try again."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from wagtail_journeys import db, jobs
from wagtail_journeys.events import sanitise
from wagtail_journeys.events.inbox import Incoming
from wagtail_journeys.events.models import InboxItem
from wagtail_journeys.exceptions import BadEvent

MAX_SIZE = 8_000  # characters kept of what arrived
CHUNK = 1_000  # letters read again with one statement

#: What the payload of an event has that a door has accepted. Without it, a door has rejected what arrived.
ACCEPTED = ["source", "message_id", "occurred_at"]

#: Where the payload of a rejected message names the door that can read it again.
DOOR = "door"

#: Gets (payload, received) of messages that it has rejected; answers with the event, or why it is still none.
Reader = Callable[[Sequence[tuple[dict[str, Any], datetime.datetime]]], list[Incoming | BadEvent]]

_readers: dict[str, Reader] = {}


@dataclass(frozen=True)
class Again:
    """How many were put back into the inbox, and how many were rejected once more."""

    submitted: int = 0
    rejected: int = 0


def register_reader(door: str, reader: Reader) -> None:
    """Have what a door has rejected read again by it: payloads that carry its name under ``DOOR``, and a message id."""
    _readers[door] = reader


def dead_letter(payload: Any, reason: str, received_at: datetime.datetime) -> None:
    """Keep what arrived as a dead letter, cleaned and cut. One INSERT; nobody is woken."""
    kept = sanitise.clean(payload, size=MAX_SIZE)
    if not isinstance(kept, dict):
        kept = {"body": kept}
    kept.pop(DOOR, None)  # only a door says this, never what arrives
    db.insert_rows(
        InboxItem,
        ["partition", "received_at", "payload", "attempts", "error", "dead_at"],
        [(0, received_at, kept, 0, reason, received_at)],
        returning=(),
    )


def repeatable(letters: QuerySet[InboxItem]) -> QuerySet[InboxItem]:
    """Those of the dead letters that can be tried again: a door had accepted them, or can read them again."""
    return letters.filter(Q(payload__has_keys=ACCEPTED) | _readable(), dead_at__isnull=False)


def _readable() -> Q:
    return Q(**{f"payload__{DOOR}__in": list(_readers)}) & ~Q(payload__has_keys=ACCEPTED)


def submit_again(letters: QuerySet[InboxItem]) -> Again:
    """Put dead letters back into the inbox, at their old places. What a door has rejected it reads again first; what it
    rejects once more stays, with the new reason. The message id stays as well: an event counts once.

    One statement, and four for each thousand that doors have rejected.
    """
    pks = letters.filter(dead_at__isnull=False).order_by().values("pk")
    with db.batch(InboxItem):
        accepted = InboxItem.objects.filter(pk__in=pks, payload__has_keys=ACCEPTED)
        readable = list(
            letters.filter(_readable(), dead_at__isnull=False).order_by("pk").values_list("pk", flat=True)
        )
        submitted, rejected = accepted.update(dead_at=None, error=""), 0
        for chunk in db.chunks(readable, CHUNK):
            done, refused = _read_again(chunk)
            submitted, rejected = submitted + done, rejected + refused
        if submitted:
            jobs.wake()
    return Again(submitted, rejected)


def _read_again(pks: Sequence[int]) -> tuple[int, int]:
    """How many of these letters are events now, and how many are not."""
    # Whoever does the same at this moment has taken some of them already, or waits until we have.
    letters = list(db.locked(InboxItem.objects.filter(pk__in=pks, dead_at__isnull=False).order_by("pk")))
    by_door: dict[str, list[InboxItem]] = {}
    for letter in letters:
        by_door.setdefault(letter.payload.get(DOOR, ""), []).append(letter)
    events: list[tuple[int, int, dict[str, Any], str, None]] = []
    refused: list[tuple[int, str]] = []
    for door, theirs in by_door.items():
        read = _readers[door]([(letter.payload, letter.received_at) for letter in theirs])
        for letter, found in zip(theirs, read, strict=True):
            if isinstance(found, Incoming):
                events.append((letter.pk, found.partition(), found.payload(), "", None))
            else:
                refused.append((letter.pk, str(found)))
    db.update_rows(InboxItem, "id", ["partition", "payload", "error", "dead_at"], events)
    db.update_rows(InboxItem, "id", ["error"], refused)
    return len(events), len(refused)


def discard(letters: QuerySet[InboxItem]) -> int:
    """Delete dead letters for good; returns how many."""
    pks = letters.filter(dead_at__isnull=False).order_by().values("pk")
    return InboxItem.objects.filter(pk__in=pks).delete()[0]
