"""Emails that are live say what their fragments, pages and brand say now: a change of these makes new versions of them.

The change marks the templates that show it, in its own transaction. A few are composed anew at once, the rest by the
engine's next looks; what was marked stays so until it has been done, also where a process dies in between.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Collection

from django.db import transaction
from django.db.models import Q

from wagtail_journeys import jobs
from wagtail_journeys.exceptions import TemplateError

from .models import EmailTemplate
from .rendering import compile_template

logger = logging.getLogger(__name__)

#: So many are composed before the editor's page is shown.
AT_ONCE = 10
#: And so many in one look of the engine.
BATCH = 50


def mark(which: Q, now: datetime.datetime) -> int:
    """These templates are to be composed anew; returns how many of them are live."""
    number = EmailTemplate.objects.filter(which, live=True).update(stale_at=now)
    if number:
        transaction.on_commit(lambda: _soon(number, now), robust=True)
    return number


def _soon(number: int, now: datetime.datetime) -> None:
    if number <= AT_ONCE:
        refresh(now, AT_ONCE)
    else:
        jobs.wake()


def refresh(now: datetime.datetime, limit: int = BATCH) -> int:
    """Compose marked templates anew, a batch of them; returns how many. One statement where there are none.

    One that cannot be composed any more keeps the version before, and the log says why.
    """
    stale = EmailTemplate.objects.filter(stale_at__isnull=False).select_related("locale", "site")
    done: list[tuple[int, datetime.datetime | None]] = []
    for template in stale.order_by("stale_at", "pk")[:limit]:
        try:
            if template.live:
                compile_template(template, now)
        except TemplateError:
            logger.exception("The email template %s cannot be composed anew", template.pk)
        done.append((template.pk, template.stale_at))
    _unmark(done)
    return len(done)


def _unmark(done: Collection[tuple[int, datetime.datetime | None]]) -> None:
    """But for those that have been marked again meanwhile."""
    for pk, stale_at in done:
        EmailTemplate.objects.filter(pk=pk, stale_at=stale_at).update(stale_at=None)
