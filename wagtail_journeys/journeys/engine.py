"""Moves journeys: everything due, in groups that stand at the same step of the same version.

``move`` asks each step what becomes of its group (``decide``) and then does it: visits, effects, new positions. It runs
inside the transaction of its caller; the claimed journeys stay locked until that ends.
"""

from __future__ import annotations

import datetime
import logging
import random
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.utils.translation import gettext as _t

from wagtail_journeys import db
from wagtail_journeys.campaigns import versions
from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.campaigns.outcomes import (
    Advance,
    ChangeContact,
    Exit,
    Fail,
    Outcome,
    Retry,
    SendEmail,
    WaitUntil,
)
from wagtail_journeys.campaigns.steps import Group, Position, Step, registry
from wagtail_journeys.conf import conf
from wagtail_journeys.contacts import changes
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.emails import outbox
from wagtail_journeys.events import catalogue, inbox
from wagtail_journeys.events.inbox import Incoming
from wagtail_journeys.exceptions import UnknownKey
from wagtail_journeys.journeys.models import Journey, Visit

logger = logging.getLogger(__name__)

State = Journey.State


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
    due_at: datetime.datetime | None = None
    state: str = "active"
    ended_at: datetime.datetime | None = None
    end_reason: str = ""

    def end(self, state: str, reason: str, now: datetime.datetime) -> None:
        self.state, self.end_reason, self.ended_at, self.due_at = state, reason[:200], now, None


@dataclass
class Moved:
    """What one batch did. ``fields`` are contact fields that steps changed, with the contacts."""

    journeys: int = 0
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
    )


def _ranks(version: int) -> dict[str, int]:
    return {step_id: rank for rank, step_id in enumerate(versions.graph(version)["order"])}


def _pass_step(
    version: int, step_id: str, group: list[Traveller], moved: Moved, now: datetime.datetime
) -> list[Traveller]:
    """Ask the step, record the visits, do the effects. Returns those that go on to another step at once."""
    node = versions.graph(version)["nodes"].get(step_id)
    outcomes = _outcomes(step_id, node, group, now)
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
    step_id: str, node: dict[str, Any] | None, group: list[Traveller], now: datetime.datetime
) -> dict[int, Outcome]:
    if node is None:
        return {t.id: Fail(_t("the step does not exist in this version of the campaign")) for t in group}
    try:
        step = registry[node["type"]]
    except UnknownKey as error:
        return {traveller.id: _failed(traveller, str(error)) for traveller in group}
    return _decide(step, node, step_id, group, now)


def _decide(
    step: Step, node: dict[str, Any], step_id: str, group: list[Traveller], now: datetime.datetime
) -> dict[int, Outcome]:
    """The step's decisions. If it raises, the group is halved until the journey it raises for stands alone (S8)."""
    positions = [
        Position(t.id, t.contact, t.arrived_at, t.entered_at, t.entry_event, t.attempts) for t in group
    ]
    try:
        with transaction.atomic():
            outcomes = step.decide(Group(group[0].campaign, step_id, positions), node["params"], now)
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
            **_decide(step, node, step_id, group[:middle], now),
            **_decide(step, node, step_id, group[middle:], now),
        }


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
    emails: list[tuple[Traveller, SendEmail]] = []
    updates: list[tuple[int, ChangeContact]] = []
    for traveller in group:
        outcome = outcomes[traveller.id]
        if not isinstance(outcome, Advance) or traveller.id in again:
            continue
        for effect in outcome.effects:
            if isinstance(effect, SendEmail):
                emails.append((traveller, effect))
            else:
                updates.append((traveller.contact, effect))
    if updates:
        for name, contacts in changes.apply(updates).items():
            moved.fields[name] |= contacts
    if emails:
        addresses = dict(
            Contact.objects.filter(pk__in={t.contact for t, _effect in emails}).values_list("pk", "email")
        )
        topics = dict(
            Campaign.objects.filter(pk__in={t.campaign for t, _effect in emails}).values_list(
                "pk", "topic_id"
            )
        )
        moved.messages += outbox.queue_many(
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


def _write(travellers: list[Traveller], moved: Moved, now: datetime.datetime) -> None:
    db.update_rows(
        Journey,
        "id",
        ["state", "step_id", "visit_id", "arrived_at", "due_at", "attempts", "ended_at", "end_reason"],
        [
            (t.id, t.state, t.step, t.visit, t.arrived_at, t.due_at, t.attempts, t.ended_at, t.end_reason)
            for t in travellers
        ],
    )
    moved.ended = [traveller for traveller in travellers if traveller.state != State.ACTIVE]
    inbox.accept_many(
        [
            Incoming(
                source=catalogue.ENGINE,
                name=catalogue.JOURNEY_ENDED,
                message_id=f"journey_ended:{t.id}",
                occurred_at=now,
                contact_id=t.contact,
                properties={
                    "campaign": t.campaign,
                    "journey": t.id,
                    "state": t.state,
                    "reason": t.end_reason,
                },
            )
            for t in moved.ended
        ],
        now,
        wake=False,
    )
