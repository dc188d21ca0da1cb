"""Split: contacts are divided over arms by percentage, always the same contact the same way."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.campaigns.arms import STEPS, label_of
from wagtail_journeys.campaigns.lots import arm_at, position_of
from wagtail_journeys.campaigns.outcomes import Advance, Outcome

from . import registry
from .base import LOGIC, Group, Params, Step


class SplitBlock(blocks.StructBlock):
    def clean(self, value: Any) -> Any:
        cleaned = super().clean(value)
        if self.is_deferred_validation:
            return cleaned
        total = sum(arm["weight"] or 0 for arm in cleaned["arms"])
        if total != 100:
            raise blocks.StructBlockValidationError(
                non_block_errors=[
                    ValidationError(
                        _("The percentages add up to %(total)s, not to 100."), params={"total": total}
                    )
                ]
            )
        return cleaned


@registry.register
class Split(Step):
    key = "split"
    label = _("Split by percentage")
    icon = "decimal"
    group = LOGIC
    arm_list = "arms"

    def arm_fields(self, stream: Callable[[Any], blocks.StreamBlock]) -> list[tuple[str, blocks.Block]]:
        arm = blocks.StructBlock(
            [
                ("label", blocks.CharBlock(max_length=60, label=_("Name of the arm"))),
                (
                    "weight",
                    blocks.IntegerBlock(default=50, min_value=0, max_value=100, label=_("Percentage")),
                ),
                (
                    "holdout",
                    blocks.BooleanBlock(
                        required=False,
                        label=_("Control group"),
                        help_text=_(
                            "From here on these contacts get no messages of this journey; they are counted."
                        ),
                    ),
                ),
                (STEPS, stream(_("Steps"))),
            ],
            label=_("Arm"),
            label_format="{label}: {weight} %",
        )
        return [
            ("arms", blocks.ListBlock(arm, min_num=2, max_num=8, label=_("Arms"))),
            (
                "salt",
                blocks.CharBlock(
                    required=False,
                    max_length=40,
                    label=_("Draw again"),
                    help_text=_(
                        "A contact always takes the same arm. Another word here divides everybody anew."
                    ),
                ),
            ),
        ]

    def block(self, arms: Any = ()) -> blocks.StructBlock:
        return SplitBlock(
            list(arms),
            label=self.label,
            icon=self.icon,
            group=self.group,
            form_classname="struct-block wj-step",
        )

    def describe(self, params: Params) -> str:
        parts = [
            f"{label_of(item, number)} {item['value'].get('weight') or 0} %"
            for number, item in enumerate(params.get("arms") or [], 1)
        ]
        return _t("split: %s") % (", ".join(parts) or "…")

    def decide(self, group: Group, params: Params, now: datetime.datetime) -> dict[int, Outcome]:
        weights = [(item["id"], item["value"]["weight"]) for item in params["arms"]]
        control = {item["id"] for item in params["arms"] if item["value"].get("holdout")}
        decided: dict[int, Outcome] = {}
        for position in group.positions:
            uuid = str(group.contacts[position.contact].uuid)
            arm = arm_at(position_of(uuid, group.step_id, params.get("salt") or ""), weights)
            decided[position.journey] = Advance(arm=arm, holdout=arm in control)
        return decided

    def problems(self, params: Params) -> list[str]:
        weights = [item["value"].get("weight") or 0 for item in params.get("arms") or []]
        if len(weights) < 2:
            return [_t("A split needs two arms at least.")]
        return [] if sum(weights) == 100 else [_t("The percentages add up to %d, not to 100.") % sum(weights)]
