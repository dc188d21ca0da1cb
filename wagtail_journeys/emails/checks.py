from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from wagtail_journeys.conf import conf

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
