"""Everything about one journey: why it began, where it is and what holds it there, and every decision so far."""

from __future__ import annotations

import datetime
import zoneinfo
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model, QuerySet
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _t

from wagtail_journeys.calls.models import Call
from wagtail_journeys.campaigns import asking, versions
from wagtail_journeys.campaigns import words as naming
from wagtail_journeys.campaigns.clock import zone_of
from wagtail_journeys.campaigns.steps import Group, Position
from wagtail_journeys.campaigns.steps import registry as steps
from wagtail_journeys.campaigns.triggers import registry as triggers
from wagtail_journeys.emails.models import Message, Notice
from wagtail_journeys.events import catalogue
from wagtail_journeys.events.models import Event
from wagtail_journeys.exceptions import JourneysError
from wagtail_journeys.journeys.models import Intervention, Journey, PendingEntry, Refusal, Visit
from wagtail_journeys.reporting import stories
from wagtail_journeys.reporting.sentences import (
    StepWords,
    Titles,
    event_sentence,
    sentence,
    words_of,
)
from wagtail_journeys.reporting.standing import Standing, moment, refusals, told, with_errors
from wagtail_journeys.reporting.stories import Told
from wagtail_journeys.segments import explain
from wagtail_journeys.segments.explain import Answer

#: What may go wrong with the words of a step, a trigger or a goal that was written by a site.
UNREADABLE = (JourneysError, KeyError, TypeError, ValueError)


@dataclass(frozen=True)
class Passage:
    """One line of the story: a step that was passed, or what somebody did by hand (``step`` is then None)."""

    at: datetime.datetime
    told: Told
    version: int | None = None
    left_at: datetime.datetime | None = None
    #: What the step sent, and what became of that.
    sent: list[Told] = field(default_factory=list)


@dataclass(frozen=True)
class Goal:
    """What the campaign is for, and how far this journey is from it."""

    text: str
    state: str
    answer: Answer | None = None


@dataclass(frozen=True)
class Story:
    journey: Journey
    standing: Standing
    entry: str
    #: The due time on other clocks: (whose, when).
    clocks: list[tuple[str, str]]
    #: What holds it where it is: conditions, or a sentence.
    blocking: Answer | None
    missing: str
    goal: Goal | None
    #: The filters that the contact does not match any more, where it will have to leave for that.
    leaving: Answer | None
    passages: list[Passage]
    refusals: list[Refusal]
    pending: list[Told]


def journeys() -> QuerySet[Journey]:
    return with_errors(Journey.objects.all()).select_related("campaign", "contact", "version")


def story(journey: Journey, now: datetime.datetime) -> Story:
    """The story of a journey out of ``journeys()``. Some fifteen statements, and those that explain conditions."""
    (standing,) = told([journey], now)
    graph = versions.graph(journey.version_id)
    active = journey.state == Journey.State.ACTIVE
    blocking, missing = _blocking(journey, graph, now) if active else (None, "")
    return Story(
        journey=journey,
        standing=standing,
        entry=_entry(journey, graph),
        clocks=_clocks(journey, graph) if active else [],
        blocking=blocking,
        missing=missing,
        goal=_goal(journey, graph, now),
        leaving=_leaving(journey, graph, now) if active and journey.leave_at else None,
        passages=_passages(journey),
        refusals=refusals(journey.contact_id, journey.campaign_id),
        pending=[
            stories.pending(row, stories.Words(Titles()))
            for row in PendingEntry.objects.filter(
                contact_id=journey.contact_id, campaign_id=journey.campaign_id
            )
            .select_related("campaign")
            .order_by("-created_at")[:20]
        ],
    )


# Why it began ---------------------------------------------------------------------------------------------------------


def _entry(journey: Journey, graph: dict[str, Any]) -> str:
    """ "Downloaded a document: “Guide” (2 Mar 2026, 10:00 CET)." """
    if journey.entry_event_id:
        event = Event.objects.filter(pk=journey.entry_event_id).first()
        if event is None:
            return _t("An event that has been deleted since.")
        at = date_format(localtime(event.occurred_at), "j M Y, H:i T")
        if event.name == catalogue.ENROL and event.properties.get("by_campaign"):
            return _t("Added by another campaign (%s).") % at
        said = event_sentence(event, Titles.of([event])).rstrip(".")
        return f"{said} ({at})."
    if journey.note:  # somebody added it
        return sentence(journey.note)
    trigger = graph.get("trigger")
    try:
        words = triggers[trigger["type"]].describe(trigger["params"]) if trigger else ""
    except UNREADABLE:
        words = ""
    return sentence(words) or _t("It is not known any more.")


# What holds it --------------------------------------------------------------------------------------------------------


def _clocks(journey: Journey, graph: dict[str, Any]) -> list[tuple[str, str]]:
    """The due time on the site's clock and on the contact's, where these differ."""
    if not journey.due_at:
        return []
    site, own = zone_of(), zone_of(journey.contact.time_zone, graph.get("zone") or "")
    found = [(_t("the site's clock"), _on(site, journey.due_at))]
    if own.key != site.key:
        found.append((_t("the contact's clock"), _on(own, journey.due_at)))
    return found


def _on(zone: zoneinfo.ZoneInfo, at: datetime.datetime) -> str:
    return f"{date_format(at.astimezone(zone), 'D j M Y, H:i T')} ({zone.key})"


def _blocking(journey: Journey, graph: dict[str, Any], now: datetime.datetime) -> tuple[Answer | None, str]:
    node = graph["nodes"].get(journey.step_id)
    if node is None:
        return None, ""
    arrived = journey.arrived_at or journey.entered_at
    position = Position(
        journey.pk, journey.contact_id, arrived, journey.entered_at, journey.entry_event_id, journey.attempts
    )
    try:
        step = steps[node["type"]]
        asked, missing = step.asks(node["params"]), step.missing(node["params"], position)
    except UNREADABLE:
        return None, ""
    if not asked or not asked[1]:
        return None, missing
    group = Group(journey.campaign_id, journey.step_id, [position], graph.get("zone") or "")
    with naming.known(graph["nodes"]):
        return asking.explain(*asked, group, now), missing


def _leaving(journey: Journey, graph: dict[str, Any], now: datetime.datetime) -> Answer | None:
    filters = graph.get("filters") or {}
    if not filters.get("rules"):
        return None
    return explain.explain(filters.get("match") or "all", filters["rules"], journey.contact, now)


def _goal(journey: Journey, graph: dict[str, Any], now: datetime.datetime) -> Goal | None:
    goal = graph.get("goal")
    if not goal:
        return None
    try:
        trigger = triggers[goal["type"]]
        text, entering = trigger.describe(goal["params"]), trigger.segments(goal["params"])
    except UNREADABLE:
        return None
    end = journey.entered_at + datetime.timedelta(days=graph.get("goal_window") or 30)
    if journey.converted_at:
        return Goal(text, _t("Reached on %s.") % moment(journey.converted_at))
    if end <= now:
        return Goal(text, _t("Not reached within its time, which was over on %s.") % moment(end))
    rules = [{"type": "in_segment", "value": {"segment": pk, "mode": "in"}} for pk in sorted(entering)]
    answer = explain.explain("any", rules, journey.contact, now) if rules else None
    return Goal(text, _t("Not reached yet; it counts until %s.") % moment(end), answer)


# Every decision -------------------------------------------------------------------------------------------------------


def _passages(journey: Journey) -> list[Passage]:
    """What was passed, and done by hand, in order. Five statements, and one for words not seen lately."""
    visits = list(
        Visit.objects.filter(journey=journey).select_related("version").defer("version__graph").order_by("pk")
    )
    ids = [visit.pk for visit in visits]
    sent: dict[int, list[Told]] = {}
    for model, tell in ((Message, stories.message), (Call, stories.call), (Notice, stories.notice)):
        for row in _of_visits(model, ids):
            sent.setdefault(row.visit_id, []).append(tell(row, stories.Words(Titles())))
    by_hand = list(
        Intervention.objects.filter(journey=journey).select_related("version").defer("version__graph")
    )
    rows: list[Any] = [*visits, *by_hand]
    words = words_of(row.version_id for row in rows)
    gone = StepWords(_t("a step that is gone"), "warning")
    found = [
        Passage(
            visit.arrived_at,
            _visit(visit, words.get(visit.version_id, {}).get(visit.step_id, gone), journey),
            visit.version.number,
            visit.left_at,
            sent.get(visit.pk, []),
        )
        for visit in visits
    ]
    for row in by_hand:
        step = words.get(row.version_id, {}).get(row.step_id, gone)
        found.append(Passage(row.at, stories.by_hand_words(row, step), row.version.number))
    return sorted(found, key=lambda passage: passage.at)


def _of_visits(model: type[Model], ids: list[int]) -> QuerySet[Any]:
    rows = model._default_manager.filter(visit__in=ids).order_by("pk")
    if model is Message:
        return rows.select_related("template", "campaign").defer("context", "campaign__steps")
    return rows.defer("body", "headers", "response") if model is Call else rows


def _visit(visit: Visit, step: StepWords, journey: Journey) -> Told:
    """The decision at one step, in words: what it was, and why."""
    if not visit.outcome:
        here = journey.state == Journey.State.ACTIVE and visit.left_at is None
        said = _t("is here now") if here else _t("was here when the journey ended")
    else:
        said = str(visit.get_outcome_display())
        if visit.arm:
            said = f"{said} → {step.arms.get(visit.arm, visit.arm)}"
    tone = stories.BAD if visit.outcome == Visit.Outcome.FAILED else stories.QUIET
    return Told(f"{step.text}: {said}", sentence(visit.reason), tone=tone, icon=step.icon)
