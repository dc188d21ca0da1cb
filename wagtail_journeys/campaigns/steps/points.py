"""Points: give some or take some; a contact may have fewer than none."""

from __future__ import annotations

import datetime

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from wagtail import blocks

from wagtail_journeys.campaigns.outcomes import Advance, ChangeContact, Outcome

from . import registry
from .base import CONTACT, Group, Params, Step


@registry.register
class Points(Step):
    key = "points"
    label = _("Points")
    icon = "pick"
    group = CONTACT

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "change",
                blocks.IntegerBlock(
                    default=10,
                    min_value=-1_000_000,
                    max_value=1_000_000,
                    label=_("Points"),
                    help_text=_("A negative number takes points away."),
                ),
            )
        ]

    def describe(self, params: Params) -> str:
        number = params.get("change") or 0
        words: str = ngettext("%d point", "%d points", abs(number)) % abs(number)
        return _t("take away %s") % words if number < 0 else _t("give %s") % words

    def decide(self, group: Group, params: Params, now: datetime.datetime) -> dict[int, Outcome]:
        effect = ChangeContact("points", "increment", params["change"])
        return {position.journey: Advance(effects=(effect,)) for position in group.positions}

    def problems(self, params: Params) -> list[str]:
        return [] if params.get("change") else [_t("Say how many points.")]
