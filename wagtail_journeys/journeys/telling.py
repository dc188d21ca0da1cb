"""What journeys do, told as events: conditions of segments, triggers and goals hear of it like of anything that happens.

The ids of the events come from the journeys', so that nothing is told twice, and they pass through the inbox like any
other event. ``chain`` says how many campaigns, each started by the one before, have led to it (semantics S7).
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.events import catalogue, inbox
from wagtail_journeys.events.inbox import Incoming


@dataclass(frozen=True, slots=True)
class Of:
    """A journey, as far as its events speak of it; ``outcome`` and ``reason`` once it has ended."""

    journey: int
    campaign: int
    version: int
    contact: int
    chain: int
    outcome: str = ""
    reason: str = ""


def entered(journeys: Collection[Of], now: datetime.datetime, names: Mapping[int, str] | None = None) -> None:
    """Contacts entered campaigns. One statement, and one for the names of the campaigns unless they are given."""
    _tell(catalogue.JOURNEY_ENTERED, journeys, now, names)


def ended(journeys: Collection[Of], now: datetime.datetime, names: Mapping[int, str] | None = None) -> None:
    """Journeys completed, were left or failed. As many statements."""
    _tell(catalogue.JOURNEY_ENDED, journeys, now, names)


def converted(journeys: Collection[tuple[Of, datetime.datetime]], now: datetime.datetime) -> None:
    """Journeys reached their goal, each at its moment. As many statements."""
    moments = {journey.journey: at for journey, at in journeys}
    _tell(catalogue.JOURNEY_CONVERTED, [journey for journey, _at in journeys], now, None, moments)


def _tell(
    name: str,
    journeys: Collection[Of],
    now: datetime.datetime,
    names: Mapping[int, str] | None,
    moments: Mapping[int, datetime.datetime] | None = None,
) -> None:
    if not journeys:
        return
    if names is None:
        ids = {journey.campaign for journey in journeys}
        names = dict(Campaign.objects.filter(pk__in=ids).values_list("pk", "name"))
    inbox.accept_many(
        [
            Incoming(
                source=catalogue.ENGINE,
                name=name,
                message_id=_id_of(name, journey),
                occurred_at=moments[journey.journey] if moments else now,
                contact_id=journey.contact,
                properties=_properties(journey, names.get(journey.campaign, "")),
            )
            for journey in journeys
        ],
        now,
        wake=False,
    )


def _id_of(name: str, journey: Of) -> str:
    """A journey that failed and was tried again may end a second time, in another way."""
    return f"{name}:{journey.journey}:{journey.outcome}" if journey.outcome else f"{name}:{journey.journey}"


def _properties(journey: Of, campaign_name: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "journey": journey.journey,
        "campaign": journey.campaign,
        "campaign_name": campaign_name,
        "version": journey.version,
        catalogue.CHAIN: journey.chain + 1,
    }
    if journey.outcome:
        found |= {"outcome": journey.outcome, "reason": journey.reason}
    return found
