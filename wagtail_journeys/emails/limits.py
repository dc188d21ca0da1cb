"""How many emails a contact gets at most in a rolling period (semantics C4): whether there is room for one more.

A message takes room from the moment it is marked for hand-over until that moment lies further back than the period.
One that is being prepared holds its place; one that was surely not sent gives it back. Transactional email neither
takes room nor asks for it. A contact who has paused emails has no room before the pause is over.

Exact for any number of workers: places are given in the transaction that claims messages, while nobody else can give
places to the same contacts. The mark itself tests the limits once more.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _t

from wagtail_journeys import db
from wagtail_journeys.contacts.models import Contact

from .models import Message, SendingLimit

State = Message.State

#: States in which a message has taken room, at the time of its mark.
TAKEN = (State.HANDING_OVER, State.SENT, State.UNKNOWN)
#: Somebody else's message may have the last place, or may yet not be sent: look again after so long.
SOON = datetime.timedelta(minutes=1)

WAIT, SKIP, EXIT = "wait", "skip", "exit"


@dataclass(frozen=True)
class Limit:
    """At most ``most`` emails in ``length``; ``topic`` None: of all topics together."""

    most: int
    length: datetime.timedelta
    topic: int | None
    words: str

    def counts(self, topic: int | None) -> bool:
        return self.topic is None or self.topic == topic


@dataclass(frozen=True)
class Full:
    """There is no room. ``again``: when to look again; ``sure`` is False while only unsent messages are in the way."""

    again: datetime.datetime
    sure: bool
    words: str
    paused: bool = False


def all_limits() -> list[Limit]:
    """The limits as they stand. One statement."""
    rows = SendingLimit.objects.select_related("topic").order_by("pk")
    return [Limit(row.most, row.length, row.topic_id, str(row)) for row in rows]


@dataclass
class Ledger:
    """What contacts have got, and what is on its way to them."""

    limits: Sequence[Limit]
    now: datetime.datetime
    sent: dict[int, list[tuple[datetime.datetime, int | None]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    pending: dict[int, list[int | None]] = field(default_factory=lambda: defaultdict(list))
    pauses: dict[int, datetime.datetime] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        limits: Sequence[Limit],
        contacts: Collection[int],
        now: datetime.datetime,
        waiting: Iterable[str] = (),
        but: Collection[int] = (),
    ) -> Ledger:
        """Two statements, or one without limits. ``waiting`` are states that count as on their way; ``but`` are ids."""
        ledger = cls(limits, now)
        if not contacts:
            return ledger
        paused = Contact.objects.filter(pk__in=contacts, paused_until__gt=now)
        ledger.pauses = {pk: until for pk, until in paused.values_list("pk", "paused_until") if until}
        if not limits:
            return ledger
        since = now - max(limit.length for limit in limits)
        rows = (
            Message.objects.order_by()
            .filter(
                Q(state__in=TAKEN, marked_at__gt=since) | Q(state__in=list(waiting)),
                contact_id__in=contacts,
                ignores_topics=False,
            )
            .exclude(pk__in=but)
        )
        for contact, topic, state, marked_at in rows.values_list(
            "contact_id", "topic_id", "state", "marked_at"
        ):
            if state in TAKEN and marked_at is not None:
                ledger.sent[contact].append((marked_at, topic))
            else:
                ledger.pending[contact].append(topic)
        for taken in ledger.sent.values():
            taken.sort(key=lambda row: row[0])
        return ledger

    def full(self, contact: int, topic: int | None) -> Full | None:
        """Why there is no room for one more, or None where there is."""
        found: Full | None = None
        if contact in self.pauses:
            found = Full(self.pauses[contact], True, "", paused=True)
        for limit in self.limits:
            if not limit.counts(topic):
                continue
            since = self.now - limit.length
            taken = [at for at, other in self.sent[contact] if at > since and limit.counts(other)]
            pending = sum(limit.counts(other) for other in self.pending[contact])
            if len(taken) >= limit.most:
                again = taken[len(taken) - limit.most] + limit.length
                if found is None or not found.sure or again > found.again:
                    found = Full(again, True, limit.words)
            elif len(taken) + pending >= limit.most and found is None:
                found = Full(self.now + SOON, False, limit.words)
        return found

    def take(self, contact: int, topic: int | None) -> None:
        """One more is on its way."""
        self.pending[contact].append(topic)


def words(full: Full) -> str:
    """Why a message is held back, for the timeline."""
    if full.paused:
        return _t("the contact has paused emails until %s") % date_format(localtime(full.again))
    return _t("no room for another email: %s") % full.words


def room(limits: Sequence[Limit], now: datetime.datetime) -> Q:
    """Messages for which there is room, as far as marked ones are concerned: for the statement that marks one more."""
    paused = Contact.objects.filter(pk=OuterRef("contact_id"), paused_until__gt=now)
    found = Q(ignores_topics=True) | ~Q(Exists(paused))
    for limit in limits:
        taken = Message.objects.order_by().filter(
            contact_id=OuterRef("contact_id"),
            ignores_topics=False,
            state__in=TAKEN,
            marked_at__gt=now - limit.length,
        )
        if limit.topic is not None:
            taken = taken.filter(topic_id=limit.topic)
        full = taken.values("contact_id").annotate(n=Count("pk")).filter(n__gte=limit.most)
        concerned = Q(ignores_topics=False)
        if limit.topic is not None:
            concerned &= Q(topic_id=limit.topic)
        found &= ~concerned | ~Q(Exists(full))
    return found


@dataclass
class Places:
    """What became of messages that asked for room."""

    given: list[Message] = field(default_factory=list)
    held: dict[int, str] = field(default_factory=dict)  # stay in the queue
    refused: dict[int, str] = field(default_factory=dict)  # are not sent
    leaving: dict[int, str] = field(default_factory=dict)  # out of those: their journeys end


def give(messages: Sequence[Message], limits: Sequence[Limit], now: datetime.datetime) -> Places:
    """Give places to messages that are locked by the caller; what gets none is put back or called off.

    In the caller's transaction, which must go on to claim those with a place. Campaigns with the lowest priority number
    come first. Six statements, however many messages; one without limits, unless somebody has paused emails.
    """
    asking = [message for message in messages if not message.ignores_topics]
    if not asking:
        return Places(given=list(messages))
    contacts = {message.contact_id for message in asking}
    if limits:
        db.lock_each(Message, [f"room:{contact}" for contact in contacts])
    ledger = Ledger.of(limits, contacts, now, [State.CLAIMED], [message.pk for message in asking])
    if not limits and not ledger.pauses:
        return Places(given=list(messages))
    priorities = dict(
        Message.objects.filter(pk__in=[message.pk for message in asking]).values_list(
            "pk", "campaign__priority"
        )
    )
    places = Places()
    order = {message.pk: number for number, message in enumerate(asking)}
    without: list[tuple[Message, Full]] = []
    for message in sorted(asking, key=lambda each: (priorities.get(each.pk) or 0, order[each.pk])):
        full = ledger.full(message.contact_id, message.topic_id)
        if full is None:
            ledger.take(message.contact_id, message.topic_id)
        else:
            without.append((message, full))
    _put_back(without, places, now)
    gone = {message.pk for message, _full in without}
    places.given = [message for message in messages if message.pk not in gone]
    return places


def _put_back(without: Sequence[tuple[Message, Full]], places: Places, now: datetime.datetime) -> None:
    rows: list[tuple[Any, ...]] = []
    for message, full in without:
        said = words(full)
        ends = message.hold_until
        waits = not full.sure or (message.when_full == WAIT and (ends is None or now < ends))
        if waits:
            again = min(full.again, ends) if full.sure and ends else full.again
            places.held[message.pk] = said
            rows.append((message.pk, State.QUEUED.value, again, None))
        else:
            places.refused[message.pk] = said
            if message.when_full == EXIT:
                places.leaving[message.pk] = said
            rows.append((message.pk, State.CANCELLED.value, None, now))
    capped = {message.pk: message.capped_at or now for message, _full in without}
    reasons = {**places.held, **places.refused}
    db.update_rows(
        Message,
        "id",
        ["state", "due_at", "settled_at", "reason", "capped_at", "claim"],
        [(pk, state, due, settled, reasons[pk][:500], capped[pk], "") for pk, state, due, settled in rows],
    )
    Message.objects.filter(pk__in=places.refused).update(send_key=None)
