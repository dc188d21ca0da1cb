"""Contacts can enter: limits leave room, and it is clear which campaign of a group goes first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _t

from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.campaigns.triggers import registry as triggers_registry

from . import registry
from .base import Check, Draft, Finding, warning


@registry.register
class Entries(Check):
    key = "entries"

    def findings(self, draft: Draft) -> Iterator[Finding]:
        campaign = draft.campaign
        yield from self._caps(campaign)
        if campaign.run_key and draft.trigger and not _has_event(draft.trigger):
            yield warning(
                _t("Counting separately for each “%s” needs an event as trigger; this one has no properties.")
                % campaign.run_key,
                "run_key",
            )
        if campaign.exclusive_group:
            same = Campaign.objects.filter(
                live=True, exclusive_group=campaign.exclusive_group, priority=campaign.priority
            ).exclude(pk=campaign.pk)
            for other in same.order_by("name"):
                yield warning(
                    _t(
                        "“%(other)s” is in the group “%(group)s” too and has the same priority: the older one goes first."
                    )
                    % {"other": other, "group": campaign.exclusive_group},
                    "priority",
                )

    def _caps(self, campaign: Campaign) -> Iterator[Finding]:
        nobody = _t("With a limit of 0 nobody can enter. Empty means without a limit.")
        if campaign.hourly_cap == 0:
            yield warning(nobody, "hourly_cap")
        if campaign.entry_cap == 0:
            yield warning(nobody, "entry_cap")
        elif campaign.entry_cap and campaign.pk:
            # Journeys are told about campaigns, not the other way round: reached by the name of their relation.
            Journey: Any = Campaign._meta.get_field("journeys").related_model
            entered = Journey.objects.filter(campaign=campaign.pk).count()
            if entered >= campaign.entry_cap:
                yield warning(
                    _t("The campaign is full: %(entered)d have entered, and %(cap)d may. Raise the limit.")
                    % {"entered": entered, "cap": campaign.entry_cap},
                    "entry_cap",
                )


def _has_event(trigger: dict[str, Any]) -> bool:
    try:
        return bool(triggers_registry[trigger["type"]].events(trigger["value"]))
    except Exception:  # noqa: BLE001  a host site's own trigger may stumble over unfinished values in any way
        return True
