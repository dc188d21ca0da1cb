"""What workers left behind: claims that ended, marks that nobody settled, outcomes that nobody told."""

from __future__ import annotations

import datetime

from django.db.models import Q
from django.utils.translation import gettext as _t

from wagtail_journeys import signals

from . import marking, telling
from .gate import Tally
from .models import Message

State = Message.State


def recover(now: datetime.datetime, key_life: datetime.timedelta | None = None) -> Tally:
    """Put expired claims back into the queue, show as unknown what was marked and never settled, tell what was sent.

    With ``key_life`` the mail server knows idempotency keys: what was marked is then handed over again while its key is
    good. What the provider has told us about has surely been sent.
    """
    tally = Tally()
    overdue = Message.objects.order_by().filter(due_at__lte=now)
    tally.released = overdue.filter(state=State.CLAIMED).update(state=State.QUEUED, claim="", due_at=now)
    too_old = Q(state__in=[State.QUEUED, State.DEFERRED]) & ~marking.claimable(now, key_life is not None)
    left = list(
        overdue.filter(Q(state__in=[State.HANDING_OVER, State.SENT, State.BOUNCED]) | too_old)
        .order_by("pk")
        .values_list("pk", "state", "verdict", "key_until")
    )
    telling.tell([pk for pk, state, _verdict, _key in left if state in (State.SENT, State.BOUNCED)], now)
    lost, again, proven = [], [], []
    for pk, state, verdict, key_until in left:
        if state in (State.SENT, State.BOUNCED):
            continue
        if verdict:
            proven.append(pk)
        elif key_life is not None and key_until is not None and marking.in_time(key_until, now):
            again.append(pk)
        else:
            lost.append(pk)
    _prove(proven, now)
    if again:
        tally.deferred = Message.objects.filter(pk__in=again, state=State.HANDING_OVER).update(
            state=State.DEFERRED, claim="", due_at=now, marked_at=None, reason=_ended()
        )
    if lost:
        tally.unknown = _give_up(lost, now)
        tally.settled = lost
        signals.messages_settled.send_robust(sender=Message, messages=lost)
    return tally


def _prove(ids: list[int], now: datetime.datetime) -> None:
    if ids:
        Message.objects.filter(pk__in=ids, state=State.HANDING_OVER).update(
            state=State.SENT, reason="", settled_at=now
        )
        telling.tell(ids, now)


def _give_up(ids: list[int], now: datetime.datetime) -> int:
    # The claim stays: should the worker be alive after all, it may still record what the mail server said.
    found = Message.objects.filter(pk__in=ids)
    number = found.filter(state=State.HANDING_OVER).update(
        state=State.UNKNOWN, reason=_ended(), settled_at=now, due_at=None
    )
    tried = found.filter(state__in=[State.QUEUED, State.DEFERRED])
    return number + tried.update(
        state=State.UNKNOWN,
        reason=_t("The mail server may have taken it, and its key against doubles is not good any more."),
        settled_at=now,
        due_at=None,
    )


def _ended() -> str:
    return _t("The worker ended while it handed the message over. The mail server may have taken it.")
