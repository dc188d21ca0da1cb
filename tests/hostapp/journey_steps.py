from __future__ import annotations

import datetime

from wagtail import blocks

from wagtail_journeys.campaigns.outcomes import Advance, ChangeContact, Outcome, WaitUntil
from wagtail_journeys.campaigns.steps import registry
from wagtail_journeys.campaigns.steps.base import Group, Params, Position, SimpleStep


@registry.register
class Greet(SimpleStep):
    """A site's own step, one journey at a time. It cannot greet people without a first name."""

    key = "hostapp_greet"
    label = "Greet"
    icon = "user"

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [("word", blocks.CharBlock(default="Hello", label="Word"))]

    def describe(self, params: Params) -> str:
        return f"say {params['word']}"

    def run(self, position: Position, group: Group, params: Params, now: datetime.datetime) -> Outcome:
        name = group.contacts[position.contact].first_name
        if not name:
            raise ValueError("nobody to greet")
        return Advance(effects=(ChangeContact("attributes.greeting", "set", f"{params['word']}, {name}"),))


@registry.register
class Pause(SimpleStep):
    """A wait of seconds, which editors have no use for and tests have."""

    key = "hostapp_pause"
    label = "Pause"
    icon = "time"

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [("seconds", blocks.IntegerBlock(default=1, min_value=0, label="Seconds"))]

    def describe(self, params: Params) -> str:
        return f"pause {params['seconds']} seconds"

    def run(self, position: Position, group: Group, params: Params, now: datetime.datetime) -> Outcome:
        moment = position.arrived_at + datetime.timedelta(seconds=params["seconds"])
        return Advance() if moment <= now else WaitUntil(moment)
