"""Weekdays and hours to wait for come while contacts can be there."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from django.utils.translation import gettext as _t

from wagtail_journeys.campaigns.steps.wait_window import WaitWindow

from . import registry
from .base import Check, Draft, Finding, warning

SHORT = datetime.timedelta(minutes=15)


@registry.register
class Windows(Check):
    """A window that is hardly ever open holds everybody, or lets more go at once than a day can take."""

    key = "windows"

    def findings(self, draft: Draft) -> Iterator[Finding]:
        ends = draft.campaign.ends_at
        for step in draft.steps:
            if not isinstance(step.step, WaitWindow) or not step.params.get("weekdays"):
                continue
            try:
                first, last = (
                    datetime.datetime.combine(
                        draft.now.date(), datetime.time.fromisoformat(step.params[name])
                    )
                    for name in ("from_time", "to_time")
                )
                opens = step.step.opens(step.params, draft.now, draft.campaign.time_zone)
            except (KeyError, TypeError, ValueError):
                continue  # half filled in: said elsewhere
            if datetime.timedelta(0) < last - first < SHORT:
                yield warning(
                    _t("“%s” is open for less than a quarter of an hour. Is that meant?") % step.quoted,
                    "steps",
                    step.id,
                )
            if ends and draft.now < ends < opens:
                yield warning(
                    _t("“%s” opens for the first time after the campaign has ended.") % step.quoted,
                    "steps",
                    step.id,
                )
