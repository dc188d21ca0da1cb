"""Wait for a delivery window: the next of chosen weekdays and hours on the contact's own clock."""

from __future__ import annotations

import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.forms import CheckboxSelectMultiple
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.campaigns.clock import at_local_time, zone_of
from wagtail_journeys.campaigns.outcomes import Advance, Outcome, WaitUntil

from . import registry
from .base import TIMING, Group, Params, Step

DAY = datetime.timedelta(days=1)


class WindowBlock(blocks.StructBlock):
    def clean(self, value: Any) -> Any:
        cleaned = super().clean(value)
        if self.is_deferred_validation:
            return cleaned
        first, last = cleaned.get("from_time"), cleaned.get("to_time")
        if first and last and first == last:
            raise blocks.StructBlockValidationError(
                block_errors={"to_time": ValidationError(_("The end must differ from the beginning."))}
            )
        return cleaned


@registry.register
class WaitWindow(Step):
    key = "wait_window"
    waits = True
    holds = True
    label = _("Wait for weekdays and hours")
    icon = "calendar-alt"
    group = TIMING

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "weekdays",
                blocks.MultipleChoiceBlock(
                    choices=[(str(number), name) for number, name in WEEKDAYS.items()],
                    default=["0", "1", "2", "3", "4"],
                    widget=CheckboxSelectMultiple,
                    label=_("On"),
                ),
            ),
            ("from_time", blocks.TimeBlock(default=datetime.time(9), label=_("From"))),
            (
                "to_time",
                blocks.TimeBlock(
                    default=datetime.time(17),
                    label=_("Until"),
                    help_text=_(
                        "On the contact's own clock. Earlier than the beginning: until then on the next day."
                    ),
                ),
            ),
        ]

    def block(self, arms: Any = ()) -> blocks.StructBlock:
        return WindowBlock(
            self.fields(),
            label=self.label,
            icon=self.icon,
            group=self.group,
            form_classname="struct-block wj-row wj-step",
            label_format="{from_time} – {to_time}",
        )

    def describe(self, params: Params) -> str:
        days = sorted(int(day) for day in params.get("weekdays") or [])
        if days == [0, 1, 2, 3, 4]:
            when = _t("a working day")
        elif len(days) == 7:
            when = _t("any day")
        else:
            when = ", ".join(str(WEEKDAYS[day]) for day in days) or "…"
        return _t("wait for %(days)s between %(first)s and %(last)s") % {
            "days": when,
            "first": (params.get("from_time") or "…")[:5],
            "last": (params.get("to_time") or "…")[:5],
        }

    def opens(self, params: Params, now: datetime.datetime, *zones: str) -> datetime.datetime:
        """``now`` where the window is open, or else when it opens next."""
        zone = zone_of(*zones)
        days = {int(day) for day in params["weekdays"]}
        first = datetime.time.fromisoformat(params["from_time"])
        last = datetime.time.fromisoformat(params["to_time"])
        today = now.astimezone(zone).date()
        # From yesterday, whose window may reach into today, to the same day of next week.
        for ahead in range(-1, 9):
            day = today + DAY * ahead
            if day.weekday() not in days:
                continue
            opening = at_local_time(day, first, zone)
            closing = at_local_time(day + DAY if last <= first else day, last, zone)
            if now < closing and opening < closing:
                return max(opening, now)
        raise ValueError("no weekday is chosen")

    def decide(self, group: Group, params: Params, now: datetime.datetime) -> dict[int, Outcome]:
        decided: dict[int, Outcome] = {}
        for position in group.positions:
            zone = group.contacts[position.contact].time_zone
            moment = self.opens(params, now, zone, group.zone)
            decided[position.journey] = Advance() if moment <= now else WaitUntil(moment)
        return decided

    def problems(self, params: Params) -> list[str]:
        return [] if params.get("weekdays") else [_t("Choose at least one weekday.")]
