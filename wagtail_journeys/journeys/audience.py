"""What a change of a segment means for the campaigns that use it: told before the segment is published."""

from __future__ import annotations

from django.db.models import QuerySet
from django.urls import reverse

from wagtail_journeys.campaigns import usage, versions
from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.campaigns.triggers import registry
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.segments.publishing import OnCampaigns, Start

from .models import Journey


def on_campaigns(
    segment: int,
    entering: QuerySet[Contact],
    leaving: QuerySet[Contact],
    count_entering: int,
    count_leaving: int,
) -> OnCampaigns:
    """How many who enter or leave are on their way in a live campaign that uses the segment, and what starts by it."""
    campaigns = usage.in_use("segment", [segment])[segment]
    contacts = 0
    if campaigns:
        inside = Journey.objects.filter(campaign__in=campaigns, state=Journey.State.ACTIVE)
        for moving in (entering, leaving):
            contacts += (
                inside.filter(contact__in=moving.order_by().values("pk")).values("contact").distinct().count()
            )
    starts = []
    for campaign in versions.admitting():
        trigger = registry[campaign.trigger]
        url = reverse(Campaign.snippet_viewset.get_url_name("edit"), args=[campaign.id])
        if count_entering and segment in trigger.segments(campaign.params):
            starts.append(Start(campaign.name, url, entering=True, contacts=count_entering))
        if count_leaving and segment in trigger.segments_left(campaign.params):
            starts.append(Start(campaign.name, url, entering=False, contacts=count_leaving))
    return OnCampaigns(contacts, starts)
