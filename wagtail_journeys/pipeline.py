"""The story of an event, in order. Nothing here knows the queue library, and nothing below here reads the clock.

``drain``: inbox items become events of known contacts, memberships follow, contacts enter campaigns.
``advance``: journeys that are due move on.
``deliver``: queued messages are handed to the mail server.
``place_calls``: queued HTTP calls are sent; their journeys go on.
``tick``: all of it once. ``pulse``: an alarm clock that calls ``tick`` every second for a while.
"""

from __future__ import annotations

import datetime
import logging
import os
import random
import socket
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TypeVar

from django.db import InterfaceError, OperationalError, close_old_connections
from django.dispatch import Signal
from django.utils import timezone

from wagtail_journeys import db, jobs, signals
from wagtail_journeys.calls import delivery as calling
from wagtail_journeys.campaigns import versions
from wagtail_journeys.conf import conf
from wagtail_journeys.contacts import identity, suppression
from wagtail_journeys.contacts.models import Contact, Suppression
from wagtail_journeys.emails import (
    carrier,
    delivery,
    notices,
    opt_in,
    refreshing,
    reports,
    retention,
    settling,
)
from wagtail_journeys.events import catalogue, learning, log, orders, places, turns
from wagtail_journeys.events.models import Event, Heartbeat, InboxItem
from wagtail_journeys.exceptions import BadEvent
from wagtail_journeys.journeys import (
    candidates,
    dates,
    engine,
    enrolment,
    entries,
    goals,
    lifecycle,
    merging,
    publishing,
    wakeups,
    winning,
)
from wagtail_journeys.journeys.calling import CallGate
from wagtail_journeys.journeys.candidates import Candidate
from wagtail_journeys.journeys.gate import JourneyGate
from wagtail_journeys.journeys.models import Journey
from wagtail_journeys.segments import membership, sizes
from wagtail_journeys.segments.conditions.suppressed import among
from wagtail_journeys.segments.membership import Change, Moves, Touched
from wagtail_journeys.segments.models import Segment

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: A tick gives way to the next one after so many seconds of work.
TICK_LIMIT = 20.0
#: How long until somebody looks again whether old versions are still needed.
RETIRE_INTERVAL = datetime.timedelta(minutes=1)
#: After so many seconds no more calls are begun before the lease is renewed.
CALLS_LIMIT = 5.0


# --- drain: from the inbox to journeys ---------------------------------------------------------------------------------


def drain(now: datetime.datetime, limit: int | None = None) -> int:
    """Process the oldest waiting inbox items in one transaction; returns how many were taken out of the inbox.

    Items of one partition are processed in order, by one worker at a time. A batch takes at most a quarter of the
    partitions, so that four workers always find something to do.
    """
    return _drain(now, limit or conf.DRAIN_BATCH)


def _drain(now: datetime.datetime, limit: int, only: list[int] | None = None) -> int:
    """One batch; one that fails is halved until the item that makes it fail stands alone as a dead letter."""
    items: list[InboxItem] = []
    try:
        with db.batch(InboxItem):
            items = _take(limit, only)
            process(items, now)
            return len(items)
    except (OperationalError, InterfaceError):
        raise  # the database, not an item: the next tick tries again
    except Exception as error:
        if len(items) == 1:
            logger.exception("Inbox item %s cannot be processed", items[0].pk)
            _dead_letters([(items[0], f"{type(error).__name__}: {error}")], now)
            return 1
        logger.warning(
            "A batch of %s inbox items failed; it is halved to find the item", len(items), exc_info=True
        )
        partitions = sorted({item.partition for item in items})
        return sum(_drain(now, max(1, len(items) // 2), partitions) for _half in range(2))


def _take(limit: int, only: list[int] | None) -> list[InboxItem]:
    """The oldest items of some partitions that nobody else is working on, held until the transaction ends."""
    waiting = InboxItem.objects.filter(dead_at__isnull=True).order_by("pk")
    if only is None:
        found = waiting.values_list("partition", flat=True)[:limit]
        only = sorted(set(found), key=lambda partition: random.random())  # noqa: S311 workers spread out
    most = max(1, conf.PARTITIONS // 4)
    mine = db.try_locks(InboxItem, [f"inbox:{partition}" for partition in only], most)
    partitions = [int(name.partition(":")[2]) for name in mine]
    return list(waiting.filter(partition__in=partitions)[:limit]) if partitions else []


def _dead_letters(items: list[tuple[InboxItem, str]], now: datetime.datetime) -> None:
    db.update_rows(
        InboxItem,
        "id",
        ["dead_at", "error", "attempts"],
        [(item.pk, now, error[:2000], item.attempts + 1) for item, error in items],
    )


def process(items: list[InboxItem], now: datetime.datetime) -> None:
    """One batch, in the caller's transaction: contacts, events, memberships, entries.

    The number of statements does not depend on the number of items.
    """
    if not items:
        return
    records, unusable = [], []
    for item in items:
        try:
            records.append(log.read(item))
        except BadEvent as error:
            unusable.append((item, str(error)))
    people = identity.resolve(records, now)
    places.find(records)
    catalogue.hold(records)
    new = log.write(records)
    adopted = log.adopt(people.bindings)
    for contact, changed in orders.count(new + adopted).items():
        people.changed.setdefault(contact, set()).update(changed)
    adoptable = candidates.adoptable(adopted, now)
    catalogue.hold(adoptable)
    touched = _touched(people, new + adopted)
    follow(touched, now, new + adoptable, chains=candidates.chains(new))
    dead = {item.pk for item, _error in unusable}
    _dead_letters(unusable, now)
    InboxItem.objects.filter(pk__in=[item.pk for item in items if item.pk not in dead]).delete()
    _announce(signals.events_recorded, Event, "events", [record.id for record in new if record.id])


def follow(
    touched: Touched,
    now: datetime.datetime,
    events: Sequence[log.Recorded] = (),
    moved: Sequence[Change] = (),
    chains: Mapping[int, int] | None = None,
) -> None:
    """What follows from events and from changes to contacts: memberships, then entries, then waits that are over.

    ``moved`` has the changes to segments kept by hand (``Touched.segments``) that have been written already; ``chains``
    says how many campaigns have led to the change of a contact. Runs in the caller's transaction. Whoever changes
    contacts outside of the pipeline calls it.
    """
    changes = [*moved, *membership.refresh(touched, now)]
    contacts = touched.contacts() | {change.contact for change in changes}
    _enter(events, changes, contacts, now, touched=touched, chains=chains)


def _enter(
    events: Sequence[log.Recorded],
    changes: Sequence[Change],
    contacts: Iterable[int],
    now: datetime.datetime,
    *,
    touched: Touched | None = None,
    deadlines: bool = False,
    chains: Mapping[int, int] | None = None,
    added: Sequence[Candidate] = (),
) -> None:
    """Goals and exits, entries, the goals of those who have just entered, and waits that are over; in this order."""
    campaigns = versions.heard()
    hits = goals.hits(campaigns, events, changes)
    goals.settle(hits, now)
    goals.leave(campaigns, touched or Touched(), changes, now)
    dates.refile(campaigns, touched or Touched(), events, now)
    begun = entries.consider(
        events, changes, contacts, now, campaigns=campaigns, deadlines=deadlines, chains=chains, added=added
    )
    if begun:
        goals.settle(hits, now, begun)
    wakeups.wake(touched or Touched(), changes, now)
    _announce(signals.journeys_entered, Journey, "journeys", [each.id for each in begun])


def _touched(people: identity.Resolved, events: list[log.Recorded]) -> Touched:
    touched = Touched(created=set(people.created))
    for contact, fields in people.changed.items():
        for name in fields:
            touched.fields[name].add(contact)
    for event in events:
        if event.contact_id:
            touched.events[event.name].add(event.contact_id)
    return touched


def _announce(signal: Signal, model: type[Event] | type[Journey], what: str, ids: list[int]) -> None:
    """Tell the site after the commit, if it listens."""
    if ids and signal.has_listeners(model):
        db.after_commit(
            model, lambda: signal.send(model, **{what: list(model.objects.filter(pk__in=ids).order_by("pk"))})
        )


def merge(kept_id: int, gone_id: int, now: datetime.datetime) -> bool:
    """Make two contacts one, for good, in one transaction; segments and campaigns look at the one that stays.

    Returns False where one of them is gone already.
    """
    with db.batch(Contact):
        moved = merging.move(kept_id, gone_id, now)
        if moved:
            follow(Touched(created={kept_id}), now)
    return moved


def lift_suppressions(hashes: Collection[str], now: datetime.datetime) -> int:
    """Send to suppressed addresses again; segments and campaigns look at whose they are. Returns how many there were."""
    with db.batch(Contact):
        found = Suppression.objects.filter(address_hash__in=hashes)
        contacts = set(Contact.objects.filter(among(found)).values_list("pk", flat=True))
        lifted = suppression.lift(hashes)
        if contacts:
            touched = Touched()
            touched.fields["suppression"] = contacts
            follow(touched, now)
        return lifted


def hear_reports(now: datetime.datetime, limit: int | None = None) -> int:
    """Look at what became of messages after the hand-over; returns how many reports. One that fails stands alone in the end.

    Segments and campaigns look at contacts whose address is suppressed since.
    """
    if not reports.anything_due(now):
        return 0
    limit = limit or conf.REPORT_BATCH
    try:
        with db.batch(Contact):
            looked = reports.look(now, limit)
            touched = Touched()
            found = Suppression.objects.filter(address_hash__in=looked.suppressed)
            contacts = Contact.objects.filter(among(found)) if looked.suppressed else Contact.objects.none()
            touched.fields["suppression"] = set(contacts.values_list("pk", flat=True))
            if touched.fields["suppression"]:
                follow(touched, now)
            return looked.reports
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if limit > 1:
            return hear_reports(now, max(1, limit // 10))
        logger.exception("A report about an email cannot be understood")
        return reports.give_up(now, error)


# --- the clock: what time alone changes --------------------------------------------------------------------------------


def rebuild(now: datetime.datetime) -> int:
    """Bring segments that were published or edited up to date; returns the number of memberships changed.

    Where others write meanwhile, until a second look finds nothing more that has changed.
    """
    total = 0
    for _look in range(3):
        changed = _with_entries(membership.rebuild_requested, now)
        total += changed
        if not changed:
            break
    return total


def sweep(now: datetime.datetime) -> int:
    """Segments that the clock alone can change, once per JOURNEYS_SWEEP_INTERVAL; memberships changed."""
    last = Heartbeat.objects.filter(pk="sweep").values_list("at", flat=True).first()
    if last and now - datetime.timedelta(seconds=conf.SWEEP_INTERVAL) < last <= now:
        return 0

    def find(now: datetime.datetime) -> Moves:
        moves = membership.sweep(now, last)
        sizes.take(now)
        Heartbeat.objects.update_or_create(pk="sweep", defaults={"at": now})
        return moves

    return _with_entries(find, now)


def _with_entries(find: Callable[[datetime.datetime], Moves], now: datetime.datetime) -> int:
    with db.batch(InboxItem):
        if not db.try_lock(InboxItem, "segments"):
            return 0
        moves = find(now)
        for changes in moves.parts():
            _enter([], changes, {change.contact for change in changes}, now)
        grown = {diff.segment for diff in moves.diffs if diff}
        if grown:
            sizes.take(now, grown)
        return len(moves)


def change_list(
    change: Callable[..., list[Change]], segment: Segment, contacts: Collection[int], now: datetime.datetime
) -> int:
    """Add contacts to a segment kept by hand, or remove them (``change`` is a function of ``segments.lists``).

    Segments that ask about it, and campaigns, follow in the same transaction. Returns how many entered or left.
    """
    with db.batch(Contact):
        changes = change(segment, contacts, now)
        if changes:
            touched = Touched()
            touched.segments[segment.pk] = {each.contact for each in changes}
            follow(touched, now, moved=[each for each in changes if not each.again])
        return len(changes)


def settle_deadlines(now: datetime.datetime) -> None:
    """Pending entries whose matching window is over are decided for the last time."""
    if not entries.anything_to_settle(now):
        return
    with db.batch(InboxItem):
        if db.try_lock(InboxItem, "deadlines"):
            _enter([], [], (), now, deadlines=True)


def settle_leaving(now: datetime.datetime) -> None:
    """Journeys whose contact has not matched the filters for as long as the campaign allows."""
    if Journey.objects.filter(leave_at__lte=now, state=Journey.State.ACTIVE).exists():
        with db.batch(Journey):
            goals.look(versions.heard(), now)


def enrol(now: datetime.datetime, limit: int | None = None, only: int | None = None) -> int:
    """Look at the next contacts whom somebody adds to a campaign; returns how many. A request that fails is given up.

    ``only`` names the request; else the smallest that waits goes first.
    """
    if only is None and not enrolment.anything_to_do(now):
        return 0
    part = None
    try:
        with db.batch(InboxItem):
            part = enrolment.next_part(now, limit or conf.ENROL_BATCH, only)
            if part is None:
                return 0
            _enter([], [], (), now, added=part.candidates)
            enrolment.settle(part, now)
            return max(1, len(part.candidates))
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if part is None:
            raise
        logger.exception("Enrolment %s cannot be done", part.request.pk)
        enrolment.fail(part.request.pk, error, now)
        return 1


def settle_campaigns(now: datetime.datetime) -> None:
    """Campaigns that nobody is in any more end where they are to.

    Once a minute old versions are retired, and variants of emails compared whose moment has come.
    """
    lifecycle.settle(now)
    if turns.take("retire", RETIRE_INTERVAL, now):
        publishing.retire(now)
        winning.look(now)


def file_dates(now: datetime.datetime) -> None:
    """Dates of contacts that start campaigns soon are filed; fixed dates that have come begin."""
    dates.look(now)


def begin_dates(now: datetime.datetime, limit: int | None = None) -> int:
    """Let in the contacts whose date has come; returns how many were looked at."""
    if not dates.anything_due(now):
        return 0
    with db.batch(InboxItem):
        due = dates.take(now, limit or conf.ENROL_BATCH)
        if due.candidates:
            _enter([], [], (), now, added=due.candidates)
        dates.done(due, now)
        return len(due.rows)


# --- advance: journeys that are due ------------------------------------------------------------------------------------


def advance(now: datetime.datetime, limit: int | None = None) -> int:
    """Move one batch of due journeys; what its steps changed about contacts is followed up in the same transaction."""
    with db.batch(Journey):
        moved = engine.move(now, limit or conf.ADVANCE_BATCH)
        if moved.fields or moved.changes:
            touched = Touched()
            touched.fields.update(moved.fields)
            for change in moved.changes:
                touched.segments[change.segment].add(change.contact)
            follow(touched, now, moved=moved.changes, chains=moved.chains)
        _announce(signals.journeys_ended, Journey, "journeys", [traveller.id for traveller in moved.ended])
        return moved.journeys


def deliver(now: datetime.datetime | None = None, limit: int | None = None) -> delivery.Tally:
    """Hand queued messages over to the mail server; ``now`` freezes the clock (tests, rehearsals)."""
    clock = timezone.now if now is None else lambda: now
    delivery.recover(clock(), carrier.life_of_keys())
    notices.deliver(clock, carrier.send_notice, conf.MESSAGE_BATCH)
    opt_in.deliver(clock, carrier.send_question, conf.MESSAGE_BATCH)
    return delivery.deliver(clock, JourneyGate(), limit or conf.MESSAGE_BATCH)


def place_calls(now: datetime.datetime | None = None, limit: int = 1000) -> calling.Tally:
    """Send queued HTTP calls, and settle what somebody left behind; ``now`` freezes the clock (tests, rehearsals)."""
    clock = timezone.now if now is None else lambda: now
    left = calling.recover(clock(), CallGate())
    tally = calling.deliver(clock, CallGate(), limit, CALLS_LIMIT)
    tally.unknown += left.unknown
    tally.failed += left.failed
    tally.settled += left.settled
    return tally


def dial() -> None:
    """The task of whoever sends HTTP calls: beside the alarm clock, which must not wait for other systems. One at a time."""
    me = f"{socket.gethostname()[:28]}:{os.getpid()}"
    if not _take_lease(me, "calls"):
        return
    stop = time.monotonic() + TICK_LIMIT
    while time.monotonic() < stop and _take_lease(me, "calls") and place_calls().handled:
        jobs.wake()
    Heartbeat.objects.filter(pk="calls", holder=me).update(until=timezone.now())


def _dial_soon(now: datetime.datetime) -> None:
    """Have a cluster send the calls that are due, unless somebody is at it."""
    held = Heartbeat.objects.filter(pk="calls", until__gt=now).values_list("holder", flat=True).first()
    if (held is None or _is_gone(held)) and calling.anything_due(now):
        jobs.enqueue(jobs.CALLS)


# --- tick and pulse ----------------------------------------------------------------------------------------------------


def tick(now: datetime.datetime | None = None) -> int:
    """Go and look: drain, advance and deliver until nothing is left to do now. Returns the amount of work done.

    Without ``now`` the clock is read before every look. Gives way after TICK_LIMIT seconds; the rows stay for the next.
    """
    stop = time.monotonic() + TICK_LIMIT
    total = 0
    moment = now or timezone.now()
    Heartbeat.objects.update_or_create(pk="tick", defaults={"at": moment})
    for stage in (
        rebuild,
        sweep,
        settle_deadlines,
        settle_leaving,
        settle_campaigns,
        file_dates,
        refreshing.refresh,
        learning.look,
        settling.look,
        retention.look,
    ):
        _behind_a_wall(stage, moment)
    while time.monotonic() < stop:
        moment = now or timezone.now()
        done = drain(moment) + enrol(moment) + advance(moment)
        done += _behind_a_wall(begin_dates, moment) or 0
        done += _behind_a_wall(hear_reports, moment) or 0
        done += deliver(now).handled
        done += place_calls(now).handled if now else 0
        if not done:
            break
        total += done
    if now is None:
        _dial_soon(moment)
    return total


def _behind_a_wall(stage: Callable[[datetime.datetime], T], now: datetime.datetime) -> T | None:
    """What fails here for a reason of its own must not keep events and journeys from going on."""
    try:
        return stage(now)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("%s failed; it is tried again with the next look", getattr(stage, "__name__", stage))
        return None


def pulse() -> None:
    """The alarm clock: look every second for JOURNEYS_PULSE_SECONDS, then ask to be called again.

    One pulse beats at a time; a second one finds the lease taken and leaves. If the one that beats is killed, the next
    one on the same machine takes over at once, one elsewhere when the lease is over; the recurring schedule sees to it
    that there is a next one.
    """
    me = f"{socket.gethostname()[:28]}:{os.getpid()}"
    if not _take_lease(me):
        return
    stop = time.monotonic() + conf.PULSE_SECONDS
    while True:  # at least once, however long the lease has taken
        began = time.monotonic()
        if not _beat(me):
            return
        if time.monotonic() >= stop:
            break
        time.sleep(max(0.0, conf.TICK_INTERVAL - (time.monotonic() - began)))
    _hand_on(me)


def _beat(me: str) -> bool:
    """Look once; False when somebody else has the lease. What the database refuses now it may do the next time."""
    try:
        tick()
        return _take_lease(me)
    except (OperationalError, InterfaceError):
        logger.warning("A look at the queues failed; the alarm clock goes on", exc_info=True)
        close_old_connections()
        return True


def _hand_on(me: str) -> None:
    """End the lease and ask for the next pulse; once more on a new connection where the database has cut this one."""
    for last in (False, True):
        try:
            Heartbeat.objects.filter(pk="pulse", holder=me).update(until=timezone.now())
            jobs.enqueue(jobs.PULSE)
            return
        except (OperationalError, InterfaceError):
            if last:
                raise
            close_old_connections()


def _take_lease(me: str, name: str = "pulse") -> bool:
    now = timezone.now()
    until = now + datetime.timedelta(seconds=TICK_LIMIT + 10)
    lease, _created = Heartbeat.objects.get_or_create(pk=name, defaults={"at": now, "until": now})
    if lease.holder != me and lease.until and lease.until > now and not _is_gone(lease.holder):
        return False
    mine = Heartbeat.objects.filter(pk=name, holder=lease.holder, until=lease.until)
    return bool(mine.update(at=now, until=until, holder=me))


def _is_gone(holder: str) -> bool:
    """Whether the holder was a process of this machine that is no more."""
    host, _colon, pid = holder.rpartition(":")
    if host != socket.gethostname()[:28] or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False
