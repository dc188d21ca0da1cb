"""What people find out about messages that were perhaps sent."""

from __future__ import annotations

import datetime
from collections.abc import Collection

from django.utils.translation import gettext as _t

from .models import Message

State = Message.State


def unknown() -> int:
    """How many messages wait for a decision."""
    return Message.objects.filter(state=State.UNKNOWN).count()


def resolve(ids: Collection[int], arrived: bool, now: datetime.datetime) -> list[int]:
    """Somebody knows whether these messages arrived: they have been sent, or go out now. Returns those concerned.

    Only what nobody else has decided meanwhile. Whatever stops messages stops these too, when they are handed over.
    """
    with_state = Message.objects.filter(pk__in=ids, state=State.UNKNOWN).order_by("pk")
    concerned = list(with_state.values_list("pk", flat=True))
    found = Message.objects.filter(pk__in=concerned, state=State.UNKNOWN)
    if arrived:
        # Due, so that the next look at the queue tells it as an event.
        found.update(state=State.SENT, reason=_t("Somebody found out that it arrived."), due_at=now)
    else:
        found.update(
            state=State.QUEUED,
            reason=_t("Somebody found out that it did not arrive."),
            due_at=now,
            settled_at=None,
            marked_at=None,
            key_until=None,
            claim="",
        )
    return concerned
