"""Who is, or was, in a segment: one page of stays at a time, and which other segments have the same people."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from .models import Membership, Segment

SHOWN = {
    "now": _("in the segment now"),
    "week": _("entered in the last 7 days"),
    "month": _("entered in the last 30 days"),
    "past": _("left"),
    "all": _("now or before"),
}
PAGE = 50
#: Members whose other segments are looked at; of a larger segment it is every n-th contact.
SAMPLE = 5000


def stays(segment: Segment, shown: str, search: str, now: datetime.datetime) -> QuerySet[Membership]:
    """The stays to show. ``search`` is the beginning of an address, a name or an external id."""
    found = Membership.objects.filter(segment=segment)
    if shown in ("now", "week", "month"):
        found = found.filter(left_at__isnull=True)
    if shown in ("week", "month"):
        found = found.filter(entered_at__gte=now - datetime.timedelta(days=7 if shown == "week" else 30))
    if shown == "past":
        found = found.filter(left_at__isnull=False)
    if search:
        found = found.filter(
            Q(contact__email__startswith=search.lower())
            | Q(contact__external_id__startswith=search)
            | Q(contact__first_name__istartswith=search)
            | Q(contact__last_name__istartswith=search)
        )
    return found


@dataclass(frozen=True)
class Page:
    stays: Sequence[Membership]
    older: str  # what to pass as ``before`` for the next page; "" on the last one


def page(found: QuerySet[Membership], before: str) -> Page:
    """The newest stays, or those older than ``before``. Costs the same however far back it is."""
    moment, _comma, key = before.partition(",")
    at = parse_datetime(moment) if moment else None
    if at is not None and key.isascii() and key.isdecimal() and len(key) < 19 and at.tzinfo:
        found = found.filter(Q(entered_at__lt=at) | Q(entered_at=at, pk__lt=int(key)), entered_at__lte=at)
    rows = list(found.select_related("contact").order_by("-entered_at", "-pk")[: PAGE + 1])
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return Page(rows[:PAGE], f"{last.entered_at.isoformat()},{last.pk}" if last else "")


@dataclass(frozen=True)
class Overlap:
    segment: Segment
    shared: int
    percent: int  # of the segment that is looked at


def overlaps(segment: Segment, size: int, most: int = 8) -> tuple[list[Overlap], bool]:
    """The live segments that share most members with this one, and whether that is an estimate. Three statements."""
    every = -(-size // SAMPLE) if size > SAMPLE else 1
    inside = Membership.objects.filter(segment=segment, left_at__isnull=True).order_by()
    if every > 1:
        inside = inside.annotate(part=F("contact_id") % every).filter(part=0)
    looked = inside.count()
    if not looked:
        return [], False
    mine = inside.filter(contact=OuterRef("contact"))
    shared = (
        Membership.objects.filter(Exists(mine), left_at__isnull=True, segment__live=True)
        .exclude(segment=segment)
        .order_by()
        .values_list("segment")
        .annotate(number=Count("pk"))
        .order_by("-number", "segment")[:most]
    )
    numbers = dict(shared)
    others = Segment.objects.in_bulk(numbers)
    found = [
        Overlap(others[pk], min(size, number * every), round(100 * number / looked))
        for pk, number in numbers.items()
        if pk in others
    ]
    return found, every > 1
