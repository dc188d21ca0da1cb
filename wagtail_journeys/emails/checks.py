from __future__ import annotations

import datetime
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from wagtail_journeys.conf import conf
from wagtail_journeys.emails import throttle

SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
LONGEST = 30  # seconds


def check_email_timeout(**kwargs: Any) -> list[CheckMessage]:
    """A mail server that never answers must not hold a worker for ever."""
    if settings.EMAIL_BACKEND != SMTP_BACKEND:
        return []
    timeout = settings.EMAIL_TIMEOUT
    if not timeout:
        return [
            Error(
                "EMAIL_TIMEOUT is not set: a mail server that hangs would stop all emails.",
                hint=f"Set EMAIL_TIMEOUT to {LONGEST} seconds or less.",
                id="wagtail_journeys.E101",
            )
        ]
    if timeout >= conf.HANDOVER_LIMIT:
        return [
            Error(
                "EMAIL_TIMEOUT is not shorter than JOURNEYS_HANDOVER_LIMIT: messages would be shown as perhaps sent while "
                "they are still being handed over.",
                hint=f"Set EMAIL_TIMEOUT to {LONGEST} seconds or less.",
                id="wagtail_journeys.E102",
            )
        ]
    if timeout > LONGEST:
        return [
            Warning(
                f"EMAIL_TIMEOUT is {timeout} seconds: one mail server that hangs holds a worker for so long.",
                hint=f"Set EMAIL_TIMEOUT to {LONGEST} seconds or less.",
                id="wagtail_journeys.W101",
            )
        ]
    return []


def check_email_traffic(**kwargs: Any) -> list[CheckMessage]:
    """Settings that are read when messages go out must be readable before."""
    found: list[CheckMessage] = []
    wrong = []
    for name, said in conf.RATE_LIMITS.items():
        if name not in {throttle.ALL, throttle.OTHER, *throttle.GROUPS} and not str(name).startswith("@"):
            wrong.append(f"{name!r} is no group")
        try:
            throttle.parse(str(said))
        except ValueError as error:
            wrong.append(str(error))
    if wrong:
        known = ", ".join([throttle.ALL, *throttle.GROUPS, throttle.OTHER, "@example.com"])
        found.append(
            Error(
                f"JOURNEYS_RATE_LIMITS cannot be read: {'; '.join(wrong)}.",
                hint=f"There are {known}.",
                id="wagtail_journeys.E103",
            )
        )
    if conf.WARM_UP and not _is_schedule(conf.WARM_UP):
        found.append(
            Error(
                "JOURNEYS_WARM_UP cannot be read.",
                hint='Write it like {"from": "2026-03-01", "messages": [50, 100, 200]}.',
                id="wagtail_journeys.E104",
            )
        )
    bounces = conf.SOFT_BOUNCES
    if not (isinstance(bounces, tuple | list) and len(bounces) == 2 and all(type(n) is int for n in bounces)):
        found.append(
            Error(
                "JOURNEYS_SOFT_BOUNCES is not a pair of numbers.",
                hint="Write it like (3, 30): three in thirty days.",
                id="wagtail_journeys.E105",
            )
        )
    return found


def _is_schedule(said: Any) -> bool:
    try:
        datetime.date.fromisoformat(str(said["from"]))
        return all(type(number) is int and number >= 0 for number in said["messages"])
    except (KeyError, TypeError, ValueError):
        return False
