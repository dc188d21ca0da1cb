"""What people do to journeys by hand: move them on, take them out, try a step again.

Every function takes the journeys with the step at which somebody saw them, and does nothing to one that is elsewhere by
now. Each is one transaction with a number of statements that does not depend on the number of journeys. A worker that moves
the same journeys at that moment is waited for; one that comes after passes them over.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import IntegrityError
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _t

from wagtail_journeys import db, jobs
from wagtail_journeys.campaigns import versions
from wagtail_journeys.campaigns.models import Campaign, CampaignVersion
from wagtail_journeys.journeys import endings, telling
from wagtail_journeys.journeys.models import Intervention, Journey, Visit
from wagtail_journeys.segments import compiler

State = Journey.State
Action = Intervention.Action

#: Journeys by id, each with the step at which it was seen.
Places = Mapping[int, str]

#: How often reviving is tried where others let the same contacts in at that moment.
TRIES = 3


@dataclass(frozen=True)
class By:
    """Who does it: the id of a user, or None, and a name to show."""

    user: int | None
    name: str


@dataclass
class Done:
    """The journeys it was done to, and why not to the others."""

    journeys: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)

    def __iadd__(self, other: Done) -> Done:
        self.journeys += other.journeys
        self.refused |= other.refused
        return self


def move_on(places: Places, by: By, now: datetime.datetime, arm: str = "") -> Done:
    """End the wait, or pass over a step that does not work: the journeys go on to what comes next.

    ``arm`` is the way out of steps that have several; journeys at such a step are refused without it.
    """
    done = Done()
    with db.batch(Journey):
        moving: list[tuple[Journey, str | None, str]] = []
        for journey in _held(places, [State.ACTIVE], done):
            node = versions.graph(journey.version_id)["nodes"].get(journey.step_id)
            if node is None:
                done.refused[journey.pk] = _t("the step does not exist in this version of the campaign")
            elif node["arms"] and arm not in node["arms"]:
                done.refused[journey.pk] = _t("the step has several ways out: choose one")
            else:
                following = node["arms"][arm] if node["arms"] else node["next"] or None
                moving.append((journey, following, arm if node["arms"] else ""))
        _leave_steps(moving, now)
        _write_positions(moving, now)
        _note(Action.MOVED, [(journey, way, "") for journey, _following, way in moving], by, now)
        done.journeys = [journey.pk for journey, _following, _way in moving]
        jobs.wake()
    return done


def take_out(places: Places, by: By, now: datetime.datetime) -> Done:
    """End the journeys where they stand. What they have queued is not sent any more."""
    done = Done()
    with db.batch(Journey):
        leaving = _held(places, [State.ACTIVE], done)
        done.journeys = [journey.pk for journey in leaving]
        endings.end(Journey.objects.filter(compiler.among(done.journeys)), _t("taken out by hand"), now)
        _note(Action.TAKEN_OUT, [(journey, "", "") for journey in leaving], by, now)
        jobs.wake()
    return done


def try_again(places: Places, by: By, now: datetime.datetime) -> Done:
    """Ask steps that did not work again now, with all their tries; a journey that has failed comes back to life there.

    It is the same visit: what the step has queued already is not queued again.
    """
    for last in (False,) * (TRIES - 1) + (True,):
        try:
            with db.batch(Journey):
                return _try_again(places, by, now)
        except IntegrityError:  # somebody let one of the contacts in between looking and writing
            if last:
                raise
    raise AssertionError


def _try_again(places: Places, by: By, now: datetime.datetime) -> Done:
    done = Done()
    held = _held(places, [State.ACTIVE, State.FAILED], done)
    dead = [journey for journey in held if journey.state == State.FAILED]
    revived = _revivable(dead, done)
    again = []
    for journey in held:
        if journey.state == State.FAILED and journey.pk in revived:
            again.append((journey, revived[journey.pk]))
        elif journey.state == State.ACTIVE and journey.attempts:
            again.append((journey, journey.version_id))
        elif journey.state == State.ACTIVE:
            done.refused[journey.pk] = _t("its step has not failed")
    said = _reopen_visits([journey for journey, _version in again])
    db.update_rows(
        Journey,
        "id",
        ["state", "version", "visit_id", "due_at", "attempts", "skips", "ended_at", "end_reason"],
        [
            (
                journey.pk,
                State.ACTIVE.value,
                version,
                said[journey.pk][0] if journey.pk in said else journey.visit_id,
                now,
                0,
                False,
                None,
                "",
            )
            for journey, version in again
        ],
    )
    _note(
        Action.TRIED_AGAIN,
        [
            (journey, "", said[journey.pk][1] if journey.pk in said else journey.end_reason)
            for journey, _version in again
        ],
        by,
        now,
    )
    done.journeys = [journey.pk for journey, _version in again]
    jobs.wake()
    return done


def _held(places: Places, states: Collection[State], done: Done) -> list[Journey]:
    """The journeys that are still where they were seen, held until the transaction ends; the others are refused."""
    asked = Journey.objects.filter(compiler.among(places)).order_by("pk").defer("data")
    found = {journey.pk: journey for journey in db.locked(asked)}
    for pk, step in places.items():
        journey = found.get(pk)
        if journey is None:
            done.refused[pk] = _t("it does not exist any more")
        elif journey.state not in states:
            done.refused[pk] = _t("it has ended meanwhile") if journey.ended_at else _t("it is not over")
        elif journey.step_id != step:
            done.refused[pk] = _t("it has gone on to another step meanwhile")
    return [journey for pk, journey in found.items() if pk not in done.refused]


def _leave_steps(moving: list[tuple[Journey, str | None, str]], now: datetime.datetime) -> None:
    """Their visits end as skipped: the step did not do, or not wait for, what it is there for."""
    said = _t("moved on by hand")
    gone = Visit.Outcome.SKIPPED.value
    db.update_rows(
        Visit,
        "id",
        ["left_at", "outcome", "arm", "reason"],
        [(journey.visit_id, now, gone, arm, said) for journey, _to, arm in moving if journey.visit_id],
    )
    db.insert_rows(
        Visit,
        ["journey", "version", "step_id", "number", "arrived_at", "left_at", "outcome", "arm", "reason"],
        [
            (
                journey.pk,
                journey.version_id,
                journey.step_id,
                1,
                journey.arrived_at or journey.entered_at,
                now,
                gone,
                arm,
                said,
            )
            for journey, _to, arm in moving
            if not journey.visit_id
        ],
        ignore_conflicts=True,
        returning=(),
    )


def _write_positions(moving: list[tuple[Journey, str | None, str]], now: datetime.datetime) -> None:
    onward = [(journey, following) for journey, following, _arm in moving if following is not None]
    db.update_rows(
        Journey,
        "id",
        ["step_id", "visit_id", "arrived_at", "due_at", "attempts", "skips"],
        [(journey.pk, following, None, now, now, 0, False) for journey, following in onward],
    )
    over = [journey for journey, following, _arm in moving if following is None]
    db.update_rows(
        Journey,
        "id",
        ["state", "due_at", "ended_at", "attempts"],
        [(journey.pk, State.COMPLETED.value, None, now, 0) for journey in over],
    )
    telling.ended([replace(_of(journey), outcome=State.COMPLETED.value) for journey in over], now)


def _of(journey: Journey) -> telling.Of:
    return telling.Of(journey.pk, journey.campaign_id, journey.version_id, journey.contact_id, journey.chain)


def _revivable(dead: list[Journey], done: Done) -> dict[int, int]:
    """Those of these failed journeys that may come back, with the version they go on with."""
    if not dead:
        return {}
    newest = CampaignVersion.objects.filter(campaign=OuterRef("pk")).order_by("-number").values("pk")[:1]
    campaigns: dict[int, tuple[bool, int | None]] = {
        pk: (state == Campaign.State.ENDED or archived_at is not None, version)
        for pk, state, archived_at, version in Campaign.objects.filter(pk__in={j.campaign_id for j in dead})
        .annotate(newest=Subquery(newest))
        .values_list("pk", "state", "archived_at", "newest")
    }
    retired = set(
        CampaignVersion.objects.filter(
            pk__in={j.version_id for j in dead}, retired_at__isnull=False
        ).values_list("pk", flat=True)
    )
    inside = set(
        Journey.objects.filter(
            compiler.among({journey.contact_id for journey in dead}, "contact_id"),
            campaign__in=campaigns,
            state=State.ACTIVE,
            active_key__isnull=False,
        ).values_list("campaign", "contact", "active_key")
    )
    found: dict[int, int] = {}
    for journey in sorted(dead, key=lambda journey: -journey.pk):  # of two, the newest comes back
        is_over, version = campaigns[journey.campaign_id]
        key = (journey.campaign_id, journey.contact_id, journey.active_key)
        if version is None or journey.step_id not in versions.graph(version)["nodes"]:
            version = None if journey.version_id in retired else journey.version_id
        if is_over:
            done.refused[journey.pk] = _t("the campaign has ended")
        elif version is None:
            done.refused[journey.pk] = _t("its step was removed from the campaign")
        elif journey.cut_at is not None:
            done.refused[journey.pk] = _t("it has reached the goal since")
        elif journey.active_key is not None and key in inside:
            done.refused[journey.pk] = _t("the contact is inside the campaign again")
        else:
            inside.add(key)
            found[journey.pk] = version
    return found


def _reopen_visits(journeys: list[Journey]) -> dict[int, tuple[int, str]]:
    """The visits at which these journeys stand are open again; by journey the visit's id, and what it said."""
    if not journeys:
        return {}
    here = {(journey.pk, journey.step_id) for journey in journeys}
    rows: Any = (
        Visit.objects.filter(compiler.among({pk for pk, _step in here}, "journey_id"))
        .filter(outcome__in=["", Visit.Outcome.FAILED])  # one that was passed stays what it is
        .order_by("number")
        .values_list("pk", "journey_id", "step_id", "reason")
    )
    found = {journey: (pk, reason) for pk, journey, step, reason in rows if (journey, step) in here}
    db.update_rows(
        Visit, "id", ["left_at", "outcome", "reason"], [(pk, None, "", "") for pk, _reason in found.values()]
    )
    return found


def _note(action: Action, done: list[tuple[Journey, str, str]], by: By, now: datetime.datetime) -> None:
    """What was done to whom, with the arm that was chosen and what the step had said before."""
    db.insert_rows(
        Intervention,
        ["journey", "version", "step_id", "action", "arm", "detail", "user", "by", "at"],
        [
            (
                journey.pk,
                journey.version_id,
                journey.step_id,
                action.value,
                arm,
                said[:500],
                by.user,
                by.name[:200],
                now,
            )
            for journey, arm, said in done
        ],
        returning=(),
    )
