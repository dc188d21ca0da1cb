"""A mail server that cannot be reached pauses the queue, until one worker has tried it with success. A row, so that all
workers know."""

from __future__ import annotations

import datetime
from enum import Enum

from wagtail_journeys import db
from wagtail_journeys.conf import conf

from .traffic import MailServer

LONGEST_REST = 15 * 60  # seconds


class Way(Enum):
    """Whether messages may be handed over now."""

    OPEN = "open"
    DOUBTFUL = "doubtful"  # some tries were in vain, not yet enough
    PROBE = "probe"  # one message, to see
    CLOSED = "closed"


def look(key: str, now: datetime.datetime) -> Way:
    """One statement where all is well. The probe goes to whoever asks first; nobody else gets one for a while."""
    row = MailServer.objects.filter(pk=key).order_by().values_list("failures", "open_until").first()
    if row is None:
        return Way.OPEN
    failures, until = row
    if until is None:
        return Way.DOUBTFUL
    if until > now:
        return Way.CLOSED
    taken = MailServer.objects.filter(pk=key, open_until=until).update(open_until=now + _rest(failures))
    return Way.PROBE if taken else Way.CLOSED


def reached(key: str) -> None:
    """The server has answered: nothing bad is known any more."""
    MailServer.objects.filter(pk=key).delete()


def failed(key: str, times: int, error: str, now: datetime.datetime) -> bool:
    """The server could not be reached, so many times in a row. Returns whether the queue is paused now."""
    db.insert_rows(
        MailServer,
        ["key", "failures", "error"],
        [(key, times, error[:500])],
        on_conflict="(key) DO UPDATE SET failures = wagtail_journeys_mailserver.failures + excluded.failures, "
        "error = excluded.error",
        returning=(),
    )
    row = MailServer.objects.get(pk=key)
    if row.failures < conf.EMAIL_BREAKER_FAILURES:
        return False
    row.opened_at = row.opened_at or now
    row.open_until = now + _rest(row.failures)
    row.save(update_fields=["opened_at", "open_until"])
    return True


def _rest(failures: int) -> datetime.timedelta:
    """Twice as long for every further ``EMAIL_BREAKER_FAILURES`` in a row."""
    beyond = min(max(0, failures // max(1, int(conf.EMAIL_BREAKER_FAILURES)) - 1), 10)
    return datetime.timedelta(seconds=min(float(conf.EMAIL_BREAKER_REST) * 2**beyond, LONGEST_REST))
