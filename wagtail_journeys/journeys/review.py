"""What going live will mean, told before it is done (semantics P1): who and how many, when, with which consent."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count as CountRows
from django.db.models import Q
from django.db.models.functions import TruncHour
from wagtail.models import Locale

from wagtail_journeys.campaigns import timetable
from wagtail_journeys.campaigns.checks import Draft
from wagtail_journeys.campaigns.triggers import registry as triggers_registry
from wagtail_journeys.contacts import consent
from wagtail_journeys.contacts.models import Contact, Topic
from wagtail_journeys.emails.models import EmailTemplate
from wagtail_journeys.events.models import Event
from wagtail_journeys.exceptions import BadRules, TooSlow
from wagtail_journeys.journeys import edits
from wagtail_journeys.journeys.models import Journey
from wagtail_journeys.segments import compiler, counting
from wagtail_journeys.segments.conditions import filters
from wagtail_journeys.segments.conditions.language import name as language_name
from wagtail_journeys.segments.models import Membership
from wagtail_journeys.segments.sampling import Count, budget

HISTORY = datetime.timedelta(days=28)
#: Seconds that each of the numbers may take; the page waits for them.
SECONDS = 2.0


# --- Who -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Audience:
    """How many contacts match the filters now, and how many of these may get the topic; None: takes too long to count."""

    matching: Count | None
    may_get: int | None
    topic: Topic | None


def audience(draft: Draft) -> Audience:
    campaign, rules = draft.campaign, draft.raw["filters"]
    topic = campaign.topic
    try:
        matching = counting.count(campaign.filters_match, rules, draft.now)
    except BadRules:
        return Audience(None, None, topic)
    if topic is None:
        return Audience(matching, None, None)
    try:
        with budget(SECONDS):
            contacts = compiler.contacts_matching(campaign.filters_match, rules, draft.now)
            may_get = contacts.filter(consent.may_receive("pk", topic)).count()
    except TooSlow:
        return Audience(matching, None, topic)
    return Audience(matching, may_get, topic)


# --- How many ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Volume:
    """How often what starts the campaign happened in the last ``days``; ``number`` None: takes too long to count.

    ``known`` is False for triggers that no event and no segment tells of. ``busiest``: the most in one hour.
    """

    known: bool = True
    number: int | None = 0
    days: int = 0
    busiest: int = 0

    @property
    def an_hour(self) -> int:
        """Expected in the first hour, rounded up."""
        return -(-(self.number or 0) // max(1, self.days * 24))


def volume(draft: Draft) -> Volume:
    trigger = draft.trigger
    if trigger is None or trigger["type"] not in triggers_registry:
        return Volume(known=False)
    kind, params = triggers_registry[trigger["type"]], trigger["value"]
    since = draft.now - HISTORY
    try:
        events, entered, left = kind.events(params), kind.segments(params), kind.segments_left(params)
        asked = filters.named_q(params, draft.now) if kind.key == "event" else Q(name__in=events)
    except Exception:  # noqa: BLE001  a host site's own trigger may stumble over unfinished values in any way
        return Volume(known=False)
    happened: tuple[Any, str]
    if events:
        happened = Event.objects.filter(asked, occurred_at__gte=since), "occurred_at"
        first = Event.objects.order_by("pk").values_list("occurred_at", flat=True).first()
    elif entered or left:
        field = "entered_at" if entered else "left_at"
        moves = Membership.objects.filter(segment__in=entered or left, **{f"{field}__gte": since})
        happened = moves, field
        first = Membership.objects.order_by("pk").values_list("entered_at", flat=True).first()
    else:
        return Volume(known=False)
    rows, field = happened
    try:
        with budget(SECONDS):
            by_hour = (
                rows.order_by()
                .annotate(hour=TruncHour(field))
                .values_list("hour")
                .annotate(n=CountRows("pk"))
            )
            hours = dict(by_hour)
    except TooSlow:
        return Volume(number=None, days=HISTORY.days)
    # What was brought in later, with the times at which it happened, counts from then on.
    began = min([first or draft.now, *hours])
    days = max(1, min(HISTORY, draft.now - began).days)
    return Volume(number=sum(hours.values()), days=days, busiest=max(hours.values(), default=0))


# --- When ----------------------------------------------------------------------------------------------------------------


def zones() -> list[str]:
    """The zones of most contacts, filled up with examples. One statement."""
    found: list[str] = []
    try:
        with budget(SECONDS):
            rows = Contact.objects.exclude(time_zone="").order_by().values_list("time_zone")
            found = [
                zone
                for zone, _n in rows.annotate(n=CountRows("pk")).order_by("-n", "time_zone")[
                    : timetable.ZONES
                ]
            ]
    except TooSlow:
        pass
    return list(dict.fromkeys([*found, *timetable.EXAMPLES]))[: timetable.ZONES]


# --- In which languages ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Missing:
    """An email that is not there in a language of the site; ``contacts`` speak it (None: takes too long to count)."""

    template: str
    language: str
    contacts: int | None


def languages_missing(draft: Draft) -> list[Missing]:
    codes = list(Locale.objects.order_by("language_code").values_list("language_code", flat=True))
    if len(codes) < 2 or not draft.templates:
        return []
    keys = {template.translation_key: template for template in draft.templates.values()}
    there = set(
        EmailTemplate.objects.filter(translation_key__in=keys, live=True).values_list(
            "translation_key", "locale__language_code"
        )
    )
    missing = [(key, code) for key in keys for code in codes if (key, code) not in there]
    speakers = _speakers() if missing else None
    return [
        Missing(
            str(keys[key]),
            language_name(code),
            None if speakers is None else sum(n for spoken, n in speakers.items() if _speaks(spoken, code)),
        )
        for key, code in missing
    ]


def _speakers() -> Counter[str] | None:
    try:
        with budget(SECONDS):
            rows = (
                Contact.objects.exclude(locale="")
                .order_by()
                .values_list("locale")
                .annotate(n=CountRows("pk"))
            )
            return Counter(dict(rows))
    except TooSlow:
        return None


def _speaks(spoken: str, code: str) -> bool:
    spoken, code = spoken.lower().replace("_", "-"), code.lower()
    return spoken == code or spoken.startswith(f"{code}-")


# --- What becomes of those inside ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Inside:
    """``contacts`` are inside now; ``steps`` are those that the draft changes, and ``removed`` of them stand at one it removes."""

    contacts: int
    steps: list[edits.StepEffect]

    @property
    def removed(self) -> int:
        return sum(step.inside for step in self.steps if step.what == edits.REMOVED)


def inside(draft: Draft) -> Inside:
    """For a draft without errors."""
    contacts = Journey.objects.filter(campaign=draft.campaign.pk, state=Journey.State.ACTIVE).count()
    return Inside(contacts, edits.effect(draft.campaign, draft.now) if contacts else [])


# --- All of it -------------------------------------------------------------------------------------------------------------


def parts(draft: Draft) -> Iterator[tuple[str, Any]]:
    """Name and content of everything the review shows beside what the checks find."""
    yield "audience", audience(draft)
    yield "volume", volume(draft)
    yield "timetable", timetable.timetable(draft, zones())
    yield "languages", languages_missing(draft)
