"""What is wrong with the machinery: work that nobody does, and what to do about it. Numbers only, no personal data."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Min, Model, Q, QuerySet
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _t

from wagtail_journeys import jobs
from wagtail_journeys.calls.models import Breaker, Call, Stop
from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.campaigns.states import moving
from wagtail_journeys.conf import conf
from wagtail_journeys.contacts.sign_up_models import SignUp
from wagtail_journeys.emails.models import Message, Notice
from wagtail_journeys.emails.traffic import Feedback, MailServer
from wagtail_journeys.events.models import Heartbeat, InboxItem
from wagtail_journeys.journeys.models import EnrolRequest, Journey, PendingEntry
from wagtail_journeys.reporting.sentences import duration
from wagtail_journeys.segments.models import Segment

ERROR, WARNING, OK = "error", "warning", "ok"

#: Rows counted at most: whether ten thousand or a million are late changes nothing about what to do.
MOST = 10_000
#: How many of the newest messages and calls are looked at, and how many of them make a share.
NEWEST, ENOUGH = 5_000, 20
#: Seconds for which pages of the admin keep what was found.
KEPT = 30


@dataclass(frozen=True)
class Finding:
    """Something that is wrong: in words, what to do, and the number that is beyond its limit."""

    key: str
    level: str
    text: str
    todo: str
    value: float
    limit: float


@dataclass(frozen=True)
class Health:
    at: datetime.datetime
    findings: tuple[Finding, ...]

    @property
    def status(self) -> str:
        levels = {finding.level for finding in self.findings}
        return ERROR if ERROR in levels else WARNING if WARNING in levels else OK

    def as_dict(self) -> dict[str, Any]:
        return {
            "status": self.status,
            "at": self.at.isoformat(),
            "findings": [asdict(finding) for finding in self.findings],
        }


def look(now: datetime.datetime) -> Health:
    """Everything that is wrong now, the cause before what follows from it. Few statements, by indexes."""
    late = datetime.timedelta(seconds=conf.HEALTH_LATE)
    beats = {row.name: row for row in Heartbeat.objects.all()}
    parked = list(Campaign.objects.exclude(moving()).values_list("pk", flat=True))
    found: list[Iterator[Finding]] = [
        _cluster(beats, now),
        _schedule(),
        _inbox(now),
        _late_journeys(parked, now, late),
        _sweep(beats, now, late),
        _enrolments(parked, now, late),
        _rebuilds(now, late),
        _messages(parked, now, late),
        _calls(parked, now, late),
        _notices(now, late),
        _sign_ups(now, late),
    ]
    return Health(now, tuple(finding for findings in found for finding in findings))


def lately(now: datetime.datetime) -> Health:
    """What was found half a minute ago at most: for pages of the admin."""
    key = f"wagtail_journeys:health:{get_language()}"
    found: Health | None = cache.get(key)
    if found is None:
        found = look(now)
        cache.set(key, found, KEPT)
    return found


def _age(at: datetime.datetime, now: datetime.datetime) -> float:
    return max(0.0, round((now - at).total_seconds(), 1))


def _in_words(seconds: float) -> str:
    return duration(datetime.timedelta(seconds=seconds))


# The clock ------------------------------------------------------------------------------------------------------------


def _cluster(beats: dict[str, Heartbeat], now: datetime.datetime) -> Iterator[Finding]:
    limit = conf.HEALTH_HEARTBEAT
    start = _t(
        "Start `manage.py qcluster`, or restart it where it runs: it is alive then, but does not work."
    )
    if "tick" not in beats:
        yield Finding("cluster", ERROR, _t("No cluster has ever looked at the queues."), start, 0, limit)
        return
    age = _age(beats["tick"].at, now)
    if age > limit:
        text = _t("No cluster has looked at the queues for %s.") % _in_words(age)
        yield Finding("cluster", ERROR, text, start, age, limit)
        return
    pulse = beats.get("pulse")
    age = _age(pulse.at, now) if pulse else limit + 1
    if age > limit:
        text = _t(
            "The alarm clock stands still: what waits for its time is found only when something else happens."
        )
        todo = _t("Run `manage.py journeys_setup`. If that does not help, restart the cluster.")
        yield Finding("alarm_clock", ERROR, text, todo, age, limit)


def _schedule() -> Iterator[Finding]:
    if not jobs.is_scheduled():
        text = _t(
            "The recurring schedule is missing: a cluster that was killed does not take up its work again."
        )
        yield Finding("schedule", ERROR, text, _t("Run `manage.py journeys_setup`."), 0, 1)


def _sweep(
    beats: dict[str, Heartbeat], now: datetime.datetime, late: datetime.timedelta
) -> Iterator[Finding]:
    limit = conf.SWEEP_INTERVAL + late.total_seconds()
    if "sweep" in beats and (age := _age(beats["sweep"].at, now)) > limit:
        text = _t("Segments that time alone changes have not been looked at for %s.") % _in_words(age)
        todo = _t(
            "Look for “sweep failed” in the log of the cluster; often the rule of one segment is too slow."
        )
        yield Finding("sweep", ERROR, text, todo, age, limit)


# What is late ---------------------------------------------------------------------------------------------------------


def _overdue(
    rows: QuerySet[Any], field: str, now: datetime.datetime, late: datetime.timedelta
) -> tuple[int, float]:
    """How many rows are late by more than that, and the age of the oldest in seconds. One statement, by the index."""
    found = rows.filter(**{f"{field}__lte": now - late}).order_by(field)[:MOST]
    counted = found.aggregate(number=Count("pk"), oldest=Min(field))
    return counted["number"], _age(counted["oldest"], now) if counted["oldest"] else 0.0


def _number(number: int) -> str:
    return _t("%d or more") % number if number >= MOST else str(number)


def _late(
    key: str,
    words: str,
    todo: str,
    rows: QuerySet[Any],
    field: str,
    now: datetime.datetime,
    late: datetime.timedelta,
) -> Iterator[Finding]:
    number, age = _overdue(rows, field, now, late)
    if number:
        text = words % {"number": _number(number), "age": _in_words(age)}
        yield Finding(key, ERROR, text, todo, age, late.total_seconds())


def _look_at_the_log() -> str:
    return _t("If a cluster runs, look for errors in its log, and start another one if it is busy.")


def _late_journeys(parked: list[int], now: datetime.datetime, late: datetime.timedelta) -> Iterator[Finding]:
    active = Journey.objects.filter(state=Journey.State.ACTIVE).exclude(campaign_id__in=parked)
    yield from _late(
        "journeys",
        _t("Journeys that nobody moves though they are due: %(number)s, the oldest for %(age)s."),
        _look_at_the_log(),
        active.filter(due_at__isnull=False),
        "due_at",
        now,
        late,
    )
    yield from _late(
        "leaving",
        _t("Contacts that should have left their campaign: %(number)s, the oldest for %(age)s."),
        _look_at_the_log(),
        active.filter(leave_at__isnull=False),
        "leave_at",
        now,
        late,
    )
    yield from _late(
        "pending",
        _t("Entries that nobody decides though their time is over: %(number)s, the oldest for %(age)s."),
        _look_at_the_log(),
        PendingEntry.objects.filter(state=PendingEntry.State.WAITING),
        "deadline",
        now,
        late,
    )


def _enrolments(parked: list[int], now: datetime.datetime, late: datetime.timedelta) -> Iterator[Finding]:
    yield from _late(
        "enrolments",
        _t("Requests to add contacts to a campaign that do not end: %(number)s, the oldest for %(age)s."),
        _look_at_the_log(),
        EnrolRequest.objects.filter(state=EnrolRequest.State.WAITING).exclude(campaign_id__in=parked),
        "created_at",
        now,
        late,
    )


def _rebuilds(now: datetime.datetime, late: datetime.timedelta) -> Iterator[Finding]:
    yield from _late(
        "segments",
        _t("Segments that wait to be counted anew: %(number)s, the oldest for %(age)s."),
        _t("Look for “rebuild failed” in the log of the cluster; often the rule of one segment is too slow."),
        Segment.objects.filter(rebuild_requested_at__isnull=False),
        "rebuild_requested_at",
        now,
        late,
    )


def _inbox(now: datetime.datetime) -> Iterator[Finding]:
    waiting = InboxItem.objects.filter(dead_at__isnull=True)
    number = waiting.count()
    oldest = waiting.order_by("pk").values_list("received_at", flat=True).first()
    age = _age(oldest, now) if oldest else 0.0
    if age > conf.HEALTH_LATE:
        text = _t("The oldest event in the inbox has waited for %s.") % _in_words(age)
        yield Finding("inbox", ERROR, text, _look_at_the_log(), age, conf.HEALTH_LATE)
    if number > conf.HEALTH_INBOX:
        text = _t("Events that wait in the inbox: %s.") % number
        todo = _t("Start another cluster if the number grows.")
        yield Finding("inbox_size", WARNING, text, todo, number, conf.HEALTH_INBOX)
    dead = InboxItem.objects.filter(dead_at__isnull=False).count()
    if dead > conf.HEALTH_DEAD_LETTERS:
        text = ngettext("%d event could not be processed.", "%d events could not be processed.", dead) % dead
        todo = _t("Open the debugger: it shows why, and submits them again once the cause is mended.")
        yield Finding("dead_letters", WARNING, text, todo, dead, conf.HEALTH_DEAD_LETTERS)


# Messages and calls ---------------------------------------------------------------------------------------------------


def _newest(model: type[Model], now: datetime.datetime, **counts: Q) -> dict[str, int]:
    """How many of the newest rows, made within the window, there are of each kind. One statement, by the primary key."""
    window = datetime.timedelta(hours=conf.HEALTH_WINDOW)
    rows = model._default_manager.order_by("-pk")[:NEWEST]
    recent = Q(created_at__gte=now - window)
    return rows.aggregate(**{name: Count("pk", filter=q & recent) for name, q in counts.items()})


def _in_flight(
    rows: QuerySet[Any], states: Iterable[str], now: datetime.datetime, late: datetime.timedelta
) -> dict[str, Any]:
    """Overdue rows that were begun (``states``) or not even that. One statement, by the index on ``due_at``."""
    begun = Q(state__in=list(states))
    return (
        rows.filter(due_at__lte=now - late)
        .order_by("due_at")[:MOST]
        .aggregate(
            begun=Count("pk", filter=begun),
            waiting=Count("pk", filter=~begun),
            oldest=Min("due_at", filter=~begun),
        )
    )


def _handed_over(key: str, number: int, late: datetime.timedelta, text: str) -> Iterator[Finding]:
    if number:
        todo = _t("Nobody settles what was begun: see that a cluster runs, and look for errors in its log.")
        yield Finding(key, ERROR, text % _number(number), todo, number, 0)


def _messages(parked: list[int], now: datetime.datetime, late: datetime.timedelta) -> Iterator[Finding]:
    State = Message.State
    rows = Message.objects.exclude(campaign_id__in=parked, state__in=[State.QUEUED, State.DEFERRED])
    silent = list(MailServer.objects.filter(opened_at__isnull=False).order_by("opened_at"))
    begun = [State.CLAIMED, State.HANDING_OVER, State.SENT, State.BOUNCED]
    if silent:
        rows = rows.filter(state__in=begun)  # the others wait for the mail server
    flight = _in_flight(rows, begun, now, late)
    yield from _late(
        "reports",
        _t("Reports of email providers that nobody looks at: %(number)s, the oldest for %(age)s."),
        _look_at_the_log(),
        Feedback.objects.filter(due_at__isnull=False),
        "due_at",
        now,
        late,
    )
    yield from _handed_over(
        "hand_overs", flight["begun"], late, _t("Messages whose hand-over has begun and never ended: %s.")
    )
    if flight["waiting"]:
        age = _age(flight["oldest"], now)
        words = _t("Messages that should have gone out: %(number)s, the oldest %(age)s ago.")
        text = words % {"number": _number(flight["waiting"]), "age": _in_words(age)}
        yield Finding("messages", ERROR, text, _look_at_the_log(), age, late.total_seconds())
    counted = _newest(
        Message,
        now,
        ended=Q(state__in=[State.SENT, State.BOUNCED, State.FAILED, State.UNKNOWN]),
        bad=Q(state__in=[State.BOUNCED, State.FAILED])
        | Q(verdict__in=[Message.Verdict.HARD, Message.Verdict.COMPLAINED]),
        unknown=Q(state=State.UNKNOWN),
    )
    for server in silent:
        words = _t(
            "The mail server %(server)s cannot be reached, and the queue of messages is paused: %(error)s"
        )
        text = words % {"server": server.key, "error": server.error}
        todo = _t("Check the EMAIL_ settings and the mail server. They go out by themselves once it answers.")
        yield Finding("mail_server", ERROR, text, todo, _age(server.opened_at or now, now), 0)
    if counted["ended"] >= ENOUGH and counted["bad"] > conf.HEALTH_FAILED_SHARE * counted["ended"]:
        share = counted["bad"] / counted["ended"]
        text = _t("%(share)d %% of the newest messages have failed or were refused.") % {
            "share": round(share * 100)
        }
        todo = _t("Open Messages and look at the reasons of those that failed.")
        yield Finding("failed_messages", WARNING, text, todo, round(share, 3), conf.HEALTH_FAILED_SHARE)
    if counted["unknown"]:
        words = ngettext("%d message was perhaps sent.", "%d messages were perhaps sent.", counted["unknown"])
        todo = _t(
            "Open Messages, filter by “perhaps sent”, and decide about each. Nothing is sent again by itself."
        )
        yield Finding("unknown_messages", WARNING, words % counted["unknown"], todo, counted["unknown"], 0)


def _calls(parked: list[int], now: datetime.datetime, late: datetime.timedelta) -> Iterator[Finding]:
    State = Call.State
    silent = list(
        Breaker.objects.filter(opened_at__isnull=False).order_by("opened_at").values_list("host", flat=True)
    )
    held = Stop.objects.count()
    rows = Call.objects.exclude(
        campaign_id__in=parked, by_hand=False, state__in=[State.QUEUED, State.DEFERRED]
    )
    rows = rows.exclude(host__in=silent, state__in=[State.QUEUED, State.DEFERRED])
    flight = _in_flight(rows, [State.SENDING, State.HELD], now, late)
    yield from _handed_over(
        "calls_begun", flight["begun"], late, _t("HTTP calls that have begun and never ended: %s.")
    )
    if flight["waiting"]:
        age = _age(flight["oldest"], now)
        words = _t("HTTP calls that should have been sent: %(number)s, the oldest %(age)s ago.")
        text = words % {"number": _number(flight["waiting"]), "age": _in_words(age)}
        yield Finding("calls", ERROR, text, _look_at_the_log(), age, late.total_seconds())
    if silent:
        text = _t("Hosts that do not answer and are left alone: %s.") % ", ".join(silent[:5])
        todo = _t("Ask who runs them. Calls go on by themselves once they answer.")
        yield Finding("breakers", WARNING, text, todo, len(silent), 0)
    if held:
        words = ngettext("The calls of %d step are held back.", "The calls of %d steps are held back.", held)
        todo = _t(
            "Their receivers want no more of them. Open HTTP calls to enable them again, or take the steps out."
        )
        yield Finding("held_calls", WARNING, words % held, todo, held, 0)
    counted = _newest(Call, now, unknown=Q(state=State.UNKNOWN, is_test=False))
    if counted["unknown"]:
        words = ngettext(
            "%d HTTP call was perhaps received.", "%d HTTP calls were perhaps received.", counted["unknown"]
        )
        todo = _t("Open HTTP calls, filter by “perhaps received”, and ask the receivers for their ids.")
        yield Finding("unknown_calls", WARNING, words % counted["unknown"], todo, counted["unknown"], 0)


def _notices(now: datetime.datetime, late: datetime.timedelta) -> Iterator[Finding]:
    State = Notice.State
    yield from _late(
        "notices",
        _t("Emails to colleagues that should have gone out: %(number)s, the oldest %(age)s ago."),
        _look_at_the_log(),
        Notice.objects.filter(due_at__isnull=False),
        "due_at",
        now,
        late,
    )
    counted = _newest(Notice, now, bad=Q(state__in=[State.FAILED, State.UNKNOWN]))
    if counted["bad"]:
        words = ngettext(
            "%d email to colleagues failed or was perhaps sent.",
            "%d emails to colleagues failed or were perhaps sent.",
            counted["bad"],
        )
        todo = _t("Look at the “Notify the team” steps: is an address wrong?")
        yield Finding("failed_notices", WARNING, words % counted["bad"], todo, counted["bad"], 0)


def _sign_ups(now: datetime.datetime, late: datetime.timedelta) -> Iterator[Finding]:
    """People who wait for the email with which they confirm."""
    yield from _late(
        "sign_ups",
        _t("Emails that confirm sign-ups and should have gone out: %(number)s, the oldest %(age)s ago."),
        _look_at_the_log(),
        SignUp.objects.filter(due_at__isnull=False),
        "due_at",
        now,
        late,
    )
