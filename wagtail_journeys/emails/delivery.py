"""From the queue to the mail server.

A message goes ``queued → claimed → handing over → sent | deferred | bounced | failed | unknown``. The mark "handing over"
is committed before the mail server hears of the message. Whatever happens then, the message is never handed over again
unless it is sure that the server did not take it: a worker that dies in between leaves a mark behind, and ``recover``
shows the message as unknown.
"""

from __future__ import annotations

import datetime
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from django.db import OperationalError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _t

from wagtail_journeys import db, signals
from wagtail_journeys.conf import conf
from wagtail_journeys.contacts import consent

from . import breaker, letters, limits, marking, smtp, telling, throttle
from .breaker import Way
from .carrier import Carrier, unreachable
from .gate import Gate as Gate
from .gate import Tally as Tally
from .models import Message
from .recovering import recover as recover

State = Message.State

#: After so long the layers above are asked anew what may go out.
GATE_FRESH = datetime.timedelta(seconds=10)

Clock = Callable[[], datetime.datetime]


def deliver(clock: Clock, gate: Gate, limit: int) -> Tally:
    """Hand over up to ``limit`` due messages, the oldest first. Must not be called inside a transaction."""
    tally = Tally()
    with Carrier() as carrier:
        standing = breaker.look(carrier.name, clock())
        while tally.claimed < limit and standing is not Way.CLOSED:
            before = len(tally.settled)
            most = 1 if standing is Way.PROBE else min(limit - tally.claimed, conf.MESSAGE_BATCH)
            mine = _claim(clock(), gate, most, carrier, tally)
            if not mine.due:
                break
            tally.claimed += mine.due
            if mine.messages:
                _Batch(mine, clock, gate, carrier, tally).run()
                standing = _learn(carrier, standing, clock())
            if len(tally.settled) > before:
                signals.messages_settled.send_robust(sender=Message, messages=tally.settled[before:])
            if tally.released:
                break
    return tally


def _learn(carrier: Carrier, standing: Way, now: datetime.datetime) -> Way:
    """What a batch has shown of the mail server."""
    if carrier.failures:
        closed = breaker.failed(carrier.name, carrier.failures, carrier.problem, now)
        carrier.failures = 0
        return Way.CLOSED if closed else Way.DOUBTFUL
    if standing is not Way.OPEN and carrier.spoken:
        breaker.reached(carrier.name)
        return Way.OPEN
    return standing


class Claimed(NamedTuple):
    """How many messages were due, those of them for which the limits leave room, and what they are claimed by."""

    due: int
    messages: list[Message]
    claim: str
    limits: list[limits.Limit]


def _claim(now: datetime.datetime, gate: Gate, limit: int, carrier: Carrier, tally: Tally) -> Claimed:
    claim = str(uuid.uuid4())
    due = (
        Message.objects.filter(due_at__lte=now, state__in=[State.QUEUED, State.DEFERRED])
        .filter(gate.claimable(now) & marking.claimable(now, with_key=carrier.key_life is not None))
        .order_by("due_at", "pk")
    )
    with transaction.atomic(using=db.write_connection(Message).alias, durable=True):
        messages = db.claim(due, limit)
        found = limits.all_limits() if messages else []
        places = limits.give(messages, found, now)
        passed = throttle.take(places.given, now)
        Message.objects.filter(pk__in=[message.pk for message in passed.now]).update(
            state=State.CLAIMED, claim=claim, due_at=now + datetime.timedelta(seconds=conf.MESSAGE_LEASE)
        )
        if places.leaving:
            gate.leave(places.leaving, now)
    for message in places.refused:
        tally.count(State.CANCELLED, message)
    tally.put_off += len(passed.later)
    return Claimed(len(messages), passed.now, claim, found)


class Last(NamedTuple):
    """The state that the last message handed over has now, and the statement that says so."""

    state: str
    statement: marking.Statement
    values: tuple[Any, ...]


class _Batch:
    """Messages claimed together: filled in together, handed over one by one."""

    def __init__(self, mine: Claimed, clock: Clock, gate: Gate, carrier: Carrier, tally: Tally) -> None:
        messages, claim = mine.messages, mine.claim
        self.messages = messages
        self.claim = claim
        self.limits = mine.limits
        self.clock = clock
        self.gate = gate
        self.carrier = carrier
        self.tally = tally
        self.alias = db.write_connection(Message).alias
        self.begun = clock()
        self.lease_ends = self.begun + datetime.timedelta(seconds=conf.MESSAGE_LEASE * 0.8)
        self.by_id = {message.pk: message for message in messages}
        self.marker = self._make_marker(self.begun)
        self.marker_made = self.begun
        self.settler = marking.settler(claim)
        self.sender = marking.sender(claim)
        self.postponer = marking.postponer(claim)
        self.returner = marking.postponer(claim, untouched=True)
        self.handover_limit = datetime.timedelta(seconds=conf.HANDOVER_LIMIT)
        self.told_limit = datetime.timedelta(seconds=conf.MESSAGE_LEASE)
        self.open: tuple[int, smtp.Outcome] | None = None  # handed over, not written down yet
        self.to_tell: list[int] = []

    def run(self) -> None:
        written = letters.write(self.messages, self.begun)
        self._end(written.failed, State.FAILED)
        self._end(written.skipped, State.CANCELLED)
        refused: list[int] = []
        for number, letter in enumerate(written.letters):
            trouble = self._trouble(number)
            if trouble is not None:
                self._settle()
                self._release([later.message for later in written.letters[number:]], trouble)
                break
            if self._mark(letter.message):
                self.open = (letter.message, self.carrier.hand_over(letter, self.clock()))
            else:
                refused.append(letter.message)
        self._settle()
        telling.tell(self.to_tell, self.clock())
        if refused:
            self._explain(refused)

    # Around a hand-over -----------------------------------------------------------------------------------------------

    def _trouble(self, number: int) -> str | None:
        """Why the rest of the batch should go back into the queue, if it should."""
        if self.clock() >= self.lease_ends:
            return ""
        if self.open is not None and self._nobody_there(self.open[1]):
            return unreachable(self.carrier.problem)
        if self.open is not None and not self.carrier.ready:
            self._settle()  # before waiting for a new connection
        return self.carrier.connect()

    def _nobody_there(self, last: smtp.Outcome) -> bool:
        failures = self.carrier.failures
        return bool(failures) and (last.down or failures >= conf.EMAIL_BREAKER_FAILURES)

    def _make_marker(self, now: datetime.datetime) -> marking.Statement:
        allowed = self.gate.allowed(now) & limits.room(self.limits, now)
        return marking.marker(self.claim, allowed, self.carrier.key_life)

    def _mark(self, message_id: int) -> bool:
        """Write down the outcome of the message before, and that this one is being handed over: one commit for both."""
        now = self.clock()
        if now - self.marker_made >= GATE_FRESH:
            self.marker, self.marker_made = self._make_marker(now), now
        values: tuple[Any, ...] = (message_id, now, now + self.handover_limit)
        if self.carrier.key_life is not None:
            values += (now + self.carrier.key_life,)
        last = self._last(now)
        if last is None:
            with transaction.atomic(using=self.alias, durable=True):
                return self.marker.run(*values) == 1
        try:
            marked = self.marker.run_with(last.statement, last.values, *values)
        except OperationalError:
            # Two rows in one transaction can meet somebody who holds one and wants the other. One at a time cannot.
            self._settle()
            marked = self.marker.run(*values)
        else:
            self._written(last.state)
        return marked == 1

    def _settle(self) -> None:
        """Write down the outcome of the last hand-over by itself."""
        last = self._last(self.clock())
        if last is None:
            return
        try:
            last.statement.run(*last.values)
        except OperationalError:
            # Nobody else knows what the mail server said: once more, on a new connection where this one has been cut.
            db.write_connection(Message).close_if_unusable_or_obsolete()
            last.statement.run(*last.values)
        self._written(last.state)

    def _written(self, state: str) -> None:
        if self.open is not None:
            self.tally.count(state, self.open[0])
            if state in (State.SENT, State.BOUNCED):
                self.to_tell.append(self.open[0])
            self.open = None

    def _last(self, now: datetime.datetime) -> Last | None:
        """How to write down the outcome of the last hand-over, if that has not been done yet."""
        if self.open is None:
            return None
        message_id, outcome = self.open
        message = self.by_id[message_id]
        state, reason = outcome.state, outcome.reason[:500]
        if state == smtp.SENT:
            return Last(state, self.sender, (message_id, now, now + self.told_limit))
        if outcome.down:
            values = (message_id, unreachable(outcome.reason)[:500], now, message.key_until)
            return Last(State.QUEUED, self.returner, values)
        if state == smtp.UNKNOWN:
            again = self._with_key(message, now)
            if again is not None:
                return Last(State.DEFERRED, self.postponer, (message_id, reason, *again))
        if state == smtp.DEFERRED:
            due = marking.next_try(message, now)
            if due is not None:
                return Last(state, self.postponer, (message_id, reason, due, message.key_until))
            state = smtp.FAILED if message.key_until is None else smtp.UNKNOWN
            words = _t("given up after %(tries)s tries, the last answer was: %(answer)s")
            reason = (words % {"tries": message.attempts + 1, "answer": reason})[:500]
        told = now + self.told_limit if state == smtp.BOUNCED else None
        return Last(state, self.settler, (message_id, state, reason, now, told))

    def _with_key(
        self, message: Message, now: datetime.datetime
    ) -> tuple[datetime.datetime, datetime.datetime] | None:
        """When to hand over again, with the same key, what was perhaps taken, and until when: while the key is good."""
        if self.carrier.key_life is None:
            return None
        until = message.key_until or now - self.handover_limit + self.carrier.key_life
        due = marking.next_try(message, now)
        return (due, until) if due and marking.in_time(until, due) else None

    # Those that are not handed over -----------------------------------------------------------------------------------

    def _mine(self, ids: Collection[int]) -> Any:
        return Message.objects.filter(pk__in=ids, state=State.CLAIMED, claim=self.claim)

    def _release(self, ids: Collection[int], reason: str) -> None:
        """Back into the queue, as if nothing had been tried. With a reason: the mail server cannot be reached."""
        self.tally.released += self._mine(ids).update(
            state=State.QUEUED, claim="", due_at=self.clock(), reason=reason[:500]
        )

    def _end(self, reasons: dict[int, str], state: str) -> None:
        by_reason: dict[str, list[int]] = defaultdict(list)
        for pk, reason in reasons.items():
            by_reason[reason].append(pk)
        now = self.clock()
        for reason, ids in by_reason.items():
            self._mine(ids).update(
                state=state, reason=reason[:500], settled_at=now, due_at=None, claim="", send_key=None
            )
            for pk in ids:
                self.tally.count(state, pk)

    def _explain(self, ids: list[int]) -> None:
        """Why the mark was refused, a few statements for all of them."""
        mine = set(self._mine(ids).values_list("pk", flat=True))  # the others were called back or taken over
        reasons: dict[int, str] = {}
        for words, passed in (
            (_t("the address is suppressed"), consent.not_suppressed()),
            (_t("the contact has not agreed to the topic"), Q(ignores_topics=True) | consent.may_receive()),
        ):
            asked = mine - reasons.keys()
            ok = set(Message.objects.filter(pk__in=asked).filter(passed).values_list("pk", flat=True))
            reasons |= dict.fromkeys(asked - ok, words)
        rest = sorted(mine - reasons.keys() - self._without_room(mine))
        if rest:
            reasons |= {pk: words for pk, words in self.gate.reason(rest, self.clock()).items() if pk in mine}
        self._end(reasons, State.CANCELLED)
        # Without room, which is decided at the next claim; or refused a moment ago and fine now, as somebody changed
        # their mind in between.
        self._mine(mine - reasons.keys()).update(state=State.QUEUED, claim="", due_at=self.clock())

    def _without_room(self, ids: Collection[int]) -> set[int]:
        found = Message.objects.filter(pk__in=ids)
        roomy = found.filter(limits.room(self.limits, self.clock())).values_list("pk", flat=True)
        return set(ids) - set(roomy)
