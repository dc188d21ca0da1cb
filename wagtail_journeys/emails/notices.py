"""Emails to colleagues that campaigns ask for: queued with the step, handed over by delivery."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import transaction

from wagtail_journeys import db
from wagtail_journeys.conf import conf

from .models import Notice

logger = logging.getLogger(__name__)

State = Notice.State

#: A notice that was being handed over for so long is shown as perhaps sent.
LEASE = datetime.timedelta(minutes=10)
REST = datetime.timedelta(minutes=5)


@dataclass(frozen=True)
class Draft:
    """What a step wants to be sent; ``visit`` makes it once."""

    visit: int | None
    recipients: tuple[str, ...]
    subject: str
    text: str


def queue_many(drafts: Sequence[Draft], now: datetime.datetime) -> int:
    """Queue one notice per draft with one statement; returns how many are new. In the caller's transaction."""
    inserted = db.insert_rows(
        Notice,
        ["visit", "recipients", "subject", "text", "state", "due_at", "attempts", "error", "created_at"],
        [
            (
                draft.visit,
                ", ".join(draft.recipients),
                draft.subject[:300],
                draft.text,
                Notice.State.QUEUED.value,
                now,
                0,
                "",
                now,
            )
            for draft in drafts
        ],
        ignore_conflicts=True,
        returning=["id"],
    )
    return len(inserted)


def deliver(
    clock: Callable[[], datetime.datetime], send: Callable[[list[str], str, str], None], limit: int
) -> int:
    """Hand over due notices with ``send(recipients, subject, text)``; returns how many were looked at.

    Each is marked before it goes out: one that was interrupted is shown as perhaps sent and not sent again. One that the
    mail server refused is tried again, JOURNEYS_MAX_ATTEMPTS times in all. Not inside a transaction.
    """
    now = clock()
    if not Notice.objects.filter(due_at__lte=now).exists():
        return 0
    Notice.objects.filter(state=State.SENDING, due_at__lte=now).update(state=State.UNKNOWN, due_at=None)
    with transaction.atomic(using=db.write_connection(Notice).alias, durable=True):
        due = Notice.objects.filter(state=State.QUEUED, due_at__lte=now).order_by("due_at", "pk")
        notices = db.claim(due, limit)
        Notice.objects.filter(pk__in=[notice.pk for notice in notices]).update(
            state=State.SENDING, due_at=now + LEASE
        )
    for notice in notices:
        try:
            send(notice.recipients.split(", "), notice.subject, notice.text)
        except Exception as error:
            logger.warning("Notice %s was not sent", notice.pk, exc_info=True)
            attempts = notice.attempts + 1
            last = attempts >= conf.MAX_ATTEMPTS
            Notice.objects.filter(pk=notice.pk).update(
                state=State.FAILED if last else State.QUEUED,
                due_at=None if last else clock() + REST * attempts,
                attempts=attempts,
                error=f"{type(error).__name__}: {error}"[:500],
            )
        else:
            Notice.objects.filter(pk=notice.pk).update(state=State.SENT, due_at=None, sent_at=clock())
    return len(notices)
