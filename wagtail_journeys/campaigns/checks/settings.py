"""Frequency, dates and time zone make sense together."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator

from django.utils import formats, timezone
from django.utils.translation import gettext as _t

from wagtail_journeys.campaigns.models import Campaign

from . import registry
from .base import Check, Draft, Finding, error, warning


@registry.register
class Settings(Check):
    key = "settings"
    blocks = True

    def findings(self, draft: Draft) -> Iterator[Finding]:
        campaign = draft.campaign
        if campaign.frequency == Campaign.Frequency.INTERVAL and not campaign.interval:
            yield error(_t("Say how long the interval is: a number greater than 0."), "interval")
        if campaign.time_zone and campaign.time_zone not in zoneinfo.available_timezones():
            yield error(
                _t("There is no time zone “%s”. Example: Europe/Amsterdam.") % campaign.time_zone, "time_zone"
            )
        starts, ends = campaign.starts_at, campaign.ends_at
        if starts and ends and ends <= starts:
            yield error(_t("The end must be after the start."), "ends_at")
        elif ends and ends <= draft.now:
            day = formats.date_format(timezone.localtime(ends), "SHORT_DATETIME_FORMAT")
            yield warning(
                _t("The campaign ended on %s: nobody can enter it any more. Choose a later end.") % day,
                "ends_at",
            )
