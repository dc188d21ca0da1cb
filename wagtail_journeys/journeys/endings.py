"""Ends journeys from outside, many at a time: another campaign, a colleague, the end of the campaign."""

from __future__ import annotations

import datetime

from django.db.models import QuerySet

from wagtail_journeys import db
from wagtail_journeys.journeys import telling
from wagtail_journeys.journeys.models import Journey, Visit
from wagtail_journeys.segments import compiler

#: So many are held in memory.
LOT = 2_000


def end(journeys: QuerySet[Journey], reason: str, now: datetime.datetime) -> int:
    """Let the active ones of these journeys leave where they stand; returns how many. In the caller's transaction.

    Five statements for each lot of them. What they have queued is held back by the gate.
    """
    leaving = db.locked(journeys.filter(state=Journey.State.ACTIVE).order_by("pk"))
    left, last = 0, 0
    while True:
        rows = leaving.filter(pk__gt=last).values_list(
            "pk", "campaign_id", "version_id", "contact_id", "chain"
        )
        found = list(rows[:LOT])
        if not found:
            return left
        _end_lot(found, reason, now)
        left, last = left + len(found), found[-1][0]
        if len(found) < LOT:
            return left


def _end_lot(found: list[tuple[int, int, int, int, int]], reason: str, now: datetime.datetime) -> None:
    ids = [pk for pk, *_about in found]
    db.update_rows(
        Journey,
        "id",
        ["state", "ended_at", "end_reason", "due_at", "cut_at"],
        [(pk, Journey.State.EXITED.value, now, reason[:200], None, now) for pk in ids],
    )
    Visit.objects.filter(compiler.among(ids, "journey_id"), left_at__isnull=True).update(
        left_at=now, outcome=Visit.Outcome.EXITED, reason=reason[:500]
    )
    telling.ended([telling.Of(*row, Journey.State.EXITED.value, reason[:200]) for row in found], now)
