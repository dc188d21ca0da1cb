"""The journeys of those who were let in."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from wagtail_journeys import db
from wagtail_journeys.journeys import telling
from wagtail_journeys.journeys.candidates import Candidate
from wagtail_journeys.journeys.models import Journey, Refusal


@dataclass(frozen=True)
class Begun:
    """A journey that has begun, by the event with this id, if it was one."""

    id: int
    campaign: int
    contact: int
    event: int | None


def begin(entering: list[Candidate], now: datetime.datetime) -> list[Begun]:
    """Write their journeys, and tell of them; those that the database refuses (E4) are left out."""
    rows: list[tuple[Any, ...]] = []
    for candidate in entering:
        campaign = candidate.campaign
        rows.append(
            (
                campaign.id,
                campaign.version,
                candidate.contact,
                _entry_key(candidate),
                candidate.event,
                None if campaign.may_overlap else candidate.run_key,
                Journey.State.ACTIVE.value if campaign.start else Journey.State.COMPLETED.value,
                campaign.start or "",
                now,
                now if campaign.start else None,
                0,
                now,
                None if campaign.start else now,
                "",
                candidate.note[:200],
                False,
                candidate.chain,
                candidate.run_key,
                {},
            )
        )
    begun = db.insert_rows(
        Journey,
        [
            "campaign",
            "version",
            "contact",
            "entry_key",
            "entry_event_id",
            "active_key",
            "state",
            "step_id",
            "arrived_at",
            "due_at",
            "attempts",
            "entered_at",
            "ended_at",
            "end_reason",
            "note",
            "holdout",
            "chain",
            "run_key",
            "data",
        ],
        rows,
        ignore_conflicts=True,
        returning=["id", "campaign", "contact", "entry_key"],
    )
    by_key = {(c.campaign.id, c.contact, _entry_key(c)): c for c in entering}
    made = [
        (journey, by_key[(campaign, contact, entry_key)]) for journey, campaign, contact, entry_key in begun
    ]
    there = {id(candidate) for _journey, candidate in made}
    for candidate in entering:
        if id(candidate) not in there:  # somebody else was quicker
            candidate.refused = str(Refusal.Reason.ACTIVE)
    _tell(made, now)
    return [Begun(journey, c.campaign.id, c.contact, c.event) for journey, c in made]


def _tell(made: Sequence[tuple[int, Candidate]], now: datetime.datetime) -> None:
    """The journeys begun, and those of campaigns without steps ended at once. A statement for each."""
    names = {candidate.campaign.id: candidate.campaign.name for _journey, candidate in made}
    told, over = [], []
    for journey, candidate in made:
        campaign = candidate.campaign
        about = telling.Of(journey, campaign.id, campaign.version, candidate.contact, candidate.chain)
        told.append(about)
        if not campaign.start:
            over.append(replace(about, outcome=Journey.State.COMPLETED.value))
    telling.entered(told, now, names)
    telling.ended(over, now, names)


def _entry_key(candidate: Candidate) -> str:
    if candidate.campaign.frequency != "once":
        return candidate.key
    return f"once:{candidate.run_key}" if candidate.run_key else "once"
