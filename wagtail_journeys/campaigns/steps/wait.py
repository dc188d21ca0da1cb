"""Wait for a duration: elapsed time, or days with a time of day in the contact's zone."""

from __future__ import annotations

import datetime
import zoneinfo
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from wagtail import blocks

from wagtail_journeys.campaigns.outcomes import Advance, Outcome, WaitUntil

from . import registry
from .base import TIMING, Group, Params, Step

UNITS = {"minutes": _("minutes"), "hours": _("hours"), "days": _("days"), "weeks": _("weeks")}


def zone_of(name: str) -> zoneinfo.ZoneInfo:
    """The zone called ``name``, or the site's where it is empty or unknown (semantics T1)."""
    for candidate in (name, settings.TIME_ZONE):
        if candidate:
            try:
                return zoneinfo.ZoneInfo(candidate)
            except (zoneinfo.ZoneInfoNotFoundError, ValueError):
                continue
    return zoneinfo.ZoneInfo("UTC")


def at_local_time(day: datetime.date, time: datetime.time, zone: zoneinfo.ZoneInfo) -> datetime.datetime:
    """The moment of a local clock time, in UTC.

    A time that the clock skips moves to the first one that exists; of a time that comes twice the first is taken
    (semantics T2).
    """
    local = datetime.datetime.combine(day, time, tzinfo=zone)
    moment = local.astimezone(datetime.UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return moment
    # In a gap the two folds lie on either side of the change; search it to the second.
    early = local.replace(fold=1).astimezone(datetime.UTC)
    late = local.replace(fold=0).astimezone(datetime.UTC)
    low, high = min(early, late), max(early, late)
    offset = low.astimezone(zone).utcoffset()
    while high - low > datetime.timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


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

    def moment(self, params: Params, arrived: datetime.datetime, zone: str) -> datetime.datetime:
        """When the wait is over for a contact in ``zone`` that arrived then."""
        length = datetime.timedelta(**{params["unit"]: params["amount"]})
        if not params.get("at"):
            return arrived + length
        here = zone_of(zone)
        day = arrived.astimezone(here).date() + length
        moment = at_local_time(day, datetime.time.fromisoformat(params["at"]), here)
        if moment < arrived:  # "0 days at 09:00" in the afternoon
            moment = at_local_time(
                day + datetime.timedelta(days=1), datetime.time.fromisoformat(params["at"]), here
            )
        return moment

    def decide(self, group: Group, params: Params, now: datetime.datetime) -> dict[int, Outcome]:
        decided: dict[int, Outcome] = {}
        for position in group.positions:
            zone = group.contacts[position.contact].time_zone if params.get("at") else ""
            moment = self.moment(params, position.arrived_at, zone)
            decided[position.journey] = Advance() if moment <= now else WaitUntil(moment)
        return decided
