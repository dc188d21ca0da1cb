"""Journeys that reach their goal, and journeys that something else ends: exit events, filters that no longer match (G1-G5)."""

from __future__ import annotations

import datetime
import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from wagtail_journeys import db
from wagtail_journeys.campaigns.triggers import registry
from wagtail_journeys.campaigns.versions import LiveCampaign
from wagtail_journeys.emails.models import Message
from wagtail_journeys.events.log import Recorded
from wagtail_journeys.events.places import Places
from wagtail_journeys.exceptions import JourneysError
from wagtail_journeys.journeys import endings, telling
from wagtail_journeys.journeys.beginning import Begun
from wagtail_journeys.journeys.models import Journey
from wagtail_journeys.segments import compiler
from wagtail_journeys.segments.conditions import Mentions
from wagtail_journeys.segments.membership import Change, Touched

logger = logging.getLogger(__name__)

#: How many journeys one look at the clock tests.
CHUNK = 2000


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that is a goal, or an exit, of a campaign has happened to a contact."""

    campaign: LiveCampaign
    contact: int
    at: datetime.datetime
    event: int | None
    goal: bool
    said: str = ""


def hits(
    campaigns: Iterable[LiveCampaign], events: Sequence[Recorded], changes: Sequence[Change]
) -> list[Hit]:
    """What among these events and changes is a goal or an exit. One statement for pages, if any is asked about."""
    by_name: dict[str, list[tuple[LiveCampaign, dict[str, Any], bool]]] = defaultdict(list)
    by_segment: dict[tuple[int, bool], list[tuple[LiveCampaign, dict[str, Any], bool]]] = defaultdict(list)
    pages: set[int] = set()
    for campaign in campaigns:
        facts = [(fact, False) for fact in campaign.exits]
        for fact, goal in ([(campaign.goal, True)] if campaign.goal else []) + facts:
            try:
                trigger, params = registry[fact["type"]], fact["params"]
                names, asked = trigger.events(params), trigger.pages(params)
                segments = {(segment, True) for segment in trigger.segments(params)}
                segments |= {(segment, False) for segment in trigger.segments_left(params)}
            except (JourneysError, KeyError, TypeError, ValueError):
                logger.exception("A goal or exit of campaign %s cannot be read; it is left out", campaign.id)
                continue
            pages |= asked
            for name in names:
                by_name[name].append((campaign, fact, goal))
            for change in segments:
                by_segment[change].append((campaign, fact, goal))
    heard = [event for event in events if event.contact_id and event.name in by_name]
    places = Places(pages | {e.page_id for e in heard if e.page_id} if pages else ())
    found = [
        Hit(campaign, event.contact_id or 0, event.occurred_at, event.id, goal, _said(fact))
        for event in heard
        for campaign, fact, goal in by_name[event.name]
        if registry[fact["type"]].matches(fact["params"], event, places)
    ]
    return found + [
        Hit(campaign, change.contact, change.at, None, goal, _said(fact))
        for change in changes
        for campaign, fact, goal in by_segment.get((change.segment, change.entered), ())
    ]


def _said(fact: dict[str, Any]) -> str:
    return registry[fact["type"]].describe(fact["params"])


def settle(found: Sequence[Hit], now: datetime.datetime, begun: Collection[Begun] | None = None) -> None:
    """Convert and end the journeys that these hits are about. With ``begun`` only those, by what came after their start.

    In the caller's transaction; a handful of statements, however many hits.
    """
    if not found:
        return
    started = {each.id: each.event for each in begun or ()}
    journeys = Journey.objects.filter(
        compiler.among({hit.contact for hit in found}, "contact_id"),
        campaign__in={hit.campaign.id for hit in found},
    ).filter(Q(state=Journey.State.ACTIVE) | Q(converted_at__isnull=True))
    if begun is not None:
        journeys = journeys.filter(compiler.among(started))
    rows: dict[tuple[int, int], list[Journey]] = defaultdict(list)
    for journey in journeys.order_by("-entered_at", "-pk"):
        rows[(journey.campaign_id, journey.contact_id)].append(journey)
    reached: dict[int, tuple[Journey, Hit]] = {}
    leaving: dict[str, set[int]] = defaultdict(set)
    for hit in sorted(found, key=lambda hit: (hit.at, hit.event or 0)):
        for journey in rows.get((hit.campaign.id, hit.contact), ()):
            if not hit.campaign.holds_for(journey.version_id) or not _counts(hit, journey):
                continue
            active = journey.state == Journey.State.ACTIVE
            if hit.goal:
                window = datetime.timedelta(days=hit.campaign.goal_window)
                if journey.converted_at or journey.pk in reached or hit.at > journey.entered_at + window:
                    continue
                reached[journey.pk] = (journey, hit)
                if hit.campaign.stop_on_goal and active:
                    leaving[_("reached the goal")].add(journey.pk)
                break  # one fact converts one journey: the newest
            if active:
                leaving[_("left: %s") % hit.said].add(journey.pk)
    _convert(reached, now)
    for reason, ids in leaving.items():
        endings.end(Journey.objects.filter(compiler.among(ids)), reason, now)


def _counts(hit: Hit, journey: Journey) -> bool:
    """Whether it happened after the journey began: by the order of the log where both are events, else by the clock."""
    if hit.event and journey.entry_event_id:
        return hit.event > journey.entry_event_id
    return hit.at >= journey.entered_at


def _convert(reached: dict[int, tuple[Journey, Hit]], now: datetime.datetime) -> None:
    if not reached:
        return
    last: dict[int, tuple[datetime.datetime, int]] = {}
    sent = Message.objects.filter(compiler.among(reached, "visit__journey_id"), marked_at__isnull=False)
    for message, marked_at, journey in sent.order_by().values_list("pk", "marked_at", "visit__journey_id"):
        if marked_at is not None and marked_at <= reached[journey][1].at:
            last[journey] = max(last.get(journey, (marked_at, message)), (marked_at, message))
    db.update_rows(
        Journey,
        "id",
        ["converted_at", "converted_message_id", "cut_at"],
        [
            # Also a journey that is over may have something queued.
            (
                pk,
                hit.at,
                last[pk][1] if pk in last else None,
                now if hit.campaign.stop_on_goal else journey.cut_at,
            )
            for pk, (journey, hit) in sorted(reached.items())
        ],
    )
    telling.converted(
        [
            (
                telling.Of(pk, journey.campaign_id, journey.version_id, journey.contact_id, journey.chain),
                hit.at,
            )
            for pk, (journey, hit) in reached.items()
        ],
        now,
    )


# --- filters that no longer match (G3) ---------------------------------------------------------------------------------


def leave(
    campaigns: Iterable[LiveCampaign], touched: Touched, changes: Sequence[Change], now: datetime.datetime
) -> None:
    """Journeys of contacts that do not match the filters of their campaign any more end, or will after the grace."""
    concerned: dict[int, set[int]] = defaultdict(set)
    watching = [campaign for campaign in campaigns if campaign.exit_unmatched]
    for campaign in watching:
        mentions = _mentions(campaign)
        contacts = touched.by(mentions)
        contacts |= {change.contact for change in changes if change.segment in mentions.segments}
        if contacts:
            concerned[campaign.id] |= contacts
    if concerned:
        everybody = set().union(*concerned.values())
        journeys = Journey.objects.filter(
            compiler.among(everybody, "contact_id"), campaign__in=concerned, state=Journey.State.ACTIVE
        )
        _test(watching, list(journeys), now)


def look(campaigns: Iterable[LiveCampaign], now: datetime.datetime) -> int:
    """The journeys whose grace is over; returns how many were looked at."""
    due = Journey.objects.filter(leave_at__lte=now, state=Journey.State.ACTIVE).order_by("leave_at")[:CHUNK]
    journeys = list(due)
    _test(list(campaigns), journeys, now)
    return len(journeys)


def _mentions(campaign: LiveCampaign) -> Mentions:
    trigger = registry[campaign.trigger]
    return compiler.mentions(campaign.rules) | Mentions(segments=trigger.segments(campaign.params))


def _test(watching: Sequence[LiveCampaign], journeys: Sequence[Journey], now: datetime.datetime) -> None:
    """One statement for all filters, one for those who leave later or not at all, and those of ``endings.end``."""
    if not journeys:
        return
    mine: dict[int, list[Journey]] = {}
    questions: dict[int, compiler.Question] = {}
    for number, campaign in enumerate(watching):
        mine[number] = [
            journey
            for journey in journeys
            if journey.campaign_id == campaign.id and campaign.holds_for(journey.version_id)
        ]
        inside = [
            {"type": "in_segment", "value": {"segment": segment, "mode": "in"}}
            for segment in registry[campaign.trigger].segments(campaign.params)
        ]
        group = {"type": "group", "value": {"match": campaign.match, "rules": campaign.rules}}
        contacts = {journey.contact_id for journey in mine[number]}
        if contacts:
            rules = [*inside, *([group] if campaign.rules else [])]
            questions[number] = compiler.Question("all", rules, contacts)
    answers = compiler.evaluate(questions, now, skip_broken=True)
    changed: list[tuple[int, datetime.datetime | None]] = []
    leaving: set[int] = set()
    for number, matching in answers.items():
        campaign = watching[number]
        for journey in mine[number]:
            if journey.contact_id in matching or not campaign.exit_unmatched:
                if journey.leave_at is not None:
                    changed.append((journey.pk, None))
                continue
            leave_at = journey.leave_at or now + datetime.timedelta(hours=campaign.exit_grace)
            if leave_at <= now:
                leaving.add(journey.pk)
            elif journey.leave_at is None:
                changed.append((journey.pk, leave_at))
    db.update_rows(Journey, "id", ["leave_at"], changed)
    if leaving:
        reason = _("does not match the filters any more")
        endings.end(Journey.objects.filter(compiler.among(leaving)), reason, now)
