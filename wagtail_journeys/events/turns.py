"""Work that is done once in a while, by whoever looks first."""

from __future__ import annotations

import datetime

from .models import Heartbeat


def take(name: str, every: datetime.timedelta, now: datetime.datetime) -> bool:
    """Whether it is time again, ``every`` after the last time or when the clock went back; then it counts as done now."""
    last = Heartbeat.objects.filter(pk=name).values_list("at", flat=True).first()
    if last is not None and last <= now < last + every:
        return False
    Heartbeat.objects.update_or_create(pk=name, defaults={"at": now})
    return True
