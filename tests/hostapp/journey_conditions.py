from __future__ import annotations

import datetime
from typing import Any

from wagtail import blocks

from wagtail_journeys.campaigns.conditions import JourneyCondition, registry
from wagtail_journeys.campaigns.steps import Group


@registry.register
class EnteredOnWeekday(JourneyCondition):
    """The day of the week on which the journey began."""

    key = "hostapp_entered_on"
    label = "Entered on a weekday"

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [("weekday", blocks.IntegerBlock(min_value=1, max_value=7, label="Day, 1 is Monday"))]

    def matching(self, group: Group, params: dict[str, Any], now: datetime.datetime) -> set[int]:
        return {
            position.journey
            for position in group.positions
            if position.entered_at.isoweekday() == params["weekday"]
        }

    def describe(self, params: dict[str, Any]) -> str:
        return f"entered on day {params['weekday']} of the week"
