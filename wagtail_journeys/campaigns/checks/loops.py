"""The campaign does not start itself."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _t

from wagtail_journeys.campaigns.triggers import registry as triggers_registry

from . import registry
from .base import Check, Draft, Finding, warning


@registry.register
class Loops(Check):
    key = "loops"

    def findings(self, draft: Draft) -> Iterator[Finding]:
        trigger = draft.trigger
        try:
            starting = triggers_registry[trigger["type"]].events(trigger["value"]) if trigger else frozenset()
        except Exception:  # noqa: BLE001  a host site's own trigger may stumble over unfinished values in any way
            starting = frozenset()
        for step in draft.steps:
            own = draft.campaign.pk and step.params.get("campaign") == draft.campaign.pk
            if step.step.key == "start_campaign" and own:
                yield warning(
                    _t("The step starts this very campaign. It is cut after ten times."), "steps", step.id
                )
            elif step.step.key == "record_event" and step.params.get("event") in starting:
                yield warning(
                    _t("The step records the event that starts this campaign. It is cut after ten times."),
                    "steps",
                    step.id,
                )
