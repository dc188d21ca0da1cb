"""Start another campaign for the contact, or end the contact's journeys in it."""

from __future__ import annotations

import datetime
from typing import Any

from django.apps import apps
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.snippets.blocks import SnippetChooserBlock

from wagtail_journeys.campaigns.outcomes import Advance, EndCampaign, Outcome, RecordEvent
from wagtail_journeys.events import catalogue

from . import registry
from .base import LOGIC, Group, Params, Step


def campaigns() -> Any:
    """All campaigns. Steps stand below the models that hold them, and know them by name."""
    return apps.get_model("wagtail_journeys", "Campaign")._default_manager


class OtherCampaign(Step):
    group = LOGIC

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [("campaign", SnippetChooserBlock("wagtail_journeys.Campaign", label=_("Campaign")))]

    def name(self, params: Params) -> str:
        if not params.get("campaign"):
            return "…"
        name = campaigns().filter(pk=params["campaign"]).values_list("name", flat=True).first()
        return name or _t("a deleted campaign")

    def problems(self, params: Params) -> list[str]:
        campaign = campaigns().filter(pk=params.get("campaign") or 0).first()
        return [] if campaign else [_t("Choose a campaign.")]

    def references(self, params: Params) -> dict[str, set[int]]:
        return {"campaign": {params["campaign"]}} if params.get("campaign") else {}


@registry.register
class StartCampaign(OtherCampaign):
    key = "start_campaign"
    label = _("Start another campaign")
    icon = "resubmit"

    def describe(self, params: Params) -> str:
        return _t("start the campaign “%s”") % self.name(params)

    def decide(self, group: Group, params: Params, now: datetime.datetime) -> dict[int, Outcome]:
        effect = RecordEvent(catalogue.ENROL, {"campaign": params["campaign"]})
        return {position.journey: Advance(effects=(effect,)) for position in group.positions}

    def problems(self, params: Params) -> list[str]:
        found = super().problems(params)
        campaign = campaigns().filter(pk=params.get("campaign") or 0).first()
        if campaign is not None and not campaign.live:
            found.append(_t("The campaign “%s” is not live. Publish it first.") % campaign)
        return found


@registry.register
class EndOtherCampaign(OtherCampaign):
    key = "end_campaign"
    label = _("End another campaign")
    icon = "cross"

    def describe(self, params: Params) -> str:
        return _t("end the campaign “%s” for this contact") % self.name(params)

    def decide(self, group: Group, params: Params, now: datetime.datetime) -> dict[int, Outcome]:
        effect = EndCampaign(params["campaign"])
        return {position.journey: Advance(effects=(effect,)) for position in group.positions}
