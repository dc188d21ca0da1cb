"""The only code that sends HTTP calls.

A call goes ``queued → sending → done | deferred | failed | unknown``. The mark "sending" is committed before the network is
touched, for as many calls as there are free threads, so that all of them really are under way. A worker that dies
leaves marks behind: ``recover`` puts those back that may be repeated, with the same id, and shows the others as unknown.
"""

from __future__ import annotations

import datetime
import logging
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from django.db import OperationalError, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext as _t

from wagtail_journeys import db, signals
from wagtail_journeys.conf import conf
from wagtail_journeys.exceptions import CallRefused

from . import answers, breaker, judging, outbox, secrets, transport
from .gate import Gate as Gate
from .gate import Tally as Tally
from .models import Breaker, Call, Stop
from .request import Request, Sendable, sendable
from .transport import Answer

logger = logging.getLogger(__name__)

State = Call.State
Clock = Callable[[], datetime.datetime]

#: Seconds in which answers are gathered, so that many are written down together.
GATHER = 0.2
#: Seconds after which the queue is looked at again while all that is under way is slow.
LOOK_AGAIN = 1.0
#: Looks at the queue for one free thread, so that one host's do not hide the others'.
LOOKS = 3


def deliver(clock: Clock, gate: Gate, limit: int, seconds: float = 60.0) -> Tally:
    """Send up to ``limit`` due calls, the oldest first, and begin none after ``seconds``. Not inside a transaction.

    Threads that wait for a slow host leave the others to go on. The number of statements grows with the rounds, not with
    the calls of a round.
    """
    tally = Tally()
    stop = time.monotonic() + seconds
    width = max(1, int(conf.CALLS_AT_ONCE))
    running: dict[Future[Answer], tuple[Call, str]] = {}
    with ThreadPoolExecutor(width, thread_name_prefix="journeys-call") as threads:
        while True:
            free = min(width - len(running), limit - tally.claimed)
            if free > 0 and time.monotonic() < stop:
                busy = Counter(call.host for call, _claim in running.values())
                calls, claim = _claim_calls(clock(), gate, free, busy, tally)
                tally.claimed += len(calls)
                _begin(calls, claim, threads, running, clock, gate, tally)
            if not running:
                break
            done, _others = wait(running, timeout=GATHER)
            if not done:
                done, _others = wait(running, timeout=LOOK_AGAIN, return_when=FIRST_COMPLETED)
            _settle([(*running.pop(future), future.result()) for future in done], clock(), gate, tally)
    _announce(tally)
    return tally


def anything_due(now: datetime.datetime) -> bool:
    return Call.objects.filter(due_at__lte=now).exists()


def lease() -> datetime.timedelta:
    """How long a mark counts. Longer than any request takes: nothing is sent after its deadline."""
    return datetime.timedelta(seconds=max(float(conf.CALLS_LEASE), float(conf.CALLS_TIMEOUT) + 10))


# Claiming and marking ---------------------------------------------------------------------------------------------------


def _claim_calls(
    now: datetime.datetime, gate: Gate, limit: int, busy: Counter[str], tally: Tally
) -> tuple[list[Call], str]:
    """Up to ``limit`` calls, marked as being sent: from here on they count as tried."""
    claim = str(uuid.uuid4())
    each = max(1, int(conf.CALLS_AT_ONCE) // 2)
    with transaction.atomic(using=db.write_connection(Call).alias, durable=True):
        known = breaker.look(now)
        full = {host for host, number in busy.items() if number >= each} | known.closed_to_us
        chosen: list[Call] = []
        for _look in range(LOOKS):
            found = _due(now, gate, full, [call.pk for call in chosen], limit)
            for call in found:
                most = 1 if call.host in known.probing else each
                if len(chosen) < limit and call.host not in full:
                    if call.host in known.probing and not breaker.take_probe(call.host, now, now + lease()):
                        full.add(call.host)
                        continue
                    chosen.append(call)
                    busy[call.host] += 1
                    if busy[call.host] >= most:
                        full.add(call.host)
            if len(found) < limit or len(chosen) >= limit:
                break
        ids = [call.pk for call in chosen]
        allowed = (
            set(Call.objects.filter(gate.allowed(now), pk__in=ids).values_list("pk", flat=True))
            if ids
            else set()
        )
        refused = [call.pk for call in chosen if call.pk not in allowed]
        if refused:
            reason = _t("the campaign or the journey has ended or stands elsewhere")
            outbox.cancel_for(Q(pk__in=refused), reason, now)
            for pk in refused:
                tally.count(State.CANCELLED, pk)
        if allowed:
            Call.objects.filter(pk__in=allowed).update(
                state=State.SENDING,
                claim=claim,
                marked_at=now,
                due_at=now + lease(),
                attempts=F("attempts") + 1,
            )
    return [call for call in chosen if call.pk in allowed], claim


def _due(now: datetime.datetime, gate: Gate, full: set[str], chosen: list[int], limit: int) -> list[Call]:
    stopped = Stop.objects.filter(campaign=OuterRef("campaign"), step_id=OuterRef("step_id"))
    due = (
        Call.objects.filter(gate.claimable(now), due_at__lte=now, state__in=[State.QUEUED, State.DEFERRED])
        .filter(Q(by_hand=True) | ~Exists(stopped))
        .exclude(host__in=full)
        .exclude(pk__in=chosen)
        .order_by("due_at", "pk")
    )
    return db.claim(due, limit)


def _begin(
    calls: list[Call],
    claim: str,
    threads: ThreadPoolExecutor,
    running: dict[Future[Answer], tuple[Call, str]],
    clock: Clock,
    gate: Gate,
    tally: Tally,
) -> None:
    """Give the marked calls to the threads; what may not be sent like this fails here, all at once."""
    refused: list[tuple[Call, str, Answer]] = []
    for call in calls:
        try:
            ready = sendable(request_of(call), call.uuid, clock())
        except CallRefused as error:
            refused.append((call, claim, Answer(refused=True, problem=str(error))))
            continue
        future = threads.submit(
            transport.send, ready, float(conf.CALLS_TIMEOUT), int(conf.CALLS_MAX_RESPONSE)
        )
        running[future] = (call, claim)
    _settle(refused, clock(), gate, tally)


def request_of(call: Call) -> Request:
    return Request(
        method=call.method,
        url=call.url,
        headers=tuple((name, value) for name, value in call.headers),
        body=call.body,
        body_kind=call.body_kind,
        sign_with=call.sign_with,
        repeatable=call.repeatable,
    )


# What became of them ----------------------------------------------------------------------------------------------------


def _settle(ended: list[tuple[Call, str, Answer]], now: datetime.datetime, gate: Gate, tally: Tally) -> None:
    """Write down what became of calls, wake their journeys, tell the breakers: one transaction, tried twice."""
    if not ended:
        return
    rows = [_row(call, claim, answer, now) for call, claim, answer in ended]
    try:
        _write(rows, now, gate)
    except OperationalError:
        # Nobody else knows what the receivers said: once more, on a new connection where this one has been cut.
        db.write_connection(Call).close_if_unusable_or_obsolete()
        _write(rows, now, gate)
    for row in rows:
        tally.count(row["state"], row["call"].pk)


def _row(call: Call, claim: str, answer: Answer, now: datetime.datetime) -> dict[str, Any]:
    verdict = judging.judge(answer, call.repeatable)
    state, error, due = verdict.state, verdict.error, None
    if state == judging.DEFERRED:
        due = judging.next_try(call.attempts + 1, verdict.retry_after, now)
        if due is None:
            state = judging.FAILED
            words = _t("given up after %(tries)s tries, the last one ended with: %(error)s")
            error = words % {"tries": call.attempts + 1, "error": error}
    kept: dict[str, Any] = {}
    if state == judging.DONE and call.keep:
        kept, problem = answers.keep(answer.body, call.keep)
        error = " ".join(filter(None, [error, problem]))
    return {
        "call": call,
        "claim": claim,
        "state": state,
        "error": secrets.redact(error)[:500],
        "due": due,
        "status": answer.status,
        "response": answers.shown(answer.body),
        "answer": kept,
        "verdict": verdict,
    }


def _write(rows: list[dict[str, Any]], now: datetime.datetime, gate: Gate) -> None:
    final = [row for row in rows if row["state"] in Call.FINAL]
    with transaction.atomic(using=db.write_connection(Call).alias, durable=True):
        visits = sorted(row["call"].visit_id for row in final if row["call"].visit_id)
        if visits:
            gate.settled(visits, now)
        mine = set(
            db.locked(
                Call.objects.filter(
                    pk__in=[row["call"].pk for row in rows],
                    claim__in={row["claim"] for row in rows},
                    state__in=[State.SENDING, State.UNKNOWN],
                )
            )
            .order_by("pk")
            .values_list("pk", flat=True)
        )
        rows = [row for row in rows if row["call"].pk in mine]
        db.update_rows(
            Call,
            "id",
            ["state", "error", "due_at", "response_status", "response", "answer", "settled_at", "claim"],
            [
                (
                    row["call"].pk,
                    row["state"],
                    row["error"],
                    row["due"],
                    row["status"],
                    row["response"],
                    row["answer"],
                    None if row["due"] else now,
                    "",
                )
                for row in rows
            ],
        )
        _tell_breakers(rows, now)
        for row in rows:
            call = row["call"]
            if row["verdict"].gone and call.campaign_id:
                outbox.stop(call.campaign_id, call.step_id, call.host, row["error"], now)


def _tell_breakers(rows: list[dict[str, Any]], now: datetime.datetime) -> None:
    answered = {
        row["call"].host for row in rows if row["status"] is not None and not row["verdict"].host_fails
    }
    failed: dict[str, tuple[int, str]] = {}
    for row in rows:
        if row["verdict"].host_fails:
            number, _error = failed.get(row["call"].host, (0, ""))
            failed[row["call"].host] = (number + 1, row["error"])
    breaker.record(answered, failed, now)


def _announce(tally: Tally) -> None:
    if tally.settled:
        signals.calls_settled.send_robust(sender=Call, calls=tally.settled)


# What nobody settled ----------------------------------------------------------------------------------------------------


def recover(now: datetime.datetime, gate: Gate) -> Tally:
    """Settle what a worker left behind, and what was held back or kept waiting for too long. A constant number of statements.

    Marked and never settled: tried again with the same id where the call may be repeated, otherwise shown as unknown.
    """
    tally = Tally()
    overdue = Call.objects.order_by().filter(due_at__lte=now)
    if not overdue.filter(state__in=[State.SENDING, State.HELD]).exists() and not _dead_hosts(now):
        return tally
    with transaction.atomic(using=db.write_connection(Call).alias, durable=True):
        overdue.filter(state=State.SENDING, repeatable=True).update(
            state=State.DEFERRED, claim="", due_at=now, error=_t("The worker ended while it sent the call.")
        )
        # The claim stays: should the worker be alive after all, it may still record what the receiver said.
        _end(
            overdue.filter(state=State.SENDING, repeatable=False),
            State.UNKNOWN,
            _t("The worker ended while it sent the call. Nobody knows whether it arrived."),
            now,
            gate,
            tally,
        )
        _end(
            overdue.filter(state=State.HELD),
            State.FAILED,
            _t("Held back for too long: the calls of this step are stopped."),
            now,
            gate,
            tally,
        )
        dead = _dead_hosts(now)
        if dead:
            waiting = Call.objects.filter(gate.claimable(now), host__in=dead, due_at__isnull=False)
            _end(
                waiting.filter(
                    state__in=[State.QUEUED, State.DEFERRED], created_at__lte=now - outbox.longest_wait()
                ),
                State.FAILED,
                _t("The host has not answered for too long."),
                now,
                gate,
                tally,
            )
    _announce(tally)
    return tally


def _dead_hosts(now: datetime.datetime) -> list[str]:
    return list(
        Breaker.objects.filter(opened_at__lte=now - outbox.longest_wait()).values_list("host", flat=True)
    )


def _end(calls: Any, state: str, reason: str, now: datetime.datetime, gate: Gate, tally: Tally) -> None:
    rows = list(calls.values_list("pk", "visit"))
    if not rows:
        return
    gate.settled(sorted(visit for _pk, visit in rows if visit), now)
    ids = [pk for pk, _visit in rows]
    Call.objects.filter(pk__in=ids).exclude(state__in=Call.FINAL).update(
        state=state, error=reason, settled_at=now, due_at=None
    )
    for pk in ids:
        tally.count(state, pk)


# By hand ----------------------------------------------------------------------------------------------------------------


def try_out(
    request: Request, campaign: int | None, step_id: str, contact: int | None, now: datetime.datetime
) -> Call:
    """Send one request now and once, as a test that is counted nowhere. Returns its row in the log."""
    fields = {**outbox.fields_of(request), "repeatable": False}
    call = Call.objects.create(
        uuid=uuid.uuid4(),
        campaign_id=campaign,
        step_id=step_id,
        contact_id=contact,
        is_test=True,
        state=State.SENDING,
        due_at=now + lease(),
        attempts=1,
        created_at=now,
        marked_at=now,
        **fields,
    )
    answer = _answer_of(request, call.uuid, now)
    verdict = judging.judge(answer, repeatable=False)
    state = judging.FAILED if verdict.state == judging.DEFERRED else verdict.state
    kept, problem = answers.keep(answer.body, call.keep) if state == judging.DONE and call.keep else ({}, "")
    call.state, call.due_at, call.settled_at = state, None, now
    call.error = secrets.redact(" ".join(filter(None, [verdict.error, problem])))[:500]
    call.response_status, call.response, call.answer = answer.status, answers.shown(answer.body), kept
    call.save()
    return call


def _answer_of(request: Request, key: uuid.UUID, now: datetime.datetime) -> Answer:
    try:
        ready: Sendable = sendable(request, key, now)
    except CallRefused as error:
        return Answer(refused=True, problem=str(error))
    return transport.send(ready, float(conf.CALLS_TIMEOUT), int(conf.CALLS_MAX_RESPONSE))
