"""A host that does not answer is left alone for a while, then tried with a single call. Rows, so that all workers know."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import QuerySet

from wagtail_journeys import db
from wagtail_journeys.conf import conf

from .models import Breaker, Call

LONGEST_REST = 15 * 60  # seconds


@dataclass(frozen=True, slots=True)
class Known:
    """What the open breakers say at one moment."""

    closed_to_us: frozenset[str]  # nothing is sent there now
    probing: frozenset[str]  # one call may go there, to whoever takes the probe first


def look(now: datetime.datetime) -> Known:
    """One statement; usually no rows."""
    rows = Breaker.objects.filter(open_until__isnull=False).values_list("host", "open_until")
    resting: set[str] = set()
    probing: set[str] = set()
    for host, until in rows:
        if until is not None:
            (resting if until > now else probing).add(host)
    return Known(frozenset(resting), frozenset(probing))


def take_probe(host: str, now: datetime.datetime, until: datetime.datetime) -> bool:
    """Whether the probe is ours; nobody else gets one before ``until``. Must be called inside a transaction."""
    mine = Breaker.objects.filter(host=host, open_until__lte=now)
    # Whoever settles a call of this host has its row and may want ours: not waited for.
    return bool(db.claim(mine, 1)) and mine.update(open_until=until) == 1


def record(answered: Iterable[str], failed: Mapping[str, tuple[int, str]], now: datetime.datetime) -> None:
    """What a batch of calls has shown: hosts that answered, and for the others the number of failures and the last error.

    A few statements, and one for each host that fell silent.
    """
    fine = set(answered)
    if fine:
        closed = Breaker.objects.filter(host__in=fine)
        was_open = list(closed.filter(opened_at__isnull=False).values_list("host", flat=True))
        closed.delete()
        if was_open:
            _queued(was_open).filter(due_at__gt=now).update(due_at=now)
    bad = {host: said for host, said in failed.items() if host not in fine}
    if not bad:
        return
    db.insert_rows(
        Breaker,
        ["host", "failures", "error"],
        [(host, count, error[:500]) for host, (count, error) in sorted(bad.items())],
        on_conflict="(host) DO UPDATE SET failures = wagtail_journeys_breaker.failures + excluded.failures, "
        "error = excluded.error",
        returning=(),
    )
    open_now = list(
        Breaker.objects.filter(host__in=bad, failures__gte=conf.CALLS_BREAKER_FAILURES).order_by("host")
    )
    for row in open_now:
        row.opened_at = row.opened_at or now
        row.open_until = now + datetime.timedelta(seconds=_rest(row.failures))
    db.update_rows(
        Breaker,
        "host",
        ["opened_at", "open_until"],
        [(row.host, row.opened_at, row.open_until) for row in open_now],
    )
    # What waits is put off, so that looking for work does not stumble over it; a queued call is otherwise due at once.
    for row in open_now:
        _queued([row.host]).filter(due_at__lt=row.open_until).update(due_at=row.open_until)


def _queued(hosts: list[str]) -> QuerySet[Call]:
    return Call.objects.filter(host__in=hosts, state=Call.State.QUEUED).order_by()


def _rest(failures: int) -> float:
    beyond = min(max(0, failures - int(conf.CALLS_BREAKER_FAILURES)), 10)
    return min(float(conf.CALLS_BREAKER_REST) * 2**beyond, LONGEST_REST)
