"""Moves journeys: everything due, in groups that stand at the same step of the same version.

``move`` asks each step what becomes of its group (``decide``) and then does it: visits, effects, new positions. It runs
inside the transaction of its caller; the claimed journeys stay locked until that ends.
"""

from __future__ import annotations

import datetime
import logging
import random
from collections import defaultdict
from dataclasses import replace
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.utils.translation import gettext as _t

from wagtail_journeys import db
from wagtail_journeys.campaigns import versions, words
from wagtail_journeys.campaigns.models import Campaign, CampaignVersion
from wagtail_journeys.campaigns.outcomes import (
    Advance,
    Exit,
    Fail,
    Outcome,
    Retry,
    WaitUntil,
)
from wagtail_journeys.campaigns.states import moving
from wagtail_journeys.campaigns.steps import Group, Position, Step, registry
from wagtail_journeys.conf import conf
from wagtail_journeys.exceptions import BadRules, UnknownKey
from wagtail_journeys.journeys import effects, telling
from wagtail_journeys.journeys.models import Journey, Visit
from wagtail_journeys.journeys.travelling import Moved, Traveller

logger = logging.getLogger(__name__)

State = Journey.State


def move(now: datetime.datetime, limit: int) -> Moved:
    """Claim up to ``limit`` due journeys and take each as far as it goes now.

    The number of statements depends on the number of steps that the batch passes, not on the number of journeys.
    """
    # Left out rather than asked for: an index on due_at then finds what is due, however many journeys wait.
    parked = Campaign.objects.exclude(moving())
    claimed = db.claim(
        Journey.objects.filter(state=State.ACTIVE, due_at__lte=now)
        .exclude(campaign_id__in=list(parked.values_list("pk", flat=True)))
        .order_by("due_at", "pk")
        .values_list(*Traveller.COLUMNS),
        limit,
    )
    moved = Moved(journeys=len(claimed))
    if not claimed:
        return moved
    travellers = [Traveller(*row) for row in claimed]
    standing: dict[tuple[int, str], list[Traveller]] = defaultdict(list)
    for traveller in travellers:
        standing[(traveller.version, traveller.step)].append(traveller)
    places = {version: _ranks(version) for version in {traveller.version for traveller in travellers}}
    priorities = dict(
        CampaignVersion.objects.filter(pk__in=places).order_by().values_list("pk", "campaign__priority")
    )
    while standing:
        # The campaign with the lowest priority number first, then in the order of the graph, so that the arms of a branch
        # have met again before the next step is asked.
        here = min(
            standing,
            key=lambda place: (priorities[place[0]], place[0], places[place[0]].get(place[1], -1)),
        )
        group = standing.pop(here)
        for traveller in _pass_step(here[0], here[1], group, moved, now):
            standing[(traveller.version, traveller.step)].append(traveller)
    _write(travellers, moved, now)
    return moved


def _ranks(version: int) -> dict[str, int]:
    return {step_id: rank for rank, step_id in enumerate(versions.graph(version)["order"])}


def _pass_step(
    version: int, step_id: str, group: list[Traveller], moved: Moved, now: datetime.datetime
) -> list[Traveller]:
    """Ask the step, record the visits, do the effects. Returns those that go on to another step at once."""
    graph = versions.graph(version)
    node = graph["nodes"].get(step_id)
    with words.known(graph["nodes"]):
        outcomes = _outcomes(step_id, node, group, graph.get("zone") or "", now)
    _leave_out(node, group, outcomes)
    held_out = {traveller.id: traveller.holdout for traveller in group}
    _hold_out(group, outcomes)
    again = _record_visits(group, outcomes, now)
    for traveller in group:
        if traveller.id in again:
            # An edit has put the step in front of it once more: passed in no time, with everything in its arms (P3).
            outcomes[traveller.id], traveller.holdout = Advance(), held_out[traveller.id]
    effects.do(group, outcomes, again, moved, now)
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
        Position(
            t.id,
            t.contact,
            t.arrived_at,
            t.entered_at,
            t.entry_event,
            t.attempts,
            asked_before=t.visit is not None,
            holdout=t.holdout,
        )
        for t in group
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
    except BadRules as error:  # of the step's, whoever stands at it
        return {traveller.id: _failed(traveller, str(error)) for traveller in group}
    except Exception as error:
        if len(group) == 1:
            logger.warning("Step %s failed for journey %s", step_id, group[0].id, exc_info=True)
            return {group[0].id: _failed(group[0], f"{type(error).__name__}: {error}")}
        middle = len(group) // 2
        return {
            **_decide(step, node, step_id, group[:middle], zone, now),
            **_decide(step, node, step_id, group[middle:], zone, now),
        }


def _leave_out(node: dict[str, Any] | None, group: list[Traveller], outcomes: dict[int, Outcome]) -> None:
    """What was due while the campaign was paused is passed over where its editor said so when resuming it (P2)."""
    late = [traveller for traveller in group if traveller.skips]
    if not late or node is None:
        return
    kind = type(registry[node["type"]]) if node["type"] in registry else Step
    for traveller in late:
        outcome = outcomes[traveller.id]
        if kind.waits:  # its time was due, or what comes behind it
            traveller.skips = isinstance(outcome, Advance) or (kind.holds and isinstance(outcome, WaitUntil))
            continue
        traveller.skips = False
        done_before = traveller.visit is not None and not traveller.attempts
        if not done_before:
            outcomes[traveller.id] = Advance(skipped=_t("was overdue when the campaign was resumed"))


def _hold_out(group: list[Traveller], outcomes: dict[int, Outcome]) -> None:
    """Whoever is in the control group goes the same way as the others, without the messages (S4)."""
    for traveller in group:
        outcome = outcomes[traveller.id]
        if traveller.holdout and isinstance(outcome, Advance | WaitUntil):
            kept = tuple(effect for effect in outcome.effects if not effect.is_message)
            if len(kept) < len(outcome.effects):
                said = _t("in the control group")
                # Who would wait for the message to be sent does not: there is none.
                outcomes[traveller.id] = outcome = (
                    replace(outcome, effects=kept, skipped=said)
                    if isinstance(outcome, Advance)
                    else Advance(effects=kept, skipped=said)
                )
        if isinstance(outcome, Advance):
            traveller.holdout = traveller.holdout or outcome.holdout


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
        return now, what.value, outcome.arm, (outcome.skipped or outcome.note)[:500]
    if isinstance(outcome, Exit):
        return now, Visit.Outcome.EXITED.value, "", outcome.reason[:500]
    if isinstance(outcome, Fail):
        return now, Visit.Outcome.FAILED.value, "", outcome.error[:500]
    if isinstance(outcome, Retry):
        return None, "", "", outcome.error[:500]
    return None, "", "", outcome.reason[:500]


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
            "asked_at",
            "holdout",
            "skips",
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
                now,
                t.holdout,
                t.skips,
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
