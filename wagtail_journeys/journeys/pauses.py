"""A contact wants emails again before its pause is over: what waited for that goes on now."""

from __future__ import annotations

import datetime

from wagtail_journeys.campaigns import versions
from wagtail_journeys.campaigns.steps.send_email import SendEmail
from wagtail_journeys.emails.models import Message
from wagtail_journeys.journeys.models import Journey


def over(contact_id: int, now: datetime.datetime) -> None:
    """Journeys that stand at an email and messages that were held back are looked at again. In the caller's transaction."""
    waiting = Journey.objects.filter(contact_id=contact_id, state=Journey.State.ACTIVE, due_at__gt=now)
    held = [
        pk
        for pk, version, step in waiting.values_list("pk", "version_id", "step_id")
        if versions.graph(version)["nodes"].get(step, {}).get("type") == SendEmail.key
    ]
    Journey.objects.filter(pk__in=held).update(due_at=now)
    Message.objects.filter(
        contact_id=contact_id, state=Message.State.QUEUED, due_at__gt=now, capped_at__isnull=False
    ).update(due_at=now)
