"""What the steps share that wait for something to happen: the longest wait, and when to look again."""

from __future__ import annotations

import datetime

from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.campaigns.clock import UNITS, later
from wagtail_journeys.campaigns.outcomes import Advance, Outcome, WaitUntil

from .base import Params, Position

ARMS = {"happened": _("It happened"), "timed_out": _("Not in time")}

#: What is being processed at the moment of arrival is not seen yet: the step looks once more after so long.
SECOND_LOOK = datetime.timedelta(seconds=10)
#: How often conditions are asked again whose answer the clock alone can change.
CLOCK_LOOK = datetime.timedelta(minutes=1)


def limit_fields() -> list[tuple[str, blocks.Block]]:
    return [
        ("amount", blocks.IntegerBlock(default=3, min_value=1, max_value=10_000, label=_("At most"))),
        ("unit", blocks.ChoiceBlock(choices=list(UNITS.items()), default="days", label=_("Unit"))),
    ]


def limit(params: Params, position: Position) -> datetime.datetime:
    """Until when a journey waits here at most."""
    return later(position.arrived_at, params["amount"], params["unit"])


def outcome(
    happened: bool,
    params: Params,
    position: Position,
    now: datetime.datetime,
    every: datetime.timedelta | None = None,
) -> Outcome:
    """On by one of the two arms, or wait. Something that happens wakes the journey up; ``every`` asks by the clock."""
    if happened:
        return Advance(arm="happened")
    end = limit(params, position)
    if end <= now:
        return Advance(arm="timed_out")
    second = position.arrived_at + SECOND_LOOK
    again = second if now < second else now + every if every else end
    return WaitUntil(min(again, end))
