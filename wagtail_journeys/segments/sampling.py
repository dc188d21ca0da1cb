"""A number told in time: how long a statement may take, and how many match, judged by a sample of the contacts."""

from __future__ import annotations

import datetime
import math
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from django.core.cache import cache
from django.db import OperationalError, connections, router, transaction
from django.db.models import BooleanField, Max, Min
from django.db.models.expressions import RawSQL

from wagtail_journeys import db
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.exceptions import TooSlow

from . import compiler
from .compiler import Rule

#: Contacts who are asked about where everybody would take too long: first so few, then as many as time allows.
SAMPLES = (1_000, 5_000, 20_000)
FIRST_SAMPLE_SECONDS = 0.15

#: How many of the ids drawn are there is asked again after so long (seconds), if it took a while.
DRAWN_KEPT_SECONDS = 60
DRAWN_WORTH_KEEPING = 0.02


@dataclass(frozen=True)
class Count:
    """``number`` of ``total`` contacts match; None where not even a sample could be asked in time.

    Not ``exact``: an estimate from ``sampled`` contacts, true within ``margin`` on either side 19 times out of 20.
    ``examples`` are ids of contacts of the sample that match. ``key`` names the count that goes on in the background.
    """

    number: int | None
    total: int
    exact: bool = True
    margin: int = 0
    sampled: int = 0
    examples: tuple[int, ...] = field(default=())
    key: str = ""
    progress: int = 0  # percent


@contextmanager
def budget(seconds: float) -> Iterator[None]:
    """A statement inside that takes longer is given up: TooSlow. Only for reading; costs no lock.

    PostgreSQL has room for lists of all contacts meanwhile (db.ROOM).
    """
    connection = connections[router.db_for_read(Contact)]
    if connection.vendor == "postgresql":
        nested = connection.in_atomic_block
        limits = ("statement_timeout", "work_mem", "jit")
        before_them = ", ".join(f"current_setting('{name}')" for name in limits)
        try:
            with transaction.atomic(using=connection.alias):
                with connection.cursor() as cursor:
                    cursor.execute(
                        f"SELECT {before_them}, set_config('statement_timeout', %s, true), {db.ROOM}",
                        [f"{max(1, int(seconds * 1000))}ms"],
                    )
                    before = cursor.fetchone()[: len(limits)]
                yield
                if nested:  # else the limits end with the transaction
                    with connection.cursor() as cursor:
                        back = ", ".join(f"set_config('{name}', %s, true)" for name in limits)
                        cursor.execute(f"SELECT {back}", before)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") == "57014":
                raise TooSlow from error
            raise
        return
    connection.ensure_connection()
    stop = time.monotonic() + seconds
    connection.connection.set_progress_handler(lambda: time.monotonic() > stop, 10_000)
    # A transaction of its own would take SQLite's one writer lock; a failed read spoils nothing without one.
    inside = transaction.atomic(using=connection.alias) if connection.in_atomic_block else nullcontext()
    try:
        with inside:
            yield
    except OperationalError as error:
        if "interrupted" in str(error):
            raise TooSlow from error
        raise
    finally:
        connection.connection.set_progress_handler(None, 0)


def estimate(
    match: str,
    rules: Sequence[Rule],
    now: datetime.datetime,
    total: int,
    key: str = "",
    late: float = math.inf,
) -> Count:
    """From a sample of contacts drawn by id, the same one each time, so that the number does not flicker.

    ``late``: by then (of time.monotonic) a larger sample than the first is through, or given up.
    """
    ends = Contact.objects.aggregate(first=Min("pk"), last=Max("pk"))
    if ends["first"] is None:
        return Count(0, 0)
    ids = range(ends["first"], ends["last"] + 1)
    began = time.monotonic()
    smallest, *larger = SAMPLES
    try:
        asked, matching = _ask(match, rules, now, ids, smallest, FIRST_SAMPLE_SECONDS)
    except TooSlow:
        return Count(None, total, exact=False, key=key)
    took, left = time.monotonic() - began, late - time.monotonic()
    # What each statement costs by itself makes the first sample dearer for its size than a larger one.
    in_time = [size for size in larger if took * size / smallest < left * 2]
    if in_time and len(ids) > smallest:
        try:
            asked, matching = _ask(match, rules, now, ids, in_time[-1], left)
        except TooSlow:
            pass
    return _scaled(len(matching), asked, total, tuple(matching[:10]), key)


def _ask(
    match: str, rules: Sequence[Rule], now: datetime.datetime, ids: range, size: int, seconds: float
) -> tuple[int, list[int]]:
    """How many of the contacts drawn there are, and the ids of those who match, the newest first. Or TooSlow."""
    stop = time.monotonic() + seconds
    drawn = random.Random(size).sample(ids, min(size, len(ids)))  # noqa: S311 a sample, not a secret
    among = _drawn(drawn)
    asked = _how_many(among, f"{size}:{ids.start}:{ids.stop}", seconds)
    with budget(stop - time.monotonic()):
        answers = compiler.contacts_matching(match, rules, now).filter(among)
        return asked, sorted(answers.values_list("pk", flat=True), reverse=True)


def _how_many(among: Any, which: str, seconds: float) -> int:
    """How many of the ids drawn are there: what is seldom different is not asked again for a while."""
    name = f"wagtail_journeys:drawn:{which}"
    known = cache.get(name)
    if known is not None:
        return int(known)
    began = time.monotonic()
    with budget(seconds):
        found = Contact.objects.filter(among).count()
    if time.monotonic() - began > DRAWN_WORTH_KEEPING:
        cache.set(name, found, DRAWN_KEPT_SECONDS)
    return found


def _drawn(ids: list[int]) -> Any:
    """A filter on Contact that the database follows first, whatever it thinks of the other ones."""
    if connections[router.db_for_read(Contact)].vendor == "postgresql":
        table = Contact._meta.db_table
        written = "{" + ",".join(map(str, ids)) + "}"  # the driver would take a while for so many numbers
        return RawSQL(f'"{table}"."id" = ANY(%s::bigint[])', [written], output_field=BooleanField())  # noqa: S611
    return compiler.among(ids)


def _scaled(found: int, asked: int, total: int, examples: tuple[int, ...], key: str) -> Count:
    """From the sample to everybody, rounded to what the sample can tell."""
    if not asked:
        return Count(None, total, exact=False, key=key)
    share = found / asked
    if asked >= total:
        margin = 0.0
    elif found in (0, asked):
        margin = total * 3 / asked  # the rule of three: none among n is less than 3/n of all
    else:
        margin = total * 1.96 * math.sqrt(share * (1 - share) / asked)
    step = 10 ** max(0, math.floor(math.log10(margin))) if margin >= 1 else 1
    number = round(share * total / step) * step
    return Count(
        min(number, total), total, False, math.ceil(margin / step) * step, asked, examples=examples, key=key
    )
