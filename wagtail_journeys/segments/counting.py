"""How many contacts match, told in time: exactly where that is quick, else from a sample and exactly a little later.

An editor types and looks; nothing here makes the page wait longer than about a second, however many contacts there are.
The exact number is then counted by a cluster, in slices, while the editor goes on looking (CountRequest rows).
"""

from __future__ import annotations

import datetime
import hashlib
import json
import logging
import time
from collections.abc import Sequence
from typing import Any

from django.core.cache import cache
from django.db import connections, router, transaction
from django.db.models import F, Max, Min, Q
from django.utils import timezone

from wagtail_journeys import jobs
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.exceptions import TooSlow

from . import compiler
from .compiler import Rule
from .count_requests import CountRequest
from .sampling import Count, budget, estimate

logger = logging.getLogger(__name__)

WORK = "wagtail_journeys.segments.counting.work"

#: Seconds that asking everybody may take.
EXACT_SECONDS = 0.2

#: So long after the question (seconds) there is an answer; a busy machine has the rest of the second.
LATE = 0.65

#: An answer that took longer than this (seconds) is kept for a few seconds.
WORTH_KEEPING = 0.1
KEPT_SECONDS = 5

#: From so many contacts on, PostgreSQL's own idea of their number will do.
MANY = 200_000
TOTAL_SECONDS = 0.1
TOTAL_KEPT_SECONDS = 60

# In the background, in seconds.
FIRST_TRY = 5.0  # for the whole in one statement, which is the cheapest way
SLICE_TARGET = 0.5
SLICE = 20_000  # ids, to begin with
WORK_SECONDS = 20.0  # of one task; then it makes room and asks to be called again
CLAIM = datetime.timedelta(seconds=30)
WANTED = datetime.timedelta(seconds=6)  # without anybody looking a count is given up
CALL_AGAIN = datetime.timedelta(seconds=5)
GOOD_FOR = datetime.timedelta(minutes=1)
FORGET_AFTER = datetime.timedelta(hours=1)


def key_of(match: str, rules: Sequence[Rule]) -> str:
    """The same for rules that ask the same, whatever the ids of their blocks."""

    def bare(value: Any) -> Any:
        if isinstance(value, list):
            return [bare(item) for item in value]
        if isinstance(value, dict):
            block = "type" in value and "value" in value
            return {name: bare(item) for name, item in value.items() if not (block and name == "id")}
        return value

    packed = json.dumps([match, bare(list(rules))], sort_keys=True, default=str)
    return hashlib.sha256(packed.encode()).hexdigest()


def total_contacts() -> int:
    """How many contacts there are; about, where they are many or counting them would take too long."""
    name = "wagtail_journeys:contacts"
    known = cache.get(name)
    if known is not None:
        return int(known)
    began = time.monotonic()
    found = _estimated_by_postgres()
    if found < MANY:
        try:
            with budget(TOTAL_SECONDS):
                found = Contact.objects.count()
        except TooSlow:
            # Where PostgreSQL has not looked at the table yet, and on SQLite.
            found = max(found, Contact.objects.aggregate(last=Max("pk"))["last"] or 0)
    if found >= MANY or time.monotonic() - began > WORTH_KEEPING:
        cache.set(name, found, TOTAL_KEPT_SECONDS)
    return found


def _estimated_by_postgres() -> int:
    """What autovacuum has seen last; 0 on SQLite and where it has not been there."""
    connection = connections[router.db_for_read(Contact)]
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [Contact._meta.db_table]
        )
        return max(0, int(cursor.fetchone()[0]))


def count(match: str, rules: Sequence[Rule], now: datetime.datetime) -> Count:
    """How many contacts match now, in less than a second. Raises what the conditions raise."""
    key = key_of(match, rules)
    name = f"wagtail_journeys:count:{key}"
    known = cache.get(name)
    if known is not None:
        return Count(**known)
    began = time.monotonic()
    found = _count(match, rules, now, key, total_contacts(), began + LATE)
    if time.monotonic() - began > WORTH_KEEPING:
        cache.set(name, vars(found), KEPT_SECONDS)
    return found


def _count(
    match: str, rules: Sequence[Rule], now: datetime.datetime, key: str, total: int, late: float
) -> Count:
    slow = CountRequest.objects.filter(key=key, asked_at__gt=now - GOOD_FOR).first()
    if slow and slow.state == CountRequest.State.DONE:
        return Count(slow.matched, max(slow.counted, slow.matched))
    if not slow:
        try:
            with budget(EXACT_SECONDS):
                number = compiler.everybody_matching(match, rules, now).count()
            return Count(number, max(number, total))
        except TooSlow:
            pass
    return estimate(match, rules, now, total, key, late)


# --- Exactly, in the background ------------------------------------------------------------------------------------------


def request(match: str, rules: Sequence[Rule], now: datetime.datetime) -> str:
    """Have a cluster count these rules exactly; the key to ask for the result with. Asking again costs one statement."""
    key = key_of(match, rules)
    CountRequest.objects.filter(wanted_at__lt=now - FORGET_AFTER).delete()
    CountRequest.objects.filter(key=key, asked_at__lte=now - GOOD_FOR).delete()
    ends = Contact.objects.aggregate(first=Min("pk"), last=Max("pk"))
    first = ends["first"] or 1
    _found, created = CountRequest.objects.get_or_create(
        key=key,
        defaults={
            "match": match,
            "rules": list(rules),
            "asked_at": now,
            "wanted_at": now,
            "called_at": now,
            "first_id": first,
            "upto_id": first - 1,
            "last_id": ends["last"] or 0,
        },
    )
    if created:
        _call()
    else:
        look(key, now)
    return key


def look(key: str, now: datetime.datetime) -> CountRequest | None:
    """How far a count is. Looking keeps it going; a cluster that has not come is called again."""
    found = CountRequest.objects.filter(key=key).first()
    if found is None or found.state != CountRequest.State.WAITING:
        return found
    changed = {"wanted_at": now}
    if (found.claimed_until or now) <= now and found.called_at <= now - CALL_AGAIN:
        changed["called_at"] = now
        _call()
    CountRequest.objects.filter(pk=found.pk).update(**changed)
    return found


def _call() -> None:
    def call() -> None:
        try:
            jobs.enqueue(WORK)
        except Exception:
            logger.exception("The queue does not answer; the exact number of contacts stays away")

    transaction.on_commit(call)


def work(now: datetime.datetime | None = None) -> int:
    """Go and look: count on for those who wait. Returns how many contacts were counted; gives way after a while."""
    stop = time.monotonic() + WORK_SECONDS
    done = 0
    while True:
        moment = now or timezone.now()  # noqa: TID251 a job
        found = _claim(moment)
        if found is None:
            return done
        done += _work_on(found, stop, now)
        if time.monotonic() > stop:
            jobs.enqueue(WORK)
            return done


def _claim(now: datetime.datetime) -> CountRequest | None:
    """The oldest count that somebody waits for and nobody works on, for CLAIM."""
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=now)
    waiting = CountRequest.objects.filter(free, state=CountRequest.State.WAITING, wanted_at__gt=now - WANTED)
    for found in waiting.order_by("asked_at")[:10]:
        if CountRequest.objects.filter(free, pk=found.pk).update(claimed_until=now + CLAIM):
            return found
    return None


def _work_on(found: CountRequest, stop: float, now: datetime.datetime | None) -> int:
    mine = CountRequest.objects.filter(pk=found.pk)
    before = found.counted
    try:
        if found.upto_id < found.first_id and _at_once(found):
            mine.update(state=CountRequest.State.DONE, counted=found.counted, matched=found.matched)
            return found.counted
        width = SLICE
        while found.upto_id < found.last_id and time.monotonic() < stop:
            began = time.monotonic()
            end = min(found.upto_id + width, found.last_id)
            counted, matched = _slice(found, end)
            moment = now or timezone.now()  # noqa: TID251 a job
            # With the place where it began: if somebody else has taken over, this slice is theirs.
            still_wanted = mine.filter(wanted_at__gt=moment - WANTED, upto_id=found.upto_id).update(
                upto_id=end,
                counted=F("counted") + counted,
                matched=F("matched") + matched,
                claimed_until=moment + CLAIM,
            )
            found.upto_id, found.counted = end, found.counted + counted
            if not still_wanted:
                break
            if time.monotonic() - began < SLICE_TARGET:
                width *= 2
        finished = found.upto_id >= found.last_id
        mine.update(claimed_until=None, **({"state": CountRequest.State.DONE} if finished else {}))
    except Exception:
        logger.exception("The rules of a segment in the editor cannot be counted")
        mine.update(state=CountRequest.State.FAILED, claimed_until=None)
    return found.counted - before


def _at_once(found: CountRequest) -> bool:
    try:
        with budget(FIRST_TRY):
            found.matched = compiler.everybody_matching(found.match, found.rules, found.asked_at).count()
            found.counted = Contact.objects.count()
    except TooSlow:
        return False
    return True


def _slice(found: CountRequest, end: int) -> tuple[int, int]:
    """Contacts after ``found.upto_id`` up to ``end``: how many there are, and how many of them match."""
    among = Q(pk__gt=found.upto_id, pk__lte=end)
    matching = compiler.contacts_matching(found.match, found.rules, found.asked_at)
    return Contact.objects.filter(among).count(), matching.filter(among).count()


def progress(found: CountRequest) -> Count:
    """A count in the background as it stands."""
    if found.state == CountRequest.State.DONE:
        return Count(found.matched, max(found.counted, found.matched))
    percent = (found.upto_id - found.first_id + 1) * 100 // max(1, found.last_id - found.first_id + 1)
    return Count(None, total_contacts(), exact=False, key=found.key, progress=max(0, min(99, percent)))
