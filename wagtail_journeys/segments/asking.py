"""Which of some contacts pass each of many filters, in one statement per hundred; how a filter is put is remembered.

Django takes longer to put a filter into SQL than the database to answer it for a batch. What it made of a condition is
kept, with places for the contacts and for the moments that move with the clock, and filled in the next time.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.core.signals import setting_changed
from django.db import connections, router
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.db.models.signals import post_migrate
from django.utils.dateparse import parse_datetime

from wagtail_journeys.contacts.models import Contact

#: Questions asked in one statement; SQLite takes at most 500 in a compound select.
QUESTIONS_PER_STATEMENT = 100
#: Remembered questions; then all are forgotten.
MOST = 5_000
#: How far apart the two moments are for which a question is put, to see what moves with the clock: whatever does not move
#: as far as the clock itself, such as a day or a year, is not the same then.
APART = datetime.timedelta(days=401, hours=5, minutes=7, seconds=11)

_IDS = object()


@dataclass(frozen=True)
class _Moment:
    """In place of a parameter: so long after the moment for which is asked."""

    after: datetime.timedelta


@dataclass(frozen=True)
class Part:
    """A question in SQL. ``sql`` selects the ids of those who pass; "" where nobody can."""

    sql: str
    params: tuple[Any, ...] = ()

    def fill(self, contacts: Any, now: datetime.datetime, connection: Any) -> Iterator[Any]:
        for param in self.params:
            if param is _IDS:
                yield contacts
            elif isinstance(param, _Moment):
                yield connection.ops.adapt_datetimefield_value(now + param.after)
            else:
                yield param


_remembered: dict[tuple[str, str], Part] = {}


def forget(**kwargs: Any) -> None:
    """Settings and content types are part of what is remembered."""
    _remembered.clear()


setting_changed.connect(forget, dispatch_uid="wagtail_journeys.asking")
post_migrate.connect(forget, dispatch_uid="wagtail_journeys.asking")


def part(key: str, steady: bool, put: Callable[[datetime.datetime], Q], now: datetime.datetime) -> Part:
    """The question ``put`` in SQL. ``steady``: it is the same whenever it is put, but for what ``now`` moves.

    Raises what ``put`` raises. A question that looks something up in the database to be put is not remembered.
    """
    connection = connections[router.db_for_write(Contact)]
    known = _remembered.get((connection.alias, key))
    if known is not None:
        return known
    with _statements() as seen:
        made = _compile(put(now), connection)
        if not steady or seen:
            return made
        later = _compile(put(now + APART), connection)
    moving = _moving(made, later, now, connection)
    if moving is None or seen:
        return made
    if len(_remembered) >= MOST:
        _remembered.clear()
    _remembered[connection.alias, key] = moving
    return moving


@contextmanager
def _statements() -> Iterator[list[str]]:
    """The statements that are made inside, on whatever connection."""
    seen: list[str] = []

    def note(execute: Any, sql: str, *args: Any) -> Any:
        seen.append(sql)
        return execute(sql, *args)

    with ExitStack() as stack:
        for connection in connections.all():
            stack.enter_context(connection.execute_wrapper(note))
        yield seen


def _compile(found: Q, connection: Any) -> Part:
    among = "SELECT unnest(%s::bigint[])" if _has_arrays(connection) else "SELECT value FROM json_each(%s)"
    asked = Contact.objects.order_by().filter(pk__in=RawSQL(among, [_IDS]))  # noqa: S611 constants
    try:
        sql, params = asked.filter(found).values_list("pk").query.get_compiler(connection=connection).as_sql()
    except EmptyResultSet:
        return Part("")
    return Part(sql, tuple(params))


def _has_arrays(connection: Any) -> bool:
    return bool(connection.vendor == "postgresql")


def _moving(one: Part, other: Part, now: datetime.datetime, connection: Any) -> Part | None:
    """What two questions have in common that differ by the moment only; None where they differ by more."""
    if one.sql != other.sql or len(one.params) != len(other.params):
        return None
    params: list[Any] = []
    for first, second in zip(one.params, other.params, strict=True):
        if first is second or (type(first) is type(second) and first == second):
            params.append(first)
            continue
        before, after = _moment(first), _moment(second)
        if before is None or after is None or after - before != APART:
            return None
        moment = _Moment(before - now)
        if connection.ops.adapt_datetimefield_value(now + moment.after) != first:
            return None
        params.append(moment)
    return Part(one.sql, tuple(params))


def _moment(param: Any) -> datetime.datetime | None:
    """A parameter as a moment, in whatever form the connection gives it to its driver."""
    try:
        found = parse_datetime(param) if isinstance(param, str) else param
    except ValueError:
        return None
    if not isinstance(found, datetime.datetime):
        return None
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


def answer(
    questions: Mapping[str, tuple[Part, Collection[int]]], now: datetime.datetime
) -> dict[str, set[int]]:
    """The contacts that pass each question, out of those asked about. One statement per hundred questions."""
    connection = connections[router.db_for_write(Contact)]
    answers: dict[str, set[int]] = {key: set() for key in questions}
    keys = [key for key, (made, contacts) in questions.items() if made.sql and contacts]
    for start in range(0, len(keys), QUESTIONS_PER_STATEMENT):
        asked = keys[start : start + QUESTIONS_PER_STATEMENT]
        written: dict[int, str] = {}
        parts: list[str] = []
        params: list[Any] = []
        for number, key in enumerate(asked):
            made, contacts = questions[key]
            ids = written.get(id(contacts))
            if ids is None:
                ids = written[id(contacts)] = _written(contacts, connection)
            parts.append(f"SELECT {number}, wj_{number}.* FROM ({made.sql}) wj_{number}")  # noqa: S608
            params += made.fill(ids, now, connection)
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(parts), params)
            for number, pk in cursor.fetchall():
                answers[asked[number]].add(pk)
    return answers


def _written(contacts: Collection[int], connection: Any) -> str:
    """The ids as one parameter, in the form that is cheapest to pass."""
    if _has_arrays(connection):
        return "{" + ",".join(map(str, contacts)) + "}"
    return json.dumps(list(contacts))
