"""The life of a campaign: pause, resume, stop, end, archive, restore (semantics P2).

Each is one transaction of a few statements, however many contacts are inside, and does nothing when it has been done
already. What is not possible now raises ``NotPossible`` with what to do instead. ``user`` (None: the system) is asked
against the lock of the campaign and named in the log; whether it may do it at all the views ask.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.html import strip_tags
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from wagtail.locks import ScheduledForPublishLock
from wagtail.log_actions import log

from wagtail_journeys import db, jobs
from wagtail_journeys.calls import outbox as calls
from wagtail_journeys.calls.models import Call
from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.campaigns.states import Phase, Transition, possible
from wagtail_journeys.emails import outbox as emails
from wagtail_journeys.emails.models import Message
from wagtail_journeys.exceptions import NotPossible
from wagtail_journeys.journeys import endings
from wagtail_journeys.journeys.models import Journey

#: For those whose time came while the campaign was paused: do it now, leave that step out, or leave the campaign.
NOW, SKIP, EXIT = "now", "skip", "exit"
OVERDUE = {
    NOW: _("do it now"),
    SKIP: _("leave out the step that was due, and go on behind it"),
    EXIT: _("leave the campaign"),
}

#: So many pauses are remembered.
PAUSES = 100

State = Campaign.State


@dataclass(frozen=True)
class Numbers:
    """What a transition is about. ``waiting`` of those ``inside`` are not due yet; ``overdue`` became due while paused."""

    inside: int = 0
    waiting: int = 0
    overdue: int = 0
    messages: int = 0
    calls: int = 0


@dataclass(frozen=True)
class Done:
    """``changed`` is False where it had been done before. ``numbers`` are those from before, ``left`` who left by it."""

    changed: bool
    numbers: Numbers
    left: int = 0
    messages: int = 0  # called back
    calls: int = 0


def numbers(campaign: Campaign, now: datetime.datetime) -> Numbers:
    """Three statements."""
    found = inside(campaign).aggregate(
        inside=Count("pk"),
        waiting=Count("pk", filter=Q(due_at__gt=now)),
        overdue=Count("pk", filter=_overdue(campaign, now)),
    )
    return Numbers(
        **found,
        messages=Message.objects.filter(campaign=campaign, state__in=emails.RECALLABLE).order_by().count(),
        calls=Call.objects.filter(campaign=campaign, state__in=calls.RECALLABLE).order_by().count(),
    )


def inside(campaign: Campaign) -> QuerySet[Journey]:
    return Journey.objects.filter(campaign=campaign, state=Journey.State.ACTIVE).order_by()


def _overdue(campaign: Campaign, now: datetime.datetime) -> Q:
    """Who was due already when it was paused simply goes on."""
    if campaign.state != State.PAUSED or campaign.paused_at is None:
        return Q(pk__in=[])
    return Q(due_at__gt=campaign.paused_at, due_at__lte=now)


def pause(campaign: Campaign, user: Any, now: datetime.datetime) -> Done:
    """Nobody enters, nobody goes on, nothing goes out; timers keep their due time."""

    def do(row: Campaign, before: Numbers) -> Done:
        _set(row, state=State.PAUSED, paused_at=now)
        return Done(True, before)

    return _transition(Transition.PAUSE, {Phase.PAUSED}, campaign, user, now, do)


def resume(campaign: Campaign, user: Any, now: datetime.datetime, overdue: str = NOW) -> Done:
    """Contacts enter and go on again; ``overdue`` (NOW, SKIP, EXIT) says what becomes of those who are late."""

    def do(row: Campaign, before: Numbers) -> Done:
        left = _settle_overdue(row, overdue, now)
        _set(row, state=State.RUNNING, paused_at=None, pauses=_with_this(row, now))
        return Done(True, before, left)

    return _transition(Transition.RESUME, {Phase.LIVE}, campaign, user, now, do, choice=overdue)


def stop(campaign: Campaign, user: Any, now: datetime.datetime, overdue: str = NOW) -> Done:
    """Nobody enters; those inside finish, and then it has ended. ``overdue`` as in ``resume``, for one that is paused."""

    def do(row: Campaign, before: Numbers) -> Done:
        left = _settle_overdue(row, overdue, now)
        _set(row, state=State.STOPPING, paused_at=None)
        return Done(True, before, left)

    return _transition(
        Transition.STOP, {Phase.STOPPING, Phase.ENDED}, campaign, user, now, do, choice=overdue
    )


def end(campaign: Campaign, user: Any, now: datetime.datetime) -> Done:
    """Those inside leave now, and what is queued is called back. The campaign is not live any more."""

    def do(row: Campaign, before: Numbers) -> Done:
        reason = _t("the campaign was ended")
        # Before the messages: who is still being moved is waited for, and what that queues is called back too.
        left = endings.end(inside(row), reason, now)
        back = emails.cancel_for(Q(campaign=row), reason, now)
        calls_back = calls.cancel_for(Q(campaign=row), reason, now)
        _over(row, now)
        return Done(True, before, left, back, calls_back)

    return _transition(Transition.END, {Phase.ENDED}, campaign, user, now, do)


def archive(campaign: Campaign, user: Any, now: datetime.datetime) -> Done:
    """Out of the list, for campaigns that nobody is in any more."""

    def do(row: Campaign, before: Numbers) -> Done:
        _set(row, archived_at=now)
        return Done(True, before)

    return _transition(Transition.ARCHIVE, {Phase.ARCHIVED}, campaign, user, now, do)


def restore(campaign: Campaign, user: Any, now: datetime.datetime) -> Done:
    """Back into the list, as what it was."""

    def do(row: Campaign, before: Numbers) -> Done:
        _set(row, archived_at=None)
        return Done(True, before)

    return _transition(Transition.RESTORE, {Phase.DRAFT, Phase.ENDED}, campaign, user, now, do)


DO: dict[str, Callable[..., Done]] = {
    Transition.PAUSE: pause,
    Transition.RESUME: resume,
    Transition.STOP: stop,
    Transition.END: end,
    Transition.ARCHIVE: archive,
    Transition.RESTORE: restore,
}


def locked_by_others(campaign: Campaign, user: Any) -> str:
    """Why this person may not touch the campaign now, in words; "" where nothing stands against it.

    A lock by a colleague or by an approval that is under way counts, as for Wagtail's own Unpublish. One by a revision
    that is scheduled does not: it is about the text.
    """
    lock = campaign.get_lock()
    if user is None or lock is None or isinstance(lock, ScheduledForPublishLock) or not lock.for_user(user):
        return ""
    return strip_tags(str(lock.get_message(user) or lock.get_description(user)))


def _transition(
    transition: Transition,
    done: set[Phase],
    campaign: Campaign,
    user: Any,
    now: datetime.datetime,
    do: Callable[[Campaign, Numbers], Done],
    **said: Any,
) -> Done:
    """``do`` it to the row while nobody else changes it, unless it is in one of the phases ``done`` already."""
    with db.batch(Campaign):
        row = db.locked(Campaign.objects.filter(pk=campaign.pk).order_by("pk")).get()
        before = numbers(row, now)
        refused = refusal(transition, row, before, user)
        if refused:
            if row.phase in done:
                return Done(False, before)
            raise NotPossible(refused)
        found = do(row, before)
        counts = {
            **asdict(before),
            "left": found.left,
            "messages_back": found.messages,
            "calls_back": found.calls,
        }
        log(row, f"journeys.{transition}", user=user, data={**said, **counts})
    jobs.wake()
    for name in (*Campaign.LIFE, "live"):
        setattr(campaign, name, getattr(row, name))
    return found


def refusal(transition: str, campaign: Campaign, before: Numbers, user: Any) -> str:
    """Why it cannot be done now, and what to do instead; "" where it can."""
    if transition in possible(campaign.phase, before.inside):
        return locked_by_others(campaign, user)
    if transition == Transition.RESTORE:
        return _t("“%s” is not archived.") % campaign
    still = ngettext(
        "%d contact is still inside. End it first.",
        "%d contacts are still inside. End it first.",
        before.inside,
    )
    ways = {
        Phase.DRAFT: still % before.inside if before.inside else _t("It is not live: publish it first."),
        Phase.ENDED: _t("It has ended. Publish it to start it again."),
        Phase.ARCHIVED: _t("It is archived. Restore it first."),
        Phase.LIVE: _t("It is live. End it first, or stop it and wait until nobody is inside."),
        Phase.PAUSED: _t("It is paused. Resume it or end it first."),
        Phase.STOPPING: _t("It is stopping: those inside finish. End it now if that is too long."),
    }
    words = {"action": Transition(transition).label, "name": campaign, "why": ways[campaign.phase]}
    return _t("%(action)s: not possible for “%(name)s”. %(why)s") % words


def _with_this(campaign: Campaign, now: datetime.datetime) -> list[list[str]]:
    """The pauses of the campaign and the one that ends now, the latest ones where there were very many."""
    begin = campaign.paused_at or now
    return [*campaign.pauses, [begin.isoformat(), now.isoformat()]][-PAUSES:]


def _set(campaign: Campaign, **values: Any) -> None:
    for name, value in values.items():
        setattr(campaign, name, value)
    Campaign.objects.filter(pk=campaign.pk).update(**values)


def _over(campaign: Campaign, now: datetime.datetime) -> None:
    """What Wagtail does when something is taken off line, without writing the rest of the row."""
    _set(
        campaign,
        state=State.ENDED,
        ended_at=now,
        paused_at=None,
        live=False,
        live_since=None,
        live_revision=None,
        has_unpublished_changes=True,
    )
    campaign.revisions.update(approved_go_live_at=None)


def _settle_overdue(campaign: Campaign, overdue: str, now: datetime.datetime) -> int:
    """Returns how many left."""
    if overdue not in OVERDUE:
        raise NotPossible(_t("Choose what becomes of those who are overdue."))
    late = inside(campaign).filter(_overdue(campaign, now))
    if overdue == EXIT:
        return endings.end(late, _t("was overdue when the campaign was resumed"), now)
    if overdue == SKIP:
        late.update(skips=True)
    return 0


# --- what happens by itself ----------------------------------------------------------------------------------------------


def settle(now: datetime.datetime) -> int:
    """Campaigns that are stopping and that nobody is in any more have ended. Returns how many.

    Who was let in by a batch that had not heard of the end leaves. Two statements where there is nothing to do.
    """
    ended = Campaign.objects.filter(state=State.ENDED)
    stopping = Campaign.objects.filter(state=State.STOPPING)
    active = Journey.objects.filter(campaign=OuterRef("pk"), state=Journey.State.ACTIVE)
    for campaign in ended.filter(Exists(active)):
        with db.batch(Campaign):
            endings.end(inside(campaign), _t("the campaign was ended"), now)
    over = 0
    for pk in stopping.values_list("pk", flat=True):
        with db.batch(Campaign):
            row = db.locked(Campaign.objects.filter(pk=pk, state=State.STOPPING).order_by("pk")).first()
            if row is None or inside(row).exists():
                continue
            _over(row, now)
            log(row, "journeys.ended", data={})
            over += 1
    return over
