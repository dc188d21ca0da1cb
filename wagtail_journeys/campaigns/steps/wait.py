"""Wait for a duration: elapsed time, or days with a time of day in the contact's zone."""

from __future__ import annotations

import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from wagtail import blocks

from wagtail_journeys.campaigns.clock import UNITS, at_local_time, later, zone_of
from wagtail_journeys.campaigns.outcomes import Advance, Outcome, WaitUntil

from . import registry
from .base import TIMING, Group, Params, Step


class WaitBlock(blocks.StructBlock):
    def clean(self, value: Any) -> Any:
        cleaned = super().clean(value)
        if self.is_deferred_validation:
            return cleaned
        if cleaned.get("at") and cleaned.get("unit") not in ("days", "weeks"):
            raise blocks.StructBlockValidationError(
                block_errors={"at": ValidationError(_("A time of day goes with days or weeks only."))}
            )
        return cleaned


@registry.register
class Wait(Step):
    key = "wait"
    waits = True
    label = _("Wait")
    icon = "time"
    group = TIMING

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            ("amount", blocks.IntegerBlock(default=1, min_value=0, max_value=10_000, label=_("Amount"))),
            ("unit", blocks.ChoiceBlock(choices=list(UNITS.items()), default="days", label=_("Unit"))),
            (
                "at",
                blocks.TimeBlock(
                    required=False,
                    label=_("At"),
                    help_text=_(
                        "With days and weeks: the clock time in the contact's zone. Empty: exactly so many times 24 hours."
                    ),
                ),
            ),
        ]

    def block(self, arms: Any = ()) -> blocks.StructBlock:
        return WaitBlock(
            self.fields(),
            label=self.label,
            icon=self.icon,
            group=self.group,
            form_classname="struct-block wj-row wj-step",
            label_format="{amount} {unit} {at}",
        )

    def describe(self, params: Params) -> str:
        amount = params["amount"]
        sentence: str = {
            "minutes": ngettext("wait %d minute", "wait %d minutes", amount),
            "hours": ngettext("wait %d hour", "wait %d hours", amount),
            "days": ngettext("wait %d day", "wait %d days", amount),
            "weeks": ngettext("wait %d week", "wait %d weeks", amount),
        }[params["unit"]] % amount
        if params.get("at"):
            sentence += " " + _t("until %s") % params["at"][:5]
        return sentence

    def moment(self, params: Params, arrived: datetime.datetime, *zones: str) -> datetime.datetime:
        """When the wait is over for a contact that arrived then; ``zones`` are the contact's and the campaign's."""
        if not params.get("at"):
            return later(arrived, params["amount"], params["unit"])
        here = zone_of(*zones)
        day = arrived.astimezone(here).date() + datetime.timedelta(**{params["unit"]: params["amount"]})
        moment = at_local_time(day, datetime.time.fromisoformat(params["at"]), here)
        if moment < arrived:  # "0 days at 09:00" in the afternoon
            moment = at_local_time(
                day + datetime.timedelta(days=1), datetime.time.fromisoformat(params["at"]), here
            )
        return moment

    def decide(self, group: Group, params: Params, now: datetime.datetime) -> dict[int, Outcome]:
        decided: dict[int, Outcome] = {}
        for position in group.positions:
            zones = (group.contacts[position.contact].time_zone, group.zone) if params.get("at") else ()
            moment = self.moment(params, position.arrived_at, *zones)
            decided[position.journey] = Advance() if moment <= now else WaitUntil(moment)
        return decided
