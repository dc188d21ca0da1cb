"""How fast emails go out: in all, to the large mailbox providers, and per day while a new sender is warmed up.

A rate is a row with tokens that all workers take from, many at once, in the transaction that claims messages. A message
for which none is left is put off until about its turn, behind those that were put off before it. Transactional email
takes tokens too, but never waits for one.
"""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _t

from wagtail_journeys import db
from wagtail_journeys.conf import conf

from .models import Message
from .traffic import Meter

#: Units in which JOURNEYS_RATE_LIMITS may be given, in seconds.
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
#: So many seconds' worth of tokens may pile up while nobody looks.
BURST = 2.0
#: A message is put off by this at most, so that a new limit is soon felt.
LONGEST = datetime.timedelta(hours=1)

#: The domains of large mailbox providers, with those that they have in single countries.
_COUNTRY = r"\.(?:com|(?:com?\.)?[a-z]{2})"
GROUPS: dict[str, str] = {
    "gmail": r"gmail\.com|googlemail\.com",
    "microsoft": rf"(?:outlook|hotmail|live){_COUNTRY}|msn\.com|passport\.com",
    "yahoo": rf"(?:yahoo|aol){_COUNTRY}|ymail\.com|rocketmail\.com",
    "apple": r"icloud\.com|me\.com|mac\.com",
}
ALL, OTHER, WARM_UP = "all", "other", "warm-up"


@dataclass(frozen=True)
class Rate:
    """``per_second`` tokens a second. ``key`` names the row, ``name`` is what the setting calls it."""

    name: str
    key: str
    per_second: float
    words: str

    @property
    def most(self) -> float:
        return max(1.0, self.per_second * BURST)


def rates() -> dict[str, Rate]:
    """JOURNEYS_RATE_LIMITS, read: what ``all``, a group or ``@domain`` may get."""
    return dict(_read(tuple(sorted((str(name), str(said)) for name, said in conf.RATE_LIMITS.items()))))


@functools.lru_cache(maxsize=8)
def _read(limits: tuple[tuple[str, str], ...]) -> tuple[tuple[str, Rate], ...]:
    return tuple((name, Rate(name, f"rate:{name}", parse(said), said)) for name, said in limits)


def parse(said: str) -> float:
    """Messages a second of "50/s", "600/m", "10000/d". Raises ValueError for anything else."""
    number, slash, unit = said.strip().partition("/")
    if not slash or unit.strip() not in UNITS or float(number) <= 0:
        raise ValueError(f"{said!r} is no rate: write it like 50/s, 600/m, 2000/h or 10000/d")
    return float(number) / UNITS[unit.strip()]


@functools.lru_cache(maxsize=4096)
def group_of(domain: str) -> str:
    """The large provider that a domain belongs to, or "other"."""
    return next((name for name, pattern in GROUPS.items() if re.fullmatch(pattern, domain)), OTHER)


def concerned(address: str, limits: Collection[str]) -> list[str]:
    """The names of the limits that an email to this address counts for."""
    domain = address.rpartition("@")[2].lower()
    own = f"@{domain}"
    return [name for name in (ALL, own if own in limits else group_of(domain)) if name in limits]


# Warming up -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Day:
    """One day of the warm-up: how many messages may go out, and when the next one begins."""

    key: str
    most: int
    ends: datetime.datetime


def warm_up(now: datetime.datetime) -> Day | None:
    """Today's allowance by JOURNEYS_WARM_UP; None before the first day and after the last."""
    said = conf.WARM_UP
    if not said:
        return None
    zone = ZoneInfo(settings.TIME_ZONE)
    today = now.astimezone(zone).date()
    number = (today - datetime.date.fromisoformat(str(said["from"]))).days
    allowed = list(said["messages"])
    if not 0 <= number < len(allowed):
        return None
    tomorrow = datetime.datetime.combine(today + datetime.timedelta(days=1), datetime.time(), zone)
    return Day(f"{WARM_UP}:{today.isoformat()}", int(allowed[number]), tomorrow.astimezone(datetime.UTC))


def used(day: Day) -> int:
    """How many of the day's messages are taken."""
    return int(Meter.objects.filter(pk=day.key).values_list("tokens", flat=True).first() or 0)


# Taking tokens --------------------------------------------------------------------------------------------------------


@dataclass
class Passed:
    """Which of the messages may go on now, and until when the others are put off."""

    now: list[Message] = field(default_factory=list)
    later: list[tuple[Message, datetime.datetime, str]] = field(default_factory=list)


def take(messages: Sequence[Message], now: datetime.datetime) -> Passed:
    """Take tokens for messages that the caller has locked; those without one are put off.

    In the caller's transaction. Three statements, however many messages and limits; none without limits.
    """
    limits, day = rates(), warm_up(now)
    if not messages or not (limits or day):
        return Passed(now=list(messages))
    names = {message.pk: concerned(message.address, limits.keys()) for message in messages}
    wanted = {name for found in names.values() for name in found}
    meters = _hold([limits[name].key for name in wanted], day, now)
    for name in wanted:
        _fill(meters[limits[name].key], limits[name], now)
    passed = Passed()
    for message in sorted(messages, key=lambda each: not each.ignores_topics):
        mine = [(meters[limits[name].key], limits[name]) for name in names[message.pk]]
        if not message.ignores_topics:
            if day is not None and meters[day.key].tokens >= day.most:
                words = _t("warming up: %d messages a day, the rest waits") % day.most
                passed.later.append((message, day.ends, words))
                continue
            short = [(meter, rate) for meter, rate in mine if meter.tokens < 1]
            if short:
                passed.later.append((message, *_put_off(short, now)))
                continue
        for meter, _rate in mine:
            meter.tokens -= 1
        if day is not None:
            meters[day.key].tokens += 1
        passed.now.append(message)
    db.update_rows(
        Meter,
        "key",
        ["tokens", "at", "put_off_until"],
        [(meter.key, meter.tokens, meter.at, meter.put_off_until) for meter in meters.values()],
    )
    order = {message.pk: number for number, message in enumerate(messages)}
    passed.now.sort(key=lambda message: order[message.pk])
    _write(passed)
    return passed


def _hold(keys: Iterable[str], day: Day | None, now: datetime.datetime) -> dict[str, Meter]:
    """The rows, made where they are missing, locked in one order by all workers."""
    wanted = sorted({*keys, *([day.key] if day else [])})
    found = {meter.key: meter for meter in _locked(wanted)}
    missing = [key for key in wanted if key not in found]
    if missing:
        # A rate begins with one message, and the next second fills it; a day begins with none.
        rows = [(key, 0.0 if day and key == day.key else 1.0, now) for key in missing]
        db.insert_rows(Meter, ["key", "tokens", "at"], rows, ignore_conflicts=True, returning=())
        found = {meter.key: meter for meter in _locked(wanted)}
    return found


def _locked(keys: list[str]) -> list[Meter]:
    return list(db.locked(Meter.objects.filter(pk__in=keys).order_by("pk")))


def _fill(meter: Meter, rate: Rate, now: datetime.datetime) -> None:
    passed = max(0.0, (now - meter.at).total_seconds())
    meter.tokens = min(rate.most, meter.tokens + passed * rate.per_second)
    meter.at = max(meter.at, now)


def _put_off(short: Sequence[tuple[Meter, Rate]], now: datetime.datetime) -> tuple[datetime.datetime, str]:
    """Behind those put off before, in the slowest of the rates that have nothing left."""
    meter, rate = min(short, key=lambda each: each[1].per_second)
    first = now + datetime.timedelta(seconds=(1 - meter.tokens) / rate.per_second)
    turn = max(meter.put_off_until or first, first) + datetime.timedelta(seconds=1 / rate.per_second)
    meter.put_off_until = min(turn, now + LONGEST)
    return meter.put_off_until, _t("waits for its turn: %(limit)s (%(name)s)") % {
        "limit": rate.words,
        "name": rate.name,
    }


def _write(passed: Passed) -> None:
    """A message that the mail server has put off before keeps what it said."""
    rows: list[tuple[Any, ...]] = [
        (message.pk, due, message.reason if message.attempts else words[:500])
        for message, due, words in passed.later
    ]
    db.update_rows(Message, "id", ["due_at", "reason"], rows)
