"""The two statements that stand around every hand-over. Compiled once per batch, run once per message."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Sequence
from typing import Any, cast

from django.db import transaction
from django.db.models import DateTimeField, F, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.db.models.sql import UpdateQuery

from wagtail_journeys import db
from wagtail_journeys.conf import conf
from wagtail_journeys.contacts import consent

from .models import Message

State = Message.State

#: Seconds until the next try, by the number of tries so far; the last one is repeated.
BACK_OFF = (60, 300, 900, 3600, 4 * 3600)

#: Stand in the compiled statement where a message's own values go. Numbers and texts that no row has.
_ID = -907_060_504
_NOW = datetime.datetime(1970, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
_DUE = datetime.datetime(1970, 1, 3, 4, 5, 6, tzinfo=datetime.UTC)
_KEY = datetime.datetime(1970, 1, 4, 5, 6, 7, tzinfo=datetime.UTC)
_STATE, _REASON = "\x01state", "\x01reason"


class Statement:
    """An UPDATE with gaps."""

    def __init__(self, queryset: QuerySet[Message], values: dict[str, Any], gaps: Sequence[Any]) -> None:
        self.connection = db.write_connection(Message)
        query = cast(UpdateQuery, queryset.order_by().query.chain(UpdateQuery))
        query.add_update_values(values)
        self.sql, params = query.get_compiler(connection=self.connection).as_sql()
        self.params = list(params)
        adapted = [self._adapt(gap) for gap in gaps]
        self.places = [
            [place for place, param in enumerate(self.params) if type(param) is type(gap) and param == gap]
            for gap in adapted
        ]
        if not all(self.places):
            raise AssertionError("a gap has no place in the statement")

    def _adapt(self, value: Any) -> Any:
        if isinstance(value, datetime.datetime):
            return self.connection.ops.adapt_datetimefield_value(value)
        return value

    def run(self, *values: Any) -> int:
        """Fill the gaps and execute; returns the number of rows changed."""
        return self._execute(self.sql, self._fill(values))

    def run_with(self, other: Statement, others: Sequence[Any], *values: Any) -> int:
        """Run ``other`` and this one in one transaction; returns the number of rows that this one changed.

        PostgreSQL takes both as one statement, and so in one journey over the wire instead of four. They must be about
        different rows.
        """
        if self.connection.vendor == "postgresql":
            return self._execute(
                f"WITH other AS ({other.sql}) {self.sql}", [*other._fill(others), *self._fill(values)]
            )
        with transaction.atomic(using=self.connection.alias, durable=True):
            other.run(*others)
            return self.run(*values)

    def _fill(self, values: Sequence[Any]) -> list[Any]:
        params = self.params.copy()
        for value, places in zip(values, self.places, strict=True):
            adapted = self._adapt(value)
            for place in places:
                params[place] = adapted
        return params

    def _execute(self, sql: str, params: list[Any]) -> int:
        with db.prepared(self.connection) as cursor:
            cursor.execute(sql, params)
            return int(cursor.rowcount)


def permitted() -> Q:
    """Messages that consent and suppression let through."""
    return consent.not_suppressed() & (Q(ignores_topics=True) | consent.may_receive())


def marker(claim: str, allowed: Q, key_life: datetime.timedelta | None = None) -> Statement:
    """``run(id, now, due)`` → 1: the message is ours, may go out, and from here on counts as handed over.

    With ``key_life`` it carries a key against doubles, for so long from the first hand-over that nobody answered:
    ``run(id, now, due, key)`` with the end of that time.

    One statement, so that nothing can come between the test and the mark. State and claim are tested on the row itself
    (which the database tests again if somebody changed it meanwhile), the rest in what the statement looks up.
    """
    queryset = Message.objects.filter(pk=_ID, state=State.CLAIMED, claim=claim).filter(permitted())
    queryset = queryset.filter(pk__in=Message.objects.order_by().filter(pk=_ID).filter(allowed).values("pk"))
    values: dict[str, Any] = {
        "state": State.HANDING_OVER,
        "marked_at": _NOW,
        "due_at": _DUE,
        "attempts": F("attempts") + 1,
        "reason": "",
    }
    if key_life is None:
        return Statement(queryset, values, [_ID, _NOW, _DUE])
    values["key_until"] = Coalesce(F("key_until"), Value(_KEY, output_field=DateTimeField()))
    return Statement(queryset, values, [_ID, _NOW, _DUE, _KEY])


def settler(claim: str) -> Statement:
    """``run(id, state, reason, now, due)``: the message reached a final state. ``due``: somebody still has to tell of it.

    A hand-over that took so long that it was shown as unknown meanwhile is known after all.
    """
    queryset = Message.objects.filter(pk=_ID, claim=claim, state__in=[State.HANDING_OVER, State.UNKNOWN])
    values = {"state": _STATE, "reason": _REASON, "settled_at": _NOW, "due_at": _DUE, "claim": ""}
    return Statement(queryset, values, [_ID, _STATE, _REASON, _NOW, _DUE])


def sender(claim: str) -> Statement:
    """``run(id, now, due)``: the message was taken. The claim stays until ``telling`` has told it, or ``due`` is over."""
    queryset = Message.objects.filter(pk=_ID, claim=claim, state__in=[State.HANDING_OVER, State.UNKNOWN])
    values = {"state": State.SENT, "reason": "", "settled_at": _NOW, "due_at": _DUE}
    return Statement(queryset, values, [_ID, _NOW, _DUE])


def postponer(claim: str, *, untouched: bool = False) -> Statement:
    """``run(id, reason, due, key)``: the message is tried again, with ``key`` as the end of its idempotency key.

    ``untouched``: as if this try had never been made.
    """
    queryset = Message.objects.filter(pk=_ID, claim=claim, state__in=[State.HANDING_OVER, State.UNKNOWN])
    values: dict[str, Any] = {
        "state": State.QUEUED if untouched else State.DEFERRED,
        "reason": _REASON,
        "due_at": _DUE,
        "marked_at": None,
        "settled_at": None,
        "claim": "",
        "key_until": _KEY,
    }
    if untouched:
        values["attempts"] = F("attempts") - 1
    return Statement(queryset, values, [_ID, _REASON, _DUE, _KEY])


def claimable(now: datetime.datetime, with_key: bool) -> Q:
    """Leaves out messages that were perhaps taken and carry a key against doubles that is too old, or that nobody knows."""
    if not with_key:
        return Q(key_until__isnull=True)
    return Q(key_until__isnull=True) | Q(key_until__gt=now + _lease())


def in_time(key_until: datetime.datetime, due: datetime.datetime) -> bool:
    """Whether a message that is due then will be handed over while its key is good, however long it is claimed before."""
    return due + _lease() < key_until


def _lease() -> datetime.timedelta:
    return datetime.timedelta(seconds=conf.MESSAGE_LEASE)


def next_try(message: Message, now: datetime.datetime) -> datetime.datetime | None:
    """When to try a deferred message again, spread so that many do not come back at once; None after enough tries.

    The tries are counted, not the age: a message that waited for days before its first try has all of them before it.
    """
    tries = message.attempts + 1  # this one is not counted yet in the row that we hold
    waits = [BACK_OFF[min(number, len(BACK_OFF) - 1)] for number in range(tries)]
    if sum(waits) > conf.MAX_DELIVERY_AGE * 3600:
        return None
    digest = hashlib.blake2b(f"{message.uuid}:{tries}".encode(), digest_size=8).digest()
    share = int.from_bytes(digest, "big") / 2**64
    return now + datetime.timedelta(seconds=waits[-1] * (0.1 + 0.9 * share))
