"""Exit: leave the campaign here."""

from __future__ import annotations

import datetime

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.campaigns.outcomes import Exit as ExitOutcome
from wagtail_journeys.campaigns.outcomes import Outcome

from . import registry
from .base import LOGIC, Group, Params, Step


@registry.register
class Exit(Step):
    key = "exit"
    label = _("Exit")
    icon = "circle-xmark"
    group = LOGIC
    ends = True

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "reason",
                blocks.CharBlock(
                    required=False, max_length=150, label=_("Reason"), help_text=_("For the timeline.")
                ),
            )
        ]

    def describe(self, params: Params) -> str:
        return _t("exit: %s") % params["reason"] if params.get("reason") else _t("exit")

    def decide(self, group: Group, params: Params, now: datetime.datetime) -> dict[int, Outcome]:
        outcome = ExitOutcome(params.get("reason") or _t("exit step"))
        return {position.journey: outcome for position in group.positions}
