"""Dates to wait for are still to come, and waits have an end that can be expected."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from django.utils import formats
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _t

from wagtail_journeys.campaigns.clock import UNITS, later, zone_of

from . import registry
from .base import Check, Draft, Finding, warning

LONG = datetime.timedelta(days=366)


@registry.register
class Dates(Check):
    key = "dates"

    def findings(self, draft: Draft) -> Iterator[Finding]:
        for step in draft.steps:
            if step.step.key == "wait_date":
                until = parse_datetime(step.params.get("until") or "")
                if until is not None and until <= draft.now:
                    day = formats.date_format(until.astimezone(zone_of()), "SHORT_DATETIME_FORMAT")
                    what = (
                        _t(
                            "The date to wait for, %s, is over: every contact leaves here. Choose a later one."
                        )
                        if step.params.get("past") == "exit"
                        else _t(
                            "The date to wait for, %s, is over: contacts go on at once. Choose a later one."
                        )
                    )
                    yield warning(what % day, "steps", step.id)
            amount, unit = step.params.get("amount"), step.params.get("unit")
            if "timed_out" in step.step.arms and not amount:
                yield warning(
                    _t("“%s” has no end: contacts may stay here for ever. Say how long at most.")
                    % step.quoted,
                    "steps",
                    step.id,
                )
            elif (
                isinstance(amount, int)
                and unit in UNITS
                and later(draft.now, amount, unit) - draft.now > LONG
            ):
                yield warning(
                    _t("“%s” is longer than a year. Is that meant?") % step.quoted, "steps", step.id
                )
