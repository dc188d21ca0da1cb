"""Who might enter which campaign: by an event, by entering a segment, or by a pending entry that is looked at again."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from wagtail_journeys.campaigns import versions
from wagtail_journeys.campaigns.triggers import registry
from wagtail_journeys.campaigns.versions import LiveCampaign
from wagtail_journeys.events import catalogue
from wagtail_journeys.events.log import Recorded
from wagtail_journeys.events.places import Places
from wagtail_journeys.journeys.models import PendingEntry
from wagtail_journeys.segments import compiler
from wagtail_journeys.segments.membership import Change
from wagtail_journeys.segments.models import Membership

#: How the key of an entry begins that entering a segment has led to; behind it stands the stay.
ENTERED = "membership:"


@dataclass(slots=True)
class Candidate:
    """A contact that something might let into a campaign: an event, a segment entered, a date, somebody who adds it, or a
    pending entry. ``refused`` is the reason, once it has been decided against."""

    campaign: LiveCampaign
    contact: int
    key: str
    happened_at: datetime.datetime
    event: int | None = None
    deadline: datetime.datetime | None = None  # until when an event that came too early is kept (E3)
    pending: PendingEntry | None = None
    held: bool = False  # by an event that may start nothing, as nobody has declared it
    chain: int = 0  # how many campaigns, each started by the one before, have led here (S7)
    run_key: str = ""  # what frequency and concurrency count by (E6)
    until: datetime.datetime | None = None  # after that it is too late (T3)
    note: str = ""  # for the timeline
    refused: str = ""


def from_events(campaigns: list[LiveCampaign], events: Sequence[Recorded]) -> list[Candidate]:
    """Campaigns by event name, then the trigger's own look at each event: no statement per campaign or event.

    Only who is added by name hears that a campaign lets nobody in: nothing else is collected meanwhile (E5).
    """
    admitting = [campaign for campaign in campaigns if campaign.admits]
    return _enrolled(campaigns, events) + _heard(admitting, events)


def _enrolled(campaigns: list[LiveCampaign], events: Sequence[Recorded]) -> list[Candidate]:
    """Contacts that somebody, or another campaign, has added: into that campaign, whatever its trigger."""
    by_id = {campaign.id: campaign for campaign in campaigns}
    return [
        _candidate(by_id[event.properties["campaign"]], event)
        for event in events
        if event.name == catalogue.ENROL
        and event.source == catalogue.ENGINE
        and event.contact_id
        and event.properties.get("campaign") in by_id
    ]


def chains(events: Sequence[Recorded]) -> dict[int, int]:
    """How many campaigns have led to what the engine tells of a contact: segments that follow from it carry it on."""
    found: dict[int, int] = {}
    for event in events:
        if event.contact_id and event.source == catalogue.ENGINE:
            found[event.contact_id] = max(_chain(event) - 1, found.get(event.contact_id, 0))
    return found


def _chain(event: Recorded) -> int:
    chain = event.properties.get(catalogue.CHAIN) if event.source == catalogue.ENGINE else 0
    return chain if isinstance(chain, int) else 0


def _candidate(campaign: LiveCampaign, event: Recorded) -> Candidate:
    return Candidate(
        campaign,
        event.contact_id or 0,
        f"event:{event.id}",
        event.occurred_at,
        event=event.id,
        deadline=event.received_at + datetime.timedelta(minutes=campaign.matching_window),
        held=event.held,
        chain=_chain(event),
        run_key=run_key_of(campaign, event.properties),
    )


def run_key_of(campaign: LiveCampaign, properties: Mapping[str, Any]) -> str:
    """The value of the property that the campaign counts by; "" where it counts by none, or the event has none."""
    value = properties.get(campaign.run_key) if campaign.run_key else None
    return "" if value is None or isinstance(value, dict | list) else str(value)[:90]


def _heard(campaigns: list[LiveCampaign], events: Sequence[Recorded]) -> list[Candidate]:
    listening: dict[str, list[LiveCampaign]] = defaultdict(list)
    for campaign in campaigns:
        for name in registry[campaign.trigger].events(campaign.params):
            listening[name].append(campaign)
    heard = [event for event in events if event.contact_id and event.name in listening]
    if not heard:
        return []
    named = {
        page for group in listening.values() for c in group for page in registry[c.trigger].pages(c.params)
    }
    places = Places(named | {event.page_id for event in heard if event.page_id} if named else ())
    found = []
    for event in heard:
        for campaign in listening[event.name]:
            if event.contact_id and registry[campaign.trigger].matches(campaign.params, event, places):
                found.append(_candidate(campaign, event))
    return found


def from_changes(
    campaigns: list[LiveCampaign], changes: Sequence[Change], chains: Mapping[int, int]
) -> list[Candidate]:
    """``chains`` says, for contacts that a campaign has just changed, how many campaigns have led to that.

    Who enters or leaves a segment without matching the filters has a second chance, as with an event (E3).
    """
    listening: dict[tuple[int, bool], list[LiveCampaign]] = defaultdict(list)
    for campaign in campaigns:
        trigger = registry[campaign.trigger]
        for segment in trigger.segments(campaign.params):
            listening[(segment, True)].append(campaign)
        for segment in trigger.segments_left(campaign.params):
            listening[(segment, False)].append(campaign)
    return [
        Candidate(
            campaign,
            change.contact,
            f"{ENTERED}{change.membership}" if change.entered else f"left:{change.membership}",
            change.at,
            deadline=change.at + datetime.timedelta(minutes=campaign.matching_window),
            chain=chains.get(change.contact, -1) + 1,
        )
        for change in changes
        for campaign in listening.get((change.segment, change.entered), ())
    ]


def from_pending(
    campaigns: list[LiveCampaign], touched: set[int], now: datetime.datetime, *, deadlines: bool
) -> list[Candidate]:
    rows = PendingEntry.objects.filter(state=PendingEntry.State.WAITING)
    if deadlines:
        rows = rows.filter(deadline__lte=now).order_by("deadline")[:1000]
    elif touched:
        rows = rows.filter(compiler.among(touched, "contact_id"), deadline__gt=now)
    else:
        return []
    by_id = {campaign.id: campaign for campaign in campaigns}
    found = []
    waiting = list(rows)
    gone = _moved_on(waiting)
    for row in waiting:
        campaign = by_id.get(row.campaign_id)
        if campaign is not None:
            found.append(
                Candidate(
                    campaign,
                    row.contact_id,
                    row.entry_key or f"event:{row.event_id}",
                    row.created_at,
                    row.event_id,
                    row.deadline,
                    row,
                    run_key=row.run_key,
                )
            )
    if deadlines:
        # Their campaign is not live any more: nothing will ever decide them.
        _give_up(
            [row.pk for row in waiting if row.campaign_id not in by_id],
            _("the campaign is not live any more"),
            now,
        )
    if gone:
        _give_up([row.pk for row in waiting if row.pk in gone], _("it was in the segment no longer"), now)
        found = [candidate for candidate in found if candidate.pending and candidate.pending.pk not in gone]
    return found


def _moved_on(waiting: list[PendingEntry]) -> set[int]:
    """Those that wait for having entered a segment which they have left again. One statement, if there are such."""
    stays = {row.pk: row.entry_key.partition(":")[2] for row in waiting if row.entry_key.startswith(ENTERED)}
    if not stays:
        return set()
    inside = Membership.objects.filter(compiler.among([int(stay) for stay in stays.values()]))
    still = set(inside.filter(left_at__isnull=True).values_list("pk", flat=True))
    return {row for row, stay in stays.items() if int(stay) not in still}


def _give_up(rows: list[int], reason: str, now: datetime.datetime) -> None:
    PendingEntry.objects.filter(pk__in=rows).update(
        state=PendingEntry.State.GAVE_UP, decided_at=now, reason=reason
    )


def adoptable(events: Sequence[Recorded], now: datetime.datetime) -> list[Recorded]:
    """Those of a visitor's earlier events that may still start something now that the visitor is known (E3)."""
    windows: dict[str, int] = {}
    for campaign in versions.admitting() if events else ():
        for name in registry[campaign.trigger].events(campaign.params):
            windows[name] = max(windows.get(name, 0), campaign.matching_window)
    return [
        event
        for event in events
        if event.name in windows and event.received_at + datetime.timedelta(minutes=windows[event.name]) > now
    ]
