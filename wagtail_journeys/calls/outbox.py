"""Calls are queued here, in the transaction that decides on them, and held back, enabled and sent again by people."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _t

from wagtail_journeys import db
from wagtail_journeys.conf import conf
from wagtail_journeys.exceptions import CallRefused

from . import guard
from .models import Call, Stop
from .request import Request

State = Call.State

#: States in which a call can still be called back.
RECALLABLE = (State.QUEUED, State.DEFERRED, State.HELD)
#: States from which somebody may send a call again.
AGAIN = (State.FAILED, State.UNKNOWN, State.CANCELLED)

_NAMES = [
    "uuid",
    "visit",
    "campaign",
    "step_id",
    "contact",
    "method",
    "url",
    "host",
    "headers",
    "body",
    "body_kind",
    "sign_with",
    "repeatable",
    "keep",
    "state",
    "due_at",
    "attempts",
    "claim",
    "response",
    "answer",
    "error",
    "is_test",
    "by_hand",
    "created_at",
    "settled_at",
]


@dataclass(frozen=True, slots=True)
class Draft:
    """A decision to call: ids and the rendered request."""

    visit: int | None
    campaign: int | None
    step_id: str
    contact: int | None
    request: Request


def queue_many(drafts: Sequence[Draft], now: datetime.datetime) -> int:
    """Queue a call for each draft whose visit has none yet, in two statements. Returns how many were written.

    One that cannot be sent is written all the same, as failed with its reason: nothing that was decided goes unseen.
    Calls of a step that was stopped are held back.
    """
    if not drafts:
        return 0
    stopped = set(
        Stop.objects.filter(campaign__in={draft.campaign for draft in drafts}).values_list(
            "campaign", "step_id"
        )
    )
    rows = [_row(draft, (draft.campaign, draft.step_id) in stopped, now) for draft in drafts]
    return len(db.insert_rows(Call, _NAMES, rows, ignore_conflicts=True))


def _row(draft: Draft, stopped: bool, now: datetime.datetime) -> tuple[object, ...]:
    values = fields_of(draft.request)
    problem = values["error"]
    state, due = State.QUEUED.value, now
    if stopped:
        state, due = State.HELD.value, now + longest_wait()
    return (
        uuid.uuid4(),
        draft.visit,
        draft.campaign,
        draft.step_id,
        draft.contact,
        *(values[name] for name in _NAMES[5:14]),
        State.FAILED.value if problem else state,
        None if problem else due,
        0,
        "",
        "",
        {},
        problem,
        False,
        False,
        now,
        now if problem else None,
    )


def fields_of(request: Request) -> dict[str, object]:
    """The columns that hold a request; ``error`` says why it cannot be sent, if it cannot."""
    host, problem = "", request.problem
    if not problem:
        try:
            host = guard.target_of(request.url).key
        except CallRefused as error:
            problem = str(error)
    return {
        "method": request.method,
        "url": request.url,
        "host": host,
        "headers": [list(pair) for pair in request.headers],
        "body": request.body,
        "body_kind": request.body_kind,
        "sign_with": request.sign_with,
        "repeatable": request.repeatable,
        "keep": [list(pair) for pair in request.keep],
        "error": problem[:500],
    }


def longest_wait() -> datetime.timedelta:
    """How long a call may be put off before its journey goes on without it."""
    return datetime.timedelta(hours=conf.CALLS_MAX_AGE)


def cancel_for(q: Q, reason: str, now: datetime.datetime) -> int:
    """Call back the calls that match ``q`` and are not being sent. Returns how many."""
    return (
        Call.objects.filter(q, state__in=RECALLABLE)
        .order_by()
        .update(state=State.CANCELLED, error=reason[:500], settled_at=now, due_at=None, claim="")
    )


# What a receiver or a person says about the calls of a step ------------------------------------------------------------


def stop(campaign: int, step_id: str, host: str, reason: str, now: datetime.datetime) -> None:
    """Hold back the calls of a step until somebody enables them again."""
    Stop.objects.get_or_create(
        campaign_id=campaign, step_id=step_id, defaults={"host": host, "reason": reason[:500], "since": now}
    )
    Call.objects.filter(campaign=campaign, step_id=step_id, state__in=[State.QUEUED, State.DEFERRED]).update(
        state=State.HELD, due_at=now + longest_wait(), error=_t("The calls of this step are stopped.")
    )


def enable(stopped: Stop, now: datetime.datetime) -> int:
    """Send what was held back, and what comes from now on. Returns how many go out."""
    held = Call.objects.filter(campaign=stopped.campaign_id, step_id=stopped.step_id, state=State.HELD)
    with db.batch(Call):
        stopped.delete()
        return held.update(state=State.QUEUED, due_at=now, error="")


def send_again(call: Call, now: datetime.datetime) -> bool:
    """Queue a call once more, with the same id and the same request, wherever its journey is. False where it cannot be."""
    again = Call.objects.filter(pk=call.pk, state__in=AGAIN).exclude(host="").exclude(is_test=True)
    return bool(
        again.update(
            state=State.QUEUED, due_at=now, attempts=0, by_hand=True, claim="", error="", settled_at=None
        )
    )
