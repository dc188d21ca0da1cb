"""Wait until a fixed date and time."""

from __future__ import annotations

import datetime

from django.utils import formats
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.campaigns.clock import at_local_time, zone_of
from wagtail_journeys.campaigns.outcomes import Advance, Exit, Outcome, WaitUntil

from . import registry
from .base import TIMING, Group, Params, Step

#: What becomes of a contact for whom the moment is over already, or was never there.
GO_ON_OR_EXIT = [("go_on", _("go on at once")), ("exit", _("leave the campaign"))]


@registry.register
class WaitDate(Step):
    key = "wait_date"
    waits = True
    label = _("Wait until a date")
    icon = "date"
    group = TIMING

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            ("until", blocks.DateTimeBlock(label=_("Until"))),
            (
                "clock",
                blocks.ChoiceBlock(
                    choices=[
                        ("site", _("the same moment for everybody")),
                        ("contact", _("that time on each contact's own clock")),
                    ],
                    default="site",
                    label=_("Clock"),
                ),
            ),
            (
                "past",
                blocks.ChoiceBlock(
                    choices=GO_ON_OR_EXIT, default="go_on", label=_("When it is over already")
                ),
            ),
        ]

    def describe(self, params: Params) -> str:
        until = parse_datetime(params.get("until") or "")
        if until is None:
            return _t("wait until …")
        moment = formats.date_format(until.astimezone(zone_of()), "SHORT_DATETIME_FORMAT")
        if params.get("clock") == "contact":
            return _t("wait until %s on the contact's clock") % moment
        return _t("wait until %s") % moment

    def moment(self, params: Params, *zones: str) -> datetime.datetime:
        until = parse_datetime(params["until"])
        if until is None:
            raise ValueError(f"not a date and time: {params['until']!r}")
        if params.get("clock") != "contact":
            return until
        local = until.astimezone(zone_of())
        return at_local_time(local.date(), local.time(), zone_of(*zones))

    def decide(self, group: Group, params: Params, now: datetime.datetime) -> dict[int, Outcome]:
        own = params.get("clock") == "contact"
        decided: dict[int, Outcome] = {}
        for position in group.positions:
            zones = (group.contacts[position.contact].time_zone, group.zone) if own else ()
            moment = self.moment(params, *zones)
            if moment > now:
                decided[position.journey] = WaitUntil(moment)
            elif moment < position.arrived_at and params.get("past") == "exit":
                decided[position.journey] = Exit(_t("the date to wait for was over"))
            else:
                decided[position.journey] = Advance()
        return decided
