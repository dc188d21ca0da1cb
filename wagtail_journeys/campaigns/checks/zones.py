"""How many contacts have a time zone that nobody knows (semantics T1), where a step goes by their clock."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import ngettext

from wagtail_journeys.campaigns.clock import zone_of
from wagtail_journeys.contacts.models import Contact

from . import registry
from .base import Check, Draft, Finding, Placed, hint


@registry.register
class Zones(Check):
    key = "zones"

    def findings(self, draft: Draft) -> Iterator[Finding]:
        if not any(map(_by_their_clock, draft.steps)):
            return
        unknown = Contact.objects.filter(time_zone="", attributes__has_key="time_zone_given").count()
        if unknown:
            yield hint(
                ngettext(
                    "%(number)d contact has a time zone that is not known; for it the clock of %(zone)s counts.",
                    "%(number)d contacts have a time zone that is not known; for them the clock of %(zone)s counts.",
                    unknown,
                )
                % {"number": unknown, "zone": zone_of(draft.campaign.time_zone).key},
                "time_zone",
            )


def _by_their_clock(step: Placed) -> bool:
    params = step.params
    return (
        step.step.key in ("wait_window", "wait_attribute")
        or bool(params.get("at"))
        or params.get("clock") == "contact"
    )
