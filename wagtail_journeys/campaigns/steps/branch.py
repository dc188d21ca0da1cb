"""If: the contact matches conditions, or not; both arms meet again at the next step."""

from __future__ import annotations

import datetime

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.campaigns import asking
from wagtail_journeys.campaigns.conditions.blocks import JourneyRulesBlock
from wagtail_journeys.campaigns.outcomes import Advance, Outcome
from wagtail_journeys.segments.blocks import MATCH_CHOICES

from . import registry
from .base import LOGIC, Group, Params, Step


@registry.register
class Branch(Step):
    key = "branch"
    label = _("If")
    icon = "help"
    group = LOGIC
    arms = {"yes": _("Yes"), "no": _("No")}

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "match",
                blocks.ChoiceBlock(choices=MATCH_CHOICES, default="all", label=_("The contact matches")),
            ),
            ("conditions", JourneyRulesBlock(label=_("Conditions"), help_text=_("One line per condition."))),
        ]

    def describe(self, params: Params) -> str:
        return _t("if %s") % (
            asking.describe(params.get("match") or "all", params.get("conditions") or []) or "…"
        )

    def decide(self, group: Group, params: Params, now: datetime.datetime) -> dict[int, Outcome]:
        matching = group.matching(params["match"], params["conditions"], now)
        return {p.journey: Advance(arm="yes" if p.journey in matching else "no") for p in group.positions}

    def problems(self, params: Params) -> list[str]:
        return [] if params.get("conditions") else [_t("An “If” step has no conditions.")]

    def references(self, params: Params) -> dict[str, set[int]]:
        return {"segment": set(asking.mentions(params.get("conditions") or []).segments)}
