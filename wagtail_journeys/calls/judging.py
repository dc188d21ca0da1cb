"""From an answer to what becomes of the call. Plain values: tested in a table."""

from __future__ import annotations

import datetime
import random
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from django.utils.translation import gettext as _t

from wagtail_journeys.conf import conf

from .transport import Answer

DONE, DEFERRED, FAILED, UNKNOWN = "done", "deferred", "failed", "unknown"

#: Seconds before the second try, the third …
BACK_OFF = (10, 60, 300, 1800, 7200, 18000, 36000)
#: However long a receiver asks us to stay away.
LONGEST_REST = 6 * 3600
#: Client errors that say "not now" instead of "never".
PASSING = frozenset({408, 409, 425, 429})


@dataclass(frozen=True, slots=True)
class Verdict:
    """``host_fails``: counts for the circuit breaker. ``gone``: the receiver wants no more of these (410)."""

    state: str
    error: str = ""
    retry_after: str = ""
    host_fails: bool = False
    gone: bool = False


def judge(answer: Answer, repeatable: bool) -> Verdict:
    status = answer.status
    if answer.refused:
        return Verdict(FAILED, answer.problem)
    if status is None:
        if not answer.began:
            return Verdict(DEFERRED, answer.problem, host_fails=True)
        if repeatable:
            return Verdict(DEFERRED, answer.problem, host_fails=True)
        return Verdict(UNKNOWN, _t("Nobody knows whether it arrived. %s") % answer.problem, host_fails=True)
    words = _status(status)
    if 200 <= status < 300:
        return Verdict(DONE, answer.problem)
    if status == 410:
        return Verdict(FAILED, _t("%s: the receiver wants no more of these calls.") % words, gone=True)
    if status in PASSING:
        return Verdict(DEFERRED, words, answer.retry_after)
    if status >= 500:
        return Verdict(DEFERRED if repeatable else FAILED, words, answer.retry_after, host_fails=True)
    if 300 <= status < 400:
        return Verdict(FAILED, _t("%s: redirects are not followed.") % words)
    return Verdict(FAILED, words)


def _status(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def rest_asked_for(retry_after: str, now: datetime.datetime) -> float:
    """Seconds that a Retry-After header asks for, as a number or as a date; 0 where it says nothing."""
    text = retry_after.strip()
    if text.isascii() and text.isdecimal() and len(text) < 12:
        seconds = float(text)
    else:
        try:
            moment = parsedate_to_datetime(text)
        except (TypeError, ValueError):
            return 0.0
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.UTC)
        seconds = (moment - now).total_seconds()
    return min(max(seconds, 0.0), LONGEST_REST)


def next_try(tries: int, retry_after: str, now: datetime.datetime) -> datetime.datetime | None:
    """When a call that was tried ``tries`` times is tried again: full jitter, never before the receiver asks for it.

    None after enough tries: when the rests would add up to more than JOURNEYS_CALLS_MAX_AGE.
    """
    rests = [BACK_OFF[min(number, len(BACK_OFF) - 1)] for number in range(tries)]
    if sum(rests) > conf.CALLS_MAX_AGE * 3600:
        return None
    rest = random.uniform(0, rests[-1])  # noqa: S311  spreads, hides nothing
    return now + datetime.timedelta(seconds=max(1.0, rest, rest_asked_for(retry_after, now)))
