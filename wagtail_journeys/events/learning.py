"""What the catalogue learns from the log of events, off the path of the events themselves.

Every ``EVERY`` it reads on where it stopped, by the numbers of the events: after an outage it catches up, and nothing is
counted twice. What bots did is left out.
"""

from __future__ import annotations

import datetime
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Max, Q

from wagtail_journeys import db
from wagtail_journeys.events import catalogue
from wagtail_journeys.events.bots import BOT
from wagtail_journeys.events.models import Event, EventDefinition, Heartbeat, InboxItem
from wagtail_journeys.events.observing import MAX_EXAMPLES, MAX_PROPERTIES, example_of, kind_of

EVERY = datetime.timedelta(seconds=20)
CHUNK = 5_000  # events read at once
LIMIT = 2.0  # seconds of one look; the next one goes on
DAYS = 60  # for which the events of each day are kept
MAX_SOURCES = 20
#: Names that only visitors have sent: anybody can make them up. Of more, those not seen for longest are forgotten.
MAX_VISITORS_NAMES = 2_000

#: How far it has read, and how far the log went when it last looked.
READ, SEEN = "catalogue", "catalogue log"

#: Properties with which the package itself marks events.
OUR_MARKS = frozenset({BOT, catalogue.UNDECLARED, catalogue.CHAIN, "unverified"})

#: Events that hold what people typed into fields, with the properties that are not theirs.
TYPED = {catalogue.FORM_SUBMIT: {"form_title", "locale"}}

LEARNT = ["first_seen", "last_seen", "volume", "daily", "seen_properties", "sources"]
BLANK = {
    "label": "",
    "description": "",
    "declared": False,
    "anonymous_allowed": False,
    "declared_properties": [],
    "expected": False,
    "ignored": False,
}


@dataclass
class Seen:
    """What one chunk of the log says of the events of one name."""

    number: int = 0
    first: datetime.datetime | None = None
    last: datetime.datetime | None = None
    days: Counter[str] = field(default_factory=Counter)
    sources: set[str] = field(default_factory=set)
    kinds: dict[str, set[str]] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, event: str, source: str, at: datetime.datetime, properties: Any) -> None:
        self.number += 1
        self.first = at if self.first is None else min(self.first, at)
        self.last = at if self.last is None else max(self.last, at)
        self.days[at.astimezone(datetime.UTC).date().isoformat()] += 1
        self.sources.add(source)
        for name, value in properties.items() if isinstance(properties, dict) else ():
            kind = kind_of(value)
            if not kind or name in OUR_MARKS or not name.strip() or not name.isprintable():
                continue
            if name not in self.kinds and len(self.kinds) >= MAX_PROPERTIES:
                continue
            self.kinds.setdefault(name, set()).add(kind)
            examples = self.examples.setdefault(name, [])
            if len(examples) < MAX_EXAMPLES:
                example = example_of(name, value) if event not in TYPED or name in TYPED[event] else ""
                if example and example not in examples:
                    examples.append(example)


def look(now: datetime.datetime) -> int:
    """Learn what is new, once in ``EVERY``; returns how many events were read. One statement where it is too early."""
    last = Heartbeat.objects.filter(pk=READ).values_list("at", flat=True).first()
    return 0 if last and now - EVERY < last <= now else learn(now)


def learn(now: datetime.datetime) -> int:
    """Read on in the log, for ``LIMIT`` seconds at most; returns how many events were read."""
    stop = time.monotonic() + LIMIT
    total = 0
    until = _readable(now)
    while until is not None:
        read = _read_on(now, until)
        total += read
        if read < CHUNK or time.monotonic() > stop:
            break
    if total:
        catalogue.forget()
    return total


def _readable(now: datetime.datetime) -> int | None:
    """Up to which number the log is complete; None where somebody else looks just now.

    On PostgreSQL several workers write at once, and a lower number may be committed after a higher one: it is read as
    far as it went at the look before. SQLite has one writer at a time.
    """
    with db.batch(InboxItem):
        if not db.try_lock(InboxItem, READ):
            return None
        top = Event.objects.aggregate(top=Max("pk"))["top"] or 0
        before, _created = Heartbeat.objects.get_or_create(pk=SEEN, defaults={"at": now, "position": 0})
        Heartbeat.objects.filter(pk=SEEN).update(at=now, position=top)
        alone = db.write_connection(Event).vendor == "sqlite"
        return top if alone else min(before.position, top)


def _read_on(now: datetime.datetime, until: int) -> int:
    with db.batch(InboxItem):
        if not db.try_lock(InboxItem, READ):
            return 0
        place, _created = Heartbeat.objects.get_or_create(pk=READ, defaults={"at": now, "position": 0})
        rows = list(
            Event.objects.filter(pk__gt=place.position, pk__lte=until)
            .order_by("pk")
            .values_list("pk", "name", "source", "occurred_at", "properties")[:CHUNK]
        )
        _write(_summary(row[1:] for row in rows), now)
        position = rows[-1][0] if len(rows) == CHUNK else max(until, place.position)
        Heartbeat.objects.filter(pk=READ).update(at=now, position=position)
        return len(rows)


def _summary(rows: Iterable[tuple[Any, ...]]) -> dict[str, Seen]:
    found: dict[str, Seen] = {}
    for name, source, at, properties in rows:
        if not (isinstance(properties, dict) and BOT in properties):
            found.setdefault(name, Seen()).add(name, source, at, properties)
    return found


def _write(found: dict[str, Seen], now: datetime.datetime) -> None:
    """Three statements at most, four where names that only visitors send come in for the first time."""
    if not found:
        return
    known = EventDefinition.objects.filter(name__in=found).in_bulk(field_name="name")
    changed = [
        (known[name].pk, *_merged(known[name], seen, now)) for name, seen in found.items() if name in known
    ]
    db.update_rows(EventDefinition, "id", LEARNT, changed)
    new = {name: seen for name, seen in found.items() if name not in known}
    room = _room(sum(catalogue.only_visitors(seen.sources) for seen in new.values()))
    rows = []
    for name, seen in new.items():
        if name not in catalogue.LABELS and catalogue.only_visitors(seen.sources):
            if room <= 0:
                continue
            room -= 1
        rows.append((name, *BLANK.values(), *_merged(EventDefinition(), seen, now)))
    db.insert_rows(EventDefinition, ["name", *BLANK, *LEARNT], rows, ignore_conflicts=True, returning=())


def _merged(known: EventDefinition, seen: Seen, now: datetime.datetime) -> tuple[Any, ...]:
    """The columns ``LEARNT`` after ``seen`` was added to what was known."""
    oldest = (now - datetime.timedelta(days=DAYS)).date().isoformat()
    newest = (now + datetime.timedelta(days=1)).date().isoformat()
    days = Counter(known.daily) + seen.days
    properties = dict(known.seen_properties)
    for name, kinds in seen.kinds.items():
        if name not in properties and len(properties) >= MAX_PROPERTIES:
            continue
        before = properties.get(name, {"kinds": [], "examples": []})
        examples = list(dict.fromkeys([*before["examples"], *seen.examples[name]]))
        properties[name] = {
            "kinds": sorted({*before["kinds"], *kinds}),
            "examples": examples[:MAX_EXAMPLES],
        }
    return (
        min(at for at in (known.first_seen, seen.first) if at),
        max(at for at in (known.last_seen, seen.last) if at),
        known.volume + seen.number,
        {day: number for day, number in sorted(days.items()) if oldest < day <= newest},
        properties,
        sorted({*known.sources, *seen.sources})[:MAX_SOURCES],
    )


def _room(wanted: int) -> int:
    """How many more names that only visitors send may be kept; makes room by forgetting those not seen for longest."""
    if not wanted:
        return 0
    visitors = Q()
    for source in catalogue.VISITORS:
        visitors |= Q(sources=[source])
    theirs = EventDefinition.objects.filter(visitors, declared=False, expected=False, ignored=False).exclude(
        name__in=catalogue.LABELS
    )
    number = theirs.count()
    too_many = number + wanted - MAX_VISITORS_NAMES
    if too_many > 0 and number:
        oldest = list(theirs.order_by("last_seen", "pk").values_list("pk", flat=True)[:too_many])
        EventDefinition.objects.filter(pk__in=oldest).delete()
        number -= len(oldest)
    return max(0, MAX_VISITORS_NAMES - number)
