"""Moves journeys: everything due, in groups that stand at the same step of the same version.

``move`` asks each step what becomes of its group (``decide``) and then does it: visits, effects, new positions. It runs
inside the transaction of its caller; the claimed journeys stay locked until that ends.
"""

from __future__ import annotations

import datetime
import logging
import random
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.utils.translation import gettext as _t

from wagtail_journeys import db
from wagtail_journeys.campaigns import versions
from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.campaigns.outcomes import (
    Advance,
    CallHttp,
    ChangeContact,
    ChangeList,
    Effect,
    EndCampaign,
    Exit,
    Fail,
    KeepData,
    NotifyTeam,
    Outcome,
    RecordEvent,
    Retry,
    SendEmail,
    WaitUntil,
)
from wagtail_journeys.campaigns.steps import Group, Position, Step, registry
from wagtail_journeys.conf import conf
from wagtail_journeys.contacts import changes
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.emails import notices, outbox
from wagtail_journeys.events import catalogue, inbox
from wagtail_journeys.events.inbox import Incoming
from wagtail_journeys.exceptions import UnknownKey
from wagtail_journeys.journeys import calling, endings, telling
from wagtail_journeys.journeys.models import Journey, Visit
from wagtail_journeys.segments import compiler
from wagtail_journeys.segments.membership import Change
from wagtail_journeys.segments.models import Segment

logger = logging.getLogger(__name__)

State = Journey.State

#: What the control group of a split does not get.
MESSAGES = (SendEmail,)


@dataclass(slots=True)
class Traveller:
    """A claimed journey, in memory until its new position is written."""

    id: int
    campaign: int
    version: int
    contact: int
    step: str
    visit: int | None
    arrived_at: datetime.datetime
    entered_at: datetime.datetime
    entry_event: int | None
    attempts: int
    holdout: bool
    chain: int
    due_at: datetime.datetime | None = None
    state: str = "active"
    ended_at: datetime.datetime | None = None
    end_reason: str = ""

    def end(self, state: str, reason: str, now: datetime.datetime) -> None:
        self.state, self.end_reason, self.ended_at, self.due_at = state, reason[:200], now, None


@dataclass
class Moved:
    """What one batch did. ``fields`` are contact fields that steps changed, with the contacts; ``changes`` are stays on
    lists that steps began or ended; ``chains`` how many campaigns led to the journey of each contact.
    """

    journeys: int = 0
    changes: list[Change] = field(default_factory=list)
    chains: dict[int, int] = field(default_factory=dict)
    fields: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    ended: list[Traveller] = field(default_factory=list)
    messages: int = 0


def move(now: datetime.datetime, limit: int) -> Moved:
    """Claim up to ``limit`` due journeys and take each as far as it goes now.

    The number of statements depends on the number of steps that the batch passes, not on the number of journeys.
    """
    # Left out rather than asked for: an index on due_at then finds what is due, however many journeys wait.
    parked = Campaign.objects.exclude(live=True, state__in=[Campaign.State.RUNNING, Campaign.State.STOPPING])
    claimed = db.claim(
        Journey.objects.filter(state=State.ACTIVE, due_at__lte=now)
        .exclude(campaign_id__in=list(parked.values_list("pk", flat=True)))
        .order_by("due_at", "pk"),
        limit,
    )
    moved = Moved(journeys=len(claimed))
    if not claimed:
        return moved
    travellers = [_traveller(journey) for journey in claimed]
    standing: dict[tuple[int, str], list[Traveller]] = defaultdict(list)
    for traveller in travellers:
        standing[(traveller.version, traveller.step)].append(traveller)
    places = {version: _ranks(version) for version in {traveller.version for traveller in travellers}}
    while standing:
        # In the order of the graph, so that the arms of a branch have met again before the next step is asked.
        here = min(standing, key=lambda place: (place[0], places[place[0]].get(place[1], -1)))
        group = standing.pop(here)
        for traveller in _pass_step(here[0], here[1], group, moved, now):
            standing[(traveller.version, traveller.step)].append(traveller)
    _write(travellers, moved, now)
    return moved


def _traveller(journey: Journey) -> Traveller:
    return Traveller(
        id=journey.pk,
        campaign=journey.campaign_id,
        version=journey.version_id,
        contact=journey.contact_id,
        step=journey.step_id,
        visit=journey.visit_id,
        arrived_at=journey.arrived_at or journey.entered_at,
        entered_at=journey.entered_at,
        entry_event=journey.entry_event_id,
        attempts=journey.attempts,
        holdout=journey.holdout,
        chain=journey.chain,
    )


def _ranks(version: int) -> dict[str, int]:
    return {step_id: rank for rank, step_id in enumerate(versions.graph(version)["order"])}


def _pass_step(
    version: int, step_id: str, group: list[Traveller], moved: Moved, now: datetime.datetime
) -> list[Traveller]:
    """Ask the step, record the visits, do the effects. Returns those that go on to another step at once."""
    graph = versions.graph(version)
    node = graph["nodes"].get(step_id)
    outcomes = _outcomes(step_id, node, group, graph.get("zone") or "", now)
    _hold_out(group, outcomes)
    again = _record_visits(group, outcomes, now)
    _do_effects(group, outcomes, again, moved, now)
    onward = []
    for traveller in group:
        outcome = outcomes[traveller.id]
        if isinstance(outcome, Advance):
            following = _following(node, outcome)
            if following is None:
                traveller.end(State.COMPLETED, "", now)
            else:
                traveller.step, traveller.visit, traveller.arrived_at = following, None, now
                traveller.attempts, traveller.due_at = 0, now
                onward.append(traveller)
        elif isinstance(outcome, WaitUntil):
            traveller.due_at, traveller.attempts = outcome.moment, 0
        elif isinstance(outcome, Exit):
            traveller.end(State.EXITED, outcome.reason, now)
        elif isinstance(outcome, Retry):
            traveller.attempts += 1
            traveller.due_at = now + back_off(traveller.attempts)
        else:
            traveller.end(State.FAILED, outcome.error, now)
    return onward


def _following(node: dict[str, Any] | None, outcome: Advance) -> str | None:
    if node is None:
        return None
    if outcome.arm:
        following: str | None = node["arms"][outcome.arm]
        return following
    return node["next"] or None


def back_off(attempts: int) -> datetime.timedelta:
    """How long a failed step rests: a minute, then four times as long each time, with full jitter, an hour at most."""
    return datetime.timedelta(seconds=random.uniform(0.5, 1.0) * min(60 * 4 ** (attempts - 1), 3600))  # noqa: S311


def _outcomes(
    step_id: str, node: dict[str, Any] | None, group: list[Traveller], zone: str, now: datetime.datetime
) -> dict[int, Outcome]:
    if node is None:
        return {t.id: Fail(_t("the step does not exist in this version of the campaign")) for t in group}
    try:
        step = registry[node["type"]]
    except UnknownKey as error:
        return {traveller.id: _failed(traveller, str(error)) for traveller in group}
    return _decide(step, node, step_id, group, zone, now)


def _decide(
    step: Step, node: dict[str, Any], step_id: str, group: list[Traveller], zone: str, now: datetime.datetime
) -> dict[int, Outcome]:
    """The step's decisions. If it raises, the group is halved until the journey it raises for stands alone (S8)."""
    positions = [
        Position(t.id, t.contact, t.arrived_at, t.entered_at, t.entry_event, t.attempts) for t in group
    ]
    try:
        with transaction.atomic():
            outcomes = step.decide(Group(group[0].campaign, step_id, positions, zone), node["params"], now)
            missing = [traveller.id for traveller in group if traveller.id not in outcomes]
            if missing:
                raise LookupError(f"the step {node['type']!r} decided nothing for {len(missing)} journeys")
            return outcomes
    except (OperationalError, InterfaceError):
        raise  # the database, not the step: the whole batch is tried again
    except Exception as error:
        if len(group) == 1:
            logger.warning("Step %s failed for journey %s", step_id, group[0].id, exc_info=True)
            return {group[0].id: _failed(group[0], f"{type(error).__name__}: {error}")}
        middle = len(group) // 2
        return {
            **_decide(step, node, step_id, group[:middle], zone, now),
            **_decide(step, node, step_id, group[middle:], zone, now),
        }


def _hold_out(group: list[Traveller], outcomes: dict[int, Outcome]) -> None:
    """Whoever is in the control group goes the same way as the others, without the messages (S4)."""
    for traveller in group:
        outcome = outcomes[traveller.id]
        if isinstance(outcome, WaitUntil) and traveller.holdout and any(map(_is_message, outcome.effects)):
            outcomes[traveller.id] = Advance(skipped=_t("in the control group"))
        if not isinstance(outcome, Advance):
            continue
        if traveller.holdout and any(isinstance(effect, MESSAGES) for effect in outcome.effects):
            kept = tuple(effect for effect in outcome.effects if not isinstance(effect, MESSAGES))
            outcomes[traveller.id] = replace(outcome, effects=kept, skipped=_t("in the control group"))
        traveller.holdout = traveller.holdout or outcome.holdout


def _is_message(effect: Effect) -> bool:
    return isinstance(effect, CallHttp) and effect.is_message


def _failed(traveller: Traveller, error: str) -> Outcome:
    return Retry(error) if traveller.attempts + 1 < conf.MAX_ATTEMPTS else Fail(error)


def _record_visits(group: list[Traveller], outcomes: dict[int, Outcome], now: datetime.datetime) -> set[int]:
    """Write arrivals and departures. Returns the journeys that had been at this step before: it is not done again."""
    arriving, leaving = [], []
    for traveller in group:
        outcome = outcomes[traveller.id]
        left_at, what, arm, reason = _departure(outcome, now)
        if traveller.visit is None:
            arriving.append(
                (
                    traveller.id,
                    traveller.version,
                    traveller.step,
                    1,
                    traveller.arrived_at,
                    left_at,
                    what,
                    arm,
                    reason,
                )
            )
        elif left_at is not None or reason:
            leaving.append((traveller.visit, traveller.version, left_at, what, arm, reason))
    inserted = db.insert_rows(
        Visit,
        ["journey", "version", "step_id", "number", "arrived_at", "left_at", "outcome", "arm", "reason"],
        arriving,
        ignore_conflicts=True,
        returning=["id", "journey"],
    )
    visits = {journey: visit for visit, journey in inserted}
    again = set()
    for traveller in group:
        if traveller.visit is None:
            traveller.visit = visits.get(traveller.id)
            if traveller.visit is None:
                again.add(traveller.id)
    db.update_rows(Visit, "id", ["version", "left_at", "outcome", "arm", "reason"], leaving)
    return again


def _departure(outcome: Outcome, now: datetime.datetime) -> tuple[datetime.datetime | None, str, str, str]:
    """(left at, outcome, arm, reason) of a visit."""
    if isinstance(outcome, Advance):
        what = Visit.Outcome.SKIPPED if outcome.skipped else Visit.Outcome.PASSED
        return now, what.value, outcome.arm, outcome.skipped[:500]
    if isinstance(outcome, Exit):
        return now, Visit.Outcome.EXITED.value, "", outcome.reason[:500]
    if isinstance(outcome, Fail):
        return now, Visit.Outcome.FAILED.value, "", outcome.error[:500]
    if isinstance(outcome, Retry):
        return None, "", "", outcome.error[:500]
    return None, "", "", ""


def _do_effects(
    group: list[Traveller],
    outcomes: dict[int, Outcome],
    again: set[int],
    moved: Moved,
    now: datetime.datetime,
) -> None:
    wanted: dict[type[Effect], list[tuple[Traveller, Any]]] = defaultdict(list)
    for traveller in group:
        outcome = outcomes[traveller.id]
        if not isinstance(outcome, Advance | WaitUntil) or traveller.id in again:
            continue
        for effect in outcome.effects:
            wanted[type(effect)].append((traveller, effect))
            moved.chains[traveller.contact] = max(traveller.chain, moved.chains.get(traveller.contact, 0))
    updates = [(traveller.contact, effect) for traveller, effect in wanted[ChangeContact]]
    for name, contacts in changes.apply(updates).items():
        moved.fields[name] |= contacts
    moved.changes += _change_lists(wanted[ChangeList], now)
    _record_events(wanted[RecordEvent], now)
    _end_campaigns(wanted[EndCampaign], now)
    notices.queue_many(
        [
            notices.Draft(traveller.visit, effect.recipients, effect.subject, effect.text)
            for traveller, effect in wanted[NotifyTeam]
        ],
        now,
    )
    moved.messages += _queue_emails(wanted[SendEmail], now)
    calling.queue(wanted[CallHttp], now)
    calling.keep(wanted[KeepData])


def _change_lists(wanted: list[tuple[Traveller, ChangeList]], now: datetime.datetime) -> list[Change]:
    """One pair of statements per list that the step names."""
    if not wanted:
        return []
    from wagtail_journeys.segments import lists

    chosen: dict[tuple[int, bool], list[int]] = defaultdict(list)
    for traveller, effect in wanted:
        chosen[(effect.segment, effect.add)].append(traveller.contact)
    segments = Segment.objects.in_bulk({segment for segment, _add in chosen})
    made: list[Change] = []
    for (segment, add), contacts in chosen.items():
        if segment in segments:
            made += (lists.add if add else lists.remove)(segments[segment], contacts, now)
    return made


def _record_events(wanted: list[tuple[Traveller, RecordEvent]], now: datetime.datetime) -> None:
    """Through the inbox, like any other event; the chain says how many campaigns have led to it (S7)."""
    inbox.accept_many(
        [
            Incoming(
                source=catalogue.ENGINE,
                name=effect.name,
                message_id=f"visit:{traveller.visit}:{effect.name}"[:100],
                occurred_at=now,
                contact_id=traveller.contact,
                properties={
                    **effect.properties,
                    catalogue.CHAIN: traveller.chain + 1,
                    "by_campaign": traveller.campaign,
                },
            )
            for traveller, effect in wanted
        ],
        now,
        wake=False,
    )


def _end_campaigns(wanted: list[tuple[Traveller, EndCampaign]], now: datetime.datetime) -> None:
    """One statement to end, one for the visits, per campaign that the step names."""
    chosen: dict[int, list[Traveller]] = defaultdict(list)
    for traveller, effect in wanted:
        chosen[effect.campaign].append(traveller)
    for campaign, travellers in chosen.items():
        theirs = Journey.objects.filter(
            compiler.among({traveller.contact for traveller in travellers}, "contact_id"),
            campaign=campaign,
        ).exclude(pk__in=[traveller.id for traveller in travellers])
        endings.end(theirs, _t("ended by another campaign"), now)


def _queue_emails(emails: list[tuple[Traveller, SendEmail]], now: datetime.datetime) -> int:
    if emails:
        addresses = dict(
            Contact.objects.filter(pk__in={t.contact for t, _effect in emails}).values_list("pk", "email")
        )
        topics = dict(
            Campaign.objects.filter(pk__in={t.campaign for t, _effect in emails}).values_list(
                "pk", "topic_id"
            )
        )
        return outbox.queue_many(
            [
                outbox.Draft(
                    visit=traveller.visit,
                    campaign=traveller.campaign,
                    step_id=traveller.step,
                    contact=traveller.contact,
                    address=addresses.get(traveller.contact),
                    topic=topics[traveller.campaign],
                    template=effect.template,
                    entry_event=traveller.entry_event,
                    merge=effect.merge,
                )
                for traveller, effect in emails
            ],
            now,
        )
    return 0


def _write(travellers: list[Traveller], moved: Moved, now: datetime.datetime) -> None:
    db.update_rows(
        Journey,
        "id",
        [
            "state",
            "step_id",
            "visit_id",
            "arrived_at",
            "due_at",
            "attempts",
            "holdout",
            "ended_at",
            "end_reason",
        ],
        [
            (
                t.id,
                t.state,
                t.step,
                t.visit,
                t.arrived_at,
                t.due_at,
                t.attempts,
                t.holdout,
                t.ended_at,
                t.end_reason,
            )
            for t in travellers
        ],
    )
    moved.ended = [traveller for traveller in travellers if traveller.state != State.ACTIVE]
    telling.ended(
        [
            telling.Of(t.id, t.campaign, t.version, t.contact, t.chain, t.state, t.end_reason)
            for t in moved.ended
        ],
        now,
    )
