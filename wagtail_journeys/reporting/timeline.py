"""One story of a contact, out of the tables that each tell a part of it.

Every source is asked for the newest rows below the cursor, by its own index and with a limit; the answers are merged.
Pages are cut by position (keyset), so the thousandth page costs what the first one does.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db.models import Model, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from wagtail_journeys.calls.models import Call
from wagtail_journeys.contacts.models import ConsentEntry
from wagtail_journeys.emails.models import Message, Notice
from wagtail_journeys.events import catalogue
from wagtail_journeys.events.models import Event
from wagtail_journeys.journeys.models import Intervention, Journey, PendingEntry, Refusal, Visit
from wagtail_journeys.reporting import stories
from wagtail_journeys.reporting.sentences import Titles, words_of
from wagtail_journeys.reporting.stories import Told
from wagtail_journeys.segments.models import Membership

PAGE = 50

KINDS = {
    "event": _("Events"),
    "segment": _("Segments"),
    "campaign": _("Campaigns"),
    "step": _("Steps"),
    "email": _("Emails"),
    "call": _("HTTP calls"),
    "team": _("Colleagues"),
    "consent": _("Consent"),
}

#: Events that the engine writes about what other sources tell better.
TOLD_ELSEWHERE = [
    catalogue.CONSENT_CHANGED,
    catalogue.EMAIL_SENT,
    catalogue.JOURNEY_ENTERED,
    catalogue.JOURNEY_ENDED,
]


class Position(NamedTuple):
    """Where an entry stands. What one batch did has one moment: there the rank puts causes before effects."""

    at: datetime.datetime
    rank: int
    pk: int

    def pack(self) -> str:
        data = json.dumps([self.at.astimezone(datetime.UTC).isoformat(), self.rank, self.pk])
        return base64.urlsafe_b64encode(data.encode()).decode().rstrip("=")

    @classmethod
    def unpack(cls, packed: str) -> Position | None:
        """None for what is not a packed position: an address typed by hand shows the first page."""
        try:
            at, rank, pk = json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
            moment = datetime.datetime.fromisoformat(at)
            return cls(moment, int(rank), int(pk)) if moment.tzinfo else None
        except (ValueError, TypeError, binascii.Error):
            return None


@dataclass(frozen=True)
class Moment:
    """One of the moments of a row: a field, its place among simultaneous moments, and how it is told."""

    rank: int
    field: str
    tell: Callable[[Any, stories.Words], Told]

    def below(self, cursor: Position | None) -> Q:
        """Rows of which this moment lies below the cursor."""
        if cursor is None:
            return Q(**{f"{self.field}__isnull": False})
        before = Q(**{f"{self.field}__lt": cursor.at})
        if self.rank < cursor.rank:
            return Q(**{f"{self.field}__lte": cursor.at})
        if self.rank == cursor.rank:
            return before | Q(**{self.field: cursor.at, "pk__lt": cursor.pk})
        return before


@dataclass(frozen=True)
class Source:
    kind: str
    rows: Callable[[int], QuerySet[Any]]
    moments: Sequence[Moment]

    def newest(self, contact_id: int, cursor: Position | None, limit: int) -> list[Any]:
        """The rows that can have one of the newest moments below the cursor: one statement."""
        rows = self.rows(contact_id)
        narrow = rows.select_related(None).order_by()
        chosen = [
            Q(
                pk__in=narrow.filter(moment.below(cursor))
                .order_by(f"-{moment.field}", "-pk")
                .values("pk")[:limit]
            )
            for moment in self.moments
        ]
        return list(rows.filter(reduce(or_, chosen)))


SOURCES = [
    Source(
        "event",
        lambda contact: Event.objects.filter(contact_id=contact).exclude(name__in=TOLD_ELSEWHERE),
        [Moment(1, "occurred_at", stories.event)],
    ),
    Source(
        "consent",
        lambda contact: ConsentEntry.objects.filter(contact_id=contact).select_related("topic", "actor"),
        [Moment(2, "occurred_at", stories.consent)],
    ),
    Source(
        "segment",
        lambda contact: Membership.objects.filter(contact_id=contact).select_related("segment"),
        [Moment(3, "left_at", stories.segment_left), Moment(4, "entered_at", stories.segment_entered)],
    ),
    Source(
        "campaign",
        lambda contact: (
            PendingEntry.objects.filter(contact_id=contact)
            .select_related("campaign")
            .annotate(moment=Coalesce("decided_at", "created_at"))
        ),
        [Moment(5, "moment", stories.pending)],
    ),
    Source(
        "campaign",
        lambda contact: Refusal.objects.filter(contact_id=contact).select_related("campaign"),
        [Moment(6, "last_at", stories.refusal)],
    ),
    Source(
        "campaign",
        lambda contact: Journey.objects.filter(contact_id=contact).select_related("campaign"),
        [Moment(7, "entered_at", stories.journey_entered), Moment(10, "ended_at", stories.journey_ended)],
    ),
    Source(
        "step",
        lambda contact: (
            Visit.objects.filter(journey__contact_id=contact)
            .select_related("journey__campaign")
            .annotate(moment=Coalesce("left_at", "arrived_at"))
        ),
        [Moment(8, "moment", stories.visit)],
    ),
    Source(
        "email",
        lambda contact: (
            Message.objects.filter(contact_id=contact)
            .select_related("campaign", "template")
            .annotate(moment=Coalesce("settled_at", "created_at"))
        ),
        [Moment(9, "moment", stories.message)],
    ),
    Source(
        "call",
        lambda contact: (
            Call.objects.filter(contact_id=contact, is_test=False)
            .defer("body", "headers", "response")
            .annotate(moment=Coalesce("settled_at", "created_at"))
        ),
        [Moment(11, "moment", stories.call)],
    ),
    Source(
        "team",
        lambda contact: Notice.objects.filter(visit__journey__contact_id=contact).annotate(
            moment=Coalesce("sent_at", "created_at")
        ),
        [Moment(12, "moment", stories.notice)],
    ),
    Source(
        "team",
        lambda contact: Intervention.objects.filter(journey__contact_id=contact).select_related(
            "journey__campaign"
        ),
        [Moment(0, "at", stories.by_hand)],
    ),
]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline."""

    position: Position
    kind: str
    told: Told

    @property
    def at(self) -> datetime.datetime:
        return self.position.at

    @property
    def kind_label(self) -> str:
        return str(KINDS[self.kind])


@dataclass(frozen=True)
class Page:
    entries: list[Entry]
    older: str  # the cursor of the next page; "" at the end


def timeline(
    contact_id: int,
    *,
    kinds: Collection[str] = (),
    cursor: Position | None = None,
    limit: int = PAGE,
) -> Page:
    """The newest ``limit`` entries below ``cursor``, of these kinds (of all without one).

    A statement per source, one for titles and one for steps not seen lately, whatever the contact has done.
    """
    found: list[tuple[Position, str, Moment, Model]] = []
    for source in SOURCES:
        if kinds and source.kind not in kinds:
            continue
        for row in source.newest(contact_id, cursor, limit + 1):
            for moment in source.moments:
                at = getattr(row, moment.field)
                if at is None:
                    continue
                position = Position(at, moment.rank, row.pk)
                if cursor is None or position < cursor:
                    found.append((position, source.kind, moment, row))
    found.sort(key=lambda item: item[0], reverse=True)
    shown = found[:limit]
    rows = [row for _position, _kind, _moment, row in shown]
    words = stories.Words(
        Titles.of(row for row in rows if isinstance(row, Event)),
        words_of(row.version_id for row in rows if isinstance(row, Visit | Intervention)),
    )
    entries = [Entry(position, kind, moment.tell(row, words)) for position, kind, moment, row in shown]
    return Page(entries, entries[-1].position.pack() if len(found) > limit else "")
