"""How large segments are and were: one row per segment and day, told from the stays themselves."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Case, Count, F, IntegerField, Min, OuterRef, QuerySet, Subquery, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import TruncDate
from django.utils import timezone

from wagtail_journeys import db

from .models import Membership, Segment, SegmentSize

#: Seconds between two looks. The listing counts small segments itself, so that this is about the large ones.
INTERVAL = 300
#: Up to so many members a listing counts; above, it shows the size of the last look.
COUNTED = 20_000


def take(now: datetime.datetime, segments: Collection[int] | None = None) -> None:
    """Bring the rows of all segments up to date, at most every five minutes; of these ``segments`` at once.

    The days since a segment's newest row are told anew, and all of them where it has none. Four statements.
    """
    if segments is None and not _due(now):
        return
    today = day_of(now)
    newest = SegmentSize.objects.filter(segment=OuterRef("pk")).order_by("-day").values("day")[:1]
    known = Segment.objects.order_by().annotate(last=Subquery(newest))
    if segments is not None:
        known = known.filter(pk__in=segments)
    last = dict(known.values_list("pk", "last"))
    since = {pk: min(day, today) for pk, day in last.items() if day is not None}
    new = [pk for pk, day in last.items() if day is None]
    _write(_told(list(since), min(since.values(), default=today), today), since, today)
    if new:
        first = _first_day(new, today)
        _write(_told(new, first, today), dict.fromkeys(new, first), today)


def day_of(moment: datetime.datetime) -> datetime.date:
    return moment.astimezone(timezone.get_default_timezone()).date()


def start_of(day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(), timezone.get_default_timezone())


def _due(now: datetime.datetime) -> bool:
    from wagtail_journeys.events import turns

    return turns.take("sizes", datetime.timedelta(seconds=INTERVAL), now)


def _first_day(segments: Sequence[int], today: datetime.date) -> datetime.date:
    first = Membership.objects.filter(segment__in=segments).aggregate(first=Min("entered_at"))["first"]
    return min(day_of(first), today) if first else today


@dataclass
class Told:
    members: dict[int, int]  # by segment, now
    entered: dict[tuple[int, datetime.date], int]
    left: dict[tuple[int, datetime.date], int]


def _told(segments: Sequence[int], since: datetime.date, today: datetime.date) -> Told:
    stays = Membership.objects.filter(segment__in=segments).order_by()
    inside = stays.filter(left_at__isnull=True).values_list("segment").annotate(number=Count("pk"))
    return Told(
        dict(inside) if segments else {},
        _per_day(stays, "entered_at", since),
        _per_day(stays, "left_at", since),
    )


def _per_day(
    stays: QuerySet[Membership], column: str, since: datetime.date
) -> dict[tuple[int, datetime.date], int]:
    found = (
        stays.filter(**{f"{column}__gte": start_of(since)})
        .annotate(day=TruncDate(column, tzinfo=timezone.get_default_timezone()))
        .values_list("segment", "day")
        .annotate(number=Count("pk"))
    )
    return {(segment, day): number for segment, day, number in found}


def _write(told: Told, since: dict[int, datetime.date], today: datetime.date) -> None:
    """From today's size back in time: a day earlier there were those who left since more, and who entered fewer."""
    rows = []
    for segment, first in since.items():
        members, day = told.members.get(segment, 0), today
        while day >= first:
            entered, left = told.entered.get((segment, day), 0), told.left.get((segment, day), 0)
            rows.append((segment, day, max(0, members), entered, left))
            members += left - entered
            day -= datetime.timedelta(days=1)
    db.insert_rows(
        SegmentSize,
        ["segment", "day", "members", "entered", "left"],
        rows,
        on_conflict='(segment_id, day) DO UPDATE SET members = excluded.members, entered = excluded.entered, "left" = excluded."left"',
        returning=(),
    )


def with_members(segments: QuerySet[Segment]) -> QuerySet[Segment]:
    """Segments with ``members``: how many contacts belong. Counted up to 20,000; above, as of the last look."""
    stay, segment = Membership._meta.db_table, Segment._meta.db_table
    counted = RawSQL(  # noqa: S611 names of tables
        f'(SELECT count(*) FROM (SELECT 1 FROM "{stay}" stay WHERE stay.segment_id = "{segment}"."id" '  # noqa: S608
        "AND stay.left_at IS NULL LIMIT %s) few)",
        [COUNTED],
        output_field=IntegerField(),
    )
    newest = SegmentSize.objects.filter(segment=OuterRef("pk")).order_by("-day").values("members")[:1]
    return segments.alias(looked=Subquery(newest)).annotate(
        members=Case(When(looked__gt=COUNTED, then=F("looked")), default=counted)
    )


@dataclass(frozen=True)
class Day:
    day: datetime.date
    members: int
    entered: int
    left: int


def growth(segment: int, until: datetime.date, days: int) -> list[Day]:
    """One entry per day up to ``until``, days without a row filled in. Empty where nothing is known."""
    first = until - datetime.timedelta(days=days - 1)
    rows = SegmentSize.objects.filter(segment=segment, day__lte=until).order_by("-day")[: days + 1]
    return filled(list(rows), first, until)


def filled(rows: Iterable[SegmentSize], first: datetime.date, until: datetime.date) -> list[Day]:
    by_day = {row.day: row for row in rows}
    if not by_day:
        return []
    day, found = max(first, min(by_day)), []
    members = max(((row.day, row.members) for row in by_day.values() if row.day <= day), default=(day, 0))[1]
    while day <= until:
        row = by_day.get(day)
        members = row.members if row else members
        found.append(Day(day, members, row.entered if row else 0, row.left if row else 0))
        day += datetime.timedelta(days=1)
    return found


def newest_by_segment(segments: Collection[int], until: datetime.date, days: int) -> dict[int, list[Day]]:
    """``growth`` of many segments in one statement."""
    first = until - datetime.timedelta(days=days - 1)
    rows: dict[int, list[SegmentSize]] = defaultdict(list)
    for row in SegmentSize.objects.filter(segment__in=segments, day__gte=first, day__lte=until):
        rows[row.segment_id].append(row)
    return {pk: filled(rows[pk], first, until) for pk in segments}
