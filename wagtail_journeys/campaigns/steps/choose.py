"""Choose: several arms in order, each with conditions; a contact takes the first that fits, or else the last arm."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from wagtail import blocks

from wagtail_journeys.campaigns import asking
from wagtail_journeys.campaigns.arms import STEPS
from wagtail_journeys.campaigns.conditions.blocks import JourneyRulesBlock
from wagtail_journeys.campaigns.outcomes import Advance, Outcome
from wagtail_journeys.segments.blocks import MATCH_CHOICES

from . import registry
from .base import LOGIC, Group, Params, Step

OTHERWISE = "otherwise"


@registry.register
class Choose(Step):
    key = "choose"
    label = _("Choose")
    icon = "list-ul"
    group = LOGIC
    arms = {OTHERWISE: _("Otherwise")}
    arm_list = "arms"

    def arm_fields(self, stream: Callable[[Any], blocks.StreamBlock]) -> list[tuple[str, blocks.Block]]:
        arm = blocks.StructBlock(
            [
                ("label", blocks.CharBlock(max_length=60, label=_("Name of the arm"))),
                (
                    "match",
                    blocks.ChoiceBlock(choices=MATCH_CHOICES, default="all", label=_("The contact matches")),
                ),
                ("conditions", JourneyRulesBlock(label=_("Conditions"))),
                (STEPS, stream(_("Steps"))),
            ],
            label=_("Arm"),
            label_format="{label}",
        )
        return [
            (
                "arms",
                blocks.ListBlock(
                    arm,
                    min_num=1,
                    max_num=8,
                    label=_("Arms"),
                    help_text=_("Each contact takes the first arm whose conditions it matches."),
                ),
            ),
            *super().arm_fields(stream),
        ]

    def describe(self, params: Params) -> str:
        names = [item["value"].get("label") or "…" for item in params.get("arms") or []]
        return _t("choose: %s") % ", ".join(names or ["…"])

    def decide(self, group: Group, params: Params, now: datetime.datetime) -> dict[int, Outcome]:
        questions = {
            item["id"]: (item["value"]["match"], item["value"]["conditions"]) for item in params["arms"]
        }
        answers = asking.evaluate(questions, group, now)
        return {
            position.journey: Advance(
                arm=next((arm for arm in questions if position.journey in answers[arm]), OTHERWISE)
            )
            for position in group.positions
        }

    def problems(self, params: Params) -> list[str]:
        arms = params.get("arms") or []
        empty = sum(not item["value"].get("conditions") for item in arms)
        if not arms:
            return [_t("A “Choose” step has no arms.")]
        if empty:
            return [ngettext("%d arm has no conditions.", "%d arms have no conditions.", empty) % empty]
        return []

    def references(self, params: Params) -> dict[str, set[int]]:
        rules = [rule for item in params.get("arms") or [] for rule in item["value"].get("conditions") or []]
        return {"segment": set(asking.mentions(rules).segments)}
