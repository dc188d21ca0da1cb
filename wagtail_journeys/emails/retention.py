"""What has been kept long enough is thrown away, a little at a time: the values in messages, and old sign-ups.

What stays of a message is that it was sent, when, to whom and what became of it; its links go on working.
"""

from __future__ import annotations

import datetime

from wagtail_journeys.conf import conf
from wagtail_journeys.contacts import sign_ups
from wagtail_journeys.events.models import Heartbeat

from .models import Message

NAME = "retention"
EVERY = datetime.timedelta(hours=24)
#: Messages looked at with one statement, and how often in one look: the alarm clock has other things to do.
BATCH, TIMES = 2_000, 5


def look(now: datetime.datetime) -> int:
    """Once a day, in as many looks as it takes. Returns how many messages were emptied."""
    beat, _made = Heartbeat.objects.get_or_create(pk=NAME, defaults={"at": now})
    if beat.until is not None and now < beat.until:
        return 0
    emptied = 0
    finished = not conf.MESSAGE_BODIES_DAYS
    for _time in range(TIMES):
        if finished:
            break
        number, finished = _empty(beat, now)
        emptied += number
    if finished:
        sign_ups.purge(now)
        if beat.holder:
            beat.position = int(beat.holder) - 1
        beat.holder, beat.at, beat.until = "", now, now + EVERY
    beat.save()
    return emptied


def _empty(beat: Heartbeat, now: datetime.datetime) -> tuple[int, bool]:
    """The next messages by number, which grows with time. One that may still be sent is looked at again the next day:
    ``holder`` is the lowest of those."""
    before = now - datetime.timedelta(days=conf.MESSAGE_BODIES_DAYS)
    columns = ("pk", "created_at", "state", "emptied_at")
    rows = list(Message.objects.filter(pk__gt=beat.position).order_by("pk").values_list(*columns)[:BATCH])
    old = [row for row in rows if row[1] < before]
    ids = [pk for pk, _at, state, emptied in old if emptied is None and state in Message.FINAL]
    Message.objects.filter(pk__in=ids).update(context={}, merge={}, emptied_at=now)
    waiting = [pk for pk, _at, state, _emptied in old if state not in Message.FINAL]
    if waiting and not beat.holder:
        beat.holder = str(waiting[0])
    if old:
        beat.position = old[-1][0]
    return len(ids), len(old) < BATCH
