"""Which events campaigns name, for the catalogue of events: in the trigger, the contact filters, and the steps."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.urls import reverse

from wagtail_journeys.events import catalogue
from wagtail_journeys.events.needs import Need, tell
from wagtail_journeys.segments.conditions import registry as conditions
from wagtail_journeys.segments.event_needs import names_in

from . import asking
from .conditions import registry as of_journeys
from .models import Campaign
from .triggers import registry as triggers


def connect() -> None:
    tell("campaign", needs)


def needs() -> Iterator[Need]:
    """One statement."""
    url_name = Campaign.snippet_viewset.get_url_name("edit")
    for campaign in Campaign.objects.order_by("name"):
        starting, others = names_of(campaign)
        url = reverse(url_name, args=[campaign.pk])
        for event in sorted(starting | others):
            yield Need(
                event, "campaign", campaign.pk, campaign.name, campaign.admits, url, starts=event in starting
            )


def doubts(now: datetime.datetime) -> dict[int, list[str]]:
    """What the events of live campaigns will hardly do, as sentences by campaign."""
    found: dict[int, list[str]] = defaultdict(list)
    for doubt in catalogue.absent(now):
        for need in doubt.needs:
            if need.kind == "campaign" and (need.starts or doubt.problem != "held"):
                found[need.pk].append(str(doubt))
    return found


def doubts_about(campaign: Campaign, now: datetime.datetime) -> list[str]:
    """The same for one campaign as it stands in the editor, live or not."""
    starting, others = names_of(campaign)
    return [str(doubt) for doubt in catalogue.doubts(starting | others, starting, now)]


def names_of(campaign: Campaign) -> tuple[set[str], set[str]]:
    """The events that start the campaign as it stands, and those that its filters and steps ask about."""
    trigger = campaign.raw_trigger
    starting: set[str] = set()
    if trigger:
        try:
            starting = {name for name in triggers[trigger["type"]].events(trigger["value"]) if name}
        except Exception:  # noqa: BLE001  a host site's own trigger may stumble over unfinished values in any way
            starting = set()
    return starting, names_in(campaign.raw_filters) | names_inside(campaign.raw_steps)


def names_inside(value: Any) -> set[str]:
    """The events named by conditions anywhere inside of steps: steps of a site's own have them where they like."""
    if isinstance(value, dict):
        return set().union(*map(names_inside, value.values()))
    if not isinstance(value, list):
        return set()
    if value and all(_is_rule(item) for item in value):
        return names_in(value, asking.KINDS)
    return set().union(*map(names_inside, value))


def _is_rule(item: Any) -> bool:
    if not isinstance(item, dict) or not isinstance(item.get("value"), dict):
        return False
    return item.get("type") == "group" or item.get("type") in conditions or item.get("type") in of_journeys
