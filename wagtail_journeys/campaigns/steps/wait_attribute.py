"""Wait until a date that the contact has as an attribute, or some time before or after it."""

from __future__ import annotations

import datetime
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.campaigns.clock import UNITS, at_local_time, in_words, later, zone_of
from wagtail_journeys.campaigns.outcomes import Advance, Exit, Outcome, WaitUntil
from wagtail_journeys.segments.conditions import Mentions

from . import registry
from .base import TIMING, Group, Params, Step
from .wait_date import GO_ON_OR_EXIT

SIDES = {"before": _("before"), "after": _("after")}


def moment_of(value: Any, at: datetime.time, *zones: str) -> datetime.datetime | None:
    """The moment that an attribute names: a date at the time of day ``at`` in the zone, or a date and time.

    A time without an offset is one on the contact's clock. None for anything else.
    """
    if not isinstance(value, str):
        return None
    zone = zone_of(*zones)
    try:
        day = parse_date(value.strip())
        if day is not None:
            return at_local_time(day, at, zone)
        moment = parse_datetime(value.strip())
        if moment is None:
            return None
        if moment.tzinfo is None:
            return at_local_time(moment.date(), moment.time(), zone)
        return moment.astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        return None


@registry.register
class WaitAttribute(Step):
    key = "wait_attribute"
    waits = True
    label = _("Wait for a contact's date")
    icon = "user"
    group = TIMING

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            ("amount", blocks.IntegerBlock(default=0, min_value=0, max_value=10_000, label=_("Until"))),
            ("unit", blocks.ChoiceBlock(choices=list(UNITS.items()), default="days", label=_("Unit"))),
            ("side", blocks.ChoiceBlock(choices=list(SIDES.items()), default="before", label=_("Side"))),
            (
                "attribute",
                blocks.CharBlock(
                    max_length=100,
                    label=_("Attribute"),
                    help_text=_("A date of the contact's own, for example renewal_date."),
                ),
            ),
            (
                "at",
                blocks.TimeBlock(
                    default=datetime.time(9), label=_("At"), help_text=_("For dates without a time of day.")
                ),
            ),
            (
                "past",
                blocks.ChoiceBlock(
                    choices=GO_ON_OR_EXIT, default="go_on", label=_("When it is over already")
                ),
            ),
            (
                "missing",
                blocks.ChoiceBlock(choices=GO_ON_OR_EXIT, default="exit", label=_("When there is no date")),
            ),
        ]

    def describe(self, params: Params) -> str:
        name = params.get("attribute") or "…"
        if not params.get("amount"):
            return _t("wait until “%s”") % name
        words = {"length": in_words(params["amount"], params["unit"]), "name": name}
        if params.get("side") == "after":
            return _t("wait until %(length)s after “%(name)s”") % words
        return _t("wait until %(length)s before “%(name)s”") % words

    def moment(self, params: Params, value: Any, *zones: str) -> datetime.datetime | None:
        """When the wait is over; days and weeks keep the time on the clock. None where ``value`` is no date."""
        at = datetime.time.fromisoformat(params.get("at") or "09:00:00")
        moment = moment_of(value, at, *zones)
        amount = -params["amount"] if params.get("side") == "before" else params["amount"]
        if moment is None or not amount:
            return moment
        try:
            if params["unit"] not in ("days", "weeks"):
                return later(moment, amount, params["unit"])
            local = moment.astimezone(zone_of(*zones))
            day = local.date() + datetime.timedelta(**{params["unit"]: amount})
            return at_local_time(day, local.time(), zone_of(*zones))
        except OverflowError:
            return None

    def decide(self, group: Group, params: Params, now: datetime.datetime) -> dict[int, Outcome]:
        decided: dict[int, Outcome] = {}
        for position in group.positions:
            contact = group.contacts[position.contact]
            value = contact.attributes.get(params["attribute"])
            moment = self.moment(params, value, contact.time_zone, group.zone)
            if moment is None:
                gone = _t("“%s” is not a date") % params["attribute"]
                leave = params.get("missing") != "go_on"
                decided[position.journey] = Exit(gone) if leave else Advance(skipped=gone)
            elif moment > now:
                decided[position.journey] = WaitUntil(moment)
            elif moment < position.arrived_at and params.get("past") == "exit":
                decided[position.journey] = Exit(_t("“%s” was over") % params["attribute"])
            else:
                decided[position.journey] = Advance()
        return decided

    def problems(self, params: Params) -> list[str]:
        return [] if params.get("attribute") else [_t("Say which attribute holds the date.")]

    def mentions(self, params: Params) -> Mentions:
        return Mentions(fields=frozenset({f"attributes.{params['attribute']}", "time_zone"}))
