"""Wait until the contact matches conditions, for so long at most."""

from __future__ import annotations

import datetime
from typing import Any

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.campaigns import asking
from wagtail_journeys.campaigns.clock import in_words
from wagtail_journeys.campaigns.conditions.blocks import JourneyRulesBlock
from wagtail_journeys.campaigns.outcomes import Outcome
from wagtail_journeys.segments.blocks import MATCH_CHOICES
from wagtail_journeys.segments.conditions import Mentions

from . import registry, waiting
from .base import TIMING, Group, Params, Step


@registry.register
class WaitCondition(Step):
    key = "wait_condition"
    waits = True
    label = _("Wait until the contact matches")
    icon = "user"
    group = TIMING
    arms = waiting.ARMS
    awaits = _("the contact to match")

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "match",
                blocks.ChoiceBlock(choices=MATCH_CHOICES, default="all", label=_("The contact matches")),
            ),
            (
                "conditions",
                JourneyRulesBlock(
                    label=_("Conditions"), help_text=_("Who matches already on arrival goes on at once.")
                ),
            ),
            *waiting.limit_fields(),
        ]

    def describe(self, params: Params) -> str:
        condition = asking.describe(params.get("match") or "all", params.get("conditions") or []) or "…"
        return _t("wait until %(condition)s, at most %(length)s") % {
            "condition": condition,
            "length": in_words(params["amount"], params["unit"]),
        }

    def decide(self, group: Group, params: Params, now: datetime.datetime) -> dict[int, Outcome]:
        matching = group.matching(params["match"], params["conditions"], now)
        by_clock = asking.mentions(params["conditions"]).clock
        return {
            position.journey: waiting.outcome(
                position.journey in matching, params, position, now, waiting.CLOCK_LOOK if by_clock else None
            )
            for position in group.positions
        }

    def problems(self, params: Params) -> list[str]:
        return [] if params.get("conditions") else [_t("Say what to wait for: add a condition.")]

    def references(self, params: Params) -> dict[str, set[int]]:
        return {"segment": set(asking.mentions(params.get("conditions") or []).segments)}

    def asks(self, params: Params) -> tuple[str, list[dict[str, Any]]]:
        return params["match"], params["conditions"]

    def mentions(self, params: Params) -> Mentions:
        return asking.mentions(params["conditions"])
