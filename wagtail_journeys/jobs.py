"""The only module that knows django-q2, which is the alarm clock: a task says "go and look" and carries no work.

A task that is lost, late or run twice does no harm: the work is rows in the database, found by whoever looks.
"""

from __future__ import annotations

import threading
import time

from django.db import transaction

TICK = "wagtail_journeys.pipeline.tick"
PULSE = "wagtail_journeys.pipeline.pulse"
CALLS = "wagtail_journeys.pipeline.dial"
PULSE_SCHEDULE = "wagtail-journeys: pulse"
WAKE_EVERY = 1.0  # seconds: a process asks for a look at most this often

_last_wake = 0.0
_wake_lock = threading.Lock()


def enqueue(path: str, *args: int) -> None:
    """Ask a cluster to call ``path`` (a dotted path) with ids at most; returns before it runs."""
    from django_q.tasks import async_task

    async_task(path, *args, save=False)


def wake() -> None:
    """After the commit, have a cluster look at the queues soon.

    At most once a second per process: what comes in between is found by the pulse, which looks every second.
    """
    transaction.on_commit(_wake_now, robust=True)


def _wake_now() -> None:
    global _last_wake
    with _wake_lock:
        now = time.monotonic()
        if now - _last_wake < WAKE_EVERY:
            return
        _last_wake = now
    enqueue(TICK)


def is_scheduled() -> bool:
    """Whether the recurring schedule is there and will fire again. One statement."""
    from django_q.models import Schedule

    schedules = Schedule.objects.filter(name=PULSE_SCHEDULE, func=PULSE)
    return schedules.exclude(repeats=0).filter(next_run__isnull=False).exists()


def ensure_schedules() -> str:
    """Create or mend the one recurring schedule. Returns what was done, in a sentence. Safe to call again."""
    from django_q.models import Schedule

    wanted = {"func": PULSE, "schedule_type": Schedule.MINUTES, "minutes": 1, "repeats": -1}
    schedule, created = Schedule.objects.get_or_create(name=PULSE_SCHEDULE, defaults=wanted)
    if created:
        return f"Created the schedule {PULSE_SCHEDULE!r}."
    changed = [name for name, value in wanted.items() if getattr(schedule, name) != value]
    if not changed:
        return f"The schedule {PULSE_SCHEDULE!r} is in place."
    for name in changed:
        setattr(schedule, name, wanted[name])
    schedule.save(update_fields=changed)
    return f"Mended the schedule {PULSE_SCHEDULE!r} ({', '.join(changed)})."
