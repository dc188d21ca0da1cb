"""Claimed journeys in memory, and what one batch did with them."""

from __future__ import annotations

import datetime
from collections import defaultdict
from dataclasses import dataclass, field
from typing import ClassVar

from wagtail_journeys.segments.membership import Change


@dataclass(slots=True)
class Traveller:
    """A claimed journey, in memory until its new position is written."""

    id: int
    campaign: int
    version: int
    contact: int
    step: str
    visit: int | None
    arrived_at: datetime.datetime
    entered_at: datetime.datetime
    entry_event: int | None
    attempts: int
    holdout: bool
    chain: int
    skips: bool = False
    run_key: str = ""
    due_at: datetime.datetime | None = None
    state: str = "active"
    ended_at: datetime.datetime | None = None
    end_reason: str = ""

    #: The columns that it is made of, in the order of the fields. No model instance: those of a big batch cost as
    #: much as everything else that is done with it.
    COLUMNS: ClassVar[tuple[str, ...]] = (
        "pk",
        "campaign_id",
        "version_id",
        "contact_id",
        "step_id",
        "visit_id",
        "arrived_at",
        "entered_at",
        "entry_event_id",
        "attempts",
        "holdout",
        "chain",
        "skips",
        "run_key",
    )

    def __post_init__(self) -> None:
        self.arrived_at = self.arrived_at or self.entered_at

    def end(self, state: str, reason: str, now: datetime.datetime) -> None:
        self.state, self.end_reason, self.ended_at, self.due_at = state, reason[:200], now, None


@dataclass
class Moved:
    """What one batch did. ``fields`` are contact fields that steps changed, with the contacts; ``changes`` are stays on
    lists that steps began or ended; ``chains`` how many campaigns led to the journey of each contact.
    """

    journeys: int = 0
    changes: list[Change] = field(default_factory=list)
    chains: dict[int, int] = field(default_factory=dict)
    fields: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    ended: list[Traveller] = field(default_factory=list)
    messages: int = 0
