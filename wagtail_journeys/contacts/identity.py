"""Whose event is it? A visitor may become a contact; two known contacts are never made one by themselves.

A browser is one contact's until that contact logs out on it or somebody else identifies there. What the browser does
from then on goes on under another anonymous id, which is nobody's: two people on one browser never share a history.
"""

from __future__ import annotations

import datetime
import uuid
import zoneinfo
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Q

from wagtail_journeys import db
from wagtail_journeys.contacts import countries
from wagtail_journeys.contacts.models import TEXT_COLUMNS, Contact, Identity, normalise_email

#: last_seen_at is not written more often than this per contact.
SEEN_EVERY = datetime.timedelta(minutes=5)


#: The event with which a contact leaves a browser.
LEAVES = "logout"

#: Why an alias has made nobody's history another's.
TWO_CONTACTS = "These are two contacts. They become one when somebody merges them in the admin."

_SUCCESSORS = uuid.UUID("8f0f5c0e-6d0a-4d0b-9c57-4b1f6a3f2f11")


class Claimed(Protocol):
    """What is needed of an event: whose it says it is."""

    name: str
    anonymous_id: str
    claims: dict[str, str]
    traits: dict[str, Any]
    properties: dict[str, Any]
    contact_id: int | None
    occurred_at: datetime.datetime
    received_at: datetime.datetime


@dataclass(eq=False, slots=True)
class Person:
    """A contact while a batch is worked on."""

    id: int | None = None
    email: str | None = None
    external_id: str | None = None
    values: dict[str, Any] = field(default_factory=dict)  # first_name … time_zone
    attributes: dict[str, Any] = field(default_factory=dict)
    last_seen_at: datetime.datetime | None = None
    changed: set[str] = field(default_factory=set)
    seen: bool = False
    gave_up: str | None = None  # the address in the database that is not this person's any more


@dataclass(eq=False, slots=True)
class Binding:
    """A visitor's anonymous id and whose it is, while a batch is worked on."""

    person: Person
    until: datetime.datetime | None = None
    since: datetime.datetime | None = None
    evidence: str = ""
    is_new: bool = False
    ended: bool = False


@dataclass
class Resolved:
    """What a batch said about people: contacts created, fields changed per contact, visitors bound to contacts."""

    created: set[int] = field(default_factory=set)
    changed: dict[int, set[str]] = field(default_factory=dict)
    bindings: dict[str, int] = field(default_factory=dict)


def successor(anonymous_id: str, until: datetime.datetime) -> str:
    """The anonymous id under which a browser's events go on once it is no longer its contact's."""
    return str(uuid.uuid5(_SUCCESSORS, f"{anonymous_id} {until.astimezone(datetime.UTC).isoformat()}"))


def _email(claims: dict[str, str]) -> str | None:
    address = claims.get("email")
    if not isinstance(address, str) or not address:
        return None
    address = normalise_email(address)
    try:
        validate_email(address)
    except ValidationError:
        return None
    return address if len(address) <= 320 else None


def _external_id(claims: dict[str, str]) -> str | None:
    value = claims.get("external_id")
    return value if isinstance(value, str) and 0 < len(value) <= 200 else None


def _previous_id(claims: dict[str, str]) -> str | None:
    """Of an alias: what its person was called before, a visitor's anonymous id or another contact's external id."""
    value = claims.get("previous_id")
    return value if isinstance(value, str) and 0 < len(value) <= 200 else None


def resolve(records: Sequence[Claimed], now: datetime.datetime) -> Resolved:
    """Find or create the contact of every record (sets ``contact_id``) and apply what it says about them.

    The contacts are locked until the transaction ends, so that two workers never decide about one contact at a time.
    At most nine statements, whatever the number of records.
    """
    book = _Book(records)
    for record in records:
        book.attach(record, now)
    return book.write(records, now)


class _Book:
    """The people of one batch, looked up once."""

    def __init__(self, records: Sequence[Claimed]) -> None:
        anonymous = {record.anonymous_id for record in records if record.anonymous_id}
        emails = {email for record in records if (email := _email(record.claims))}
        external = {value for record in records if (value := _external_id(record.claims))}
        external |= {value for record in records if (value := _previous_id(record.claims))}
        ids = {record.contact_id for record in records if record.contact_id}
        found = Identity.objects.filter(anonymous_id__in=anonymous)
        bound = {
            key: (pk, until) for key, pk, until in found.values_list("anonymous_id", "contact_id", "until")
        }
        self.by_id = self._load(Q(pk__in=ids | {pk for pk, _until in bound.values()}), emails, external)
        self.people: list[Person] = list(self.by_id.values())
        self.by_email = {person.email: person for person in self.people if person.email}
        self.by_external = {person.external_id: person for person in self.people if person.external_id}
        self.bindings = {
            key: Binding(self.by_id[pk], until) for key, (pk, until) in bound.items() if pk in self.by_id
        }
        self.found: dict[int, Person] = {}  # by id() of the record

    def _load(self, wanted: Q, emails: Iterable[str], external: Iterable[str]) -> dict[int, Person]:
        queryset = Contact.objects.filter(
            wanted | Q(email__in=list(emails)) | Q(external_id__in=list(external))
        ).order_by("pk")
        queryset = db.locked(queryset)
        rows = queryset.values_list("pk", "email", "external_id", "attributes", "last_seen_at", *TEXT_COLUMNS)
        return {
            pk: Person(
                pk, email, external_id, dict(zip(TEXT_COLUMNS, values, strict=True)), attributes, last_seen_at
            )
            for pk, email, external_id, attributes, last_seen_at, *values in rows
        }

    def attach(self, record: Claimed, now: datetime.datetime) -> None:
        person = self._person(record)
        if person is None:
            return
        self.found[id(record)] = person
        self._learn(person, record.traits)
        seen = min(record.occurred_at, now)
        if person.last_seen_at is None or seen >= person.last_seen_at + SEEN_EVERY:
            person.last_seen_at, person.seen = seen, True

    def _person(self, record: Claimed) -> Person | None:
        if record.contact_id:
            return self.by_id.get(record.contact_id)
        email, external_id = _email(record.claims), _external_id(record.claims)
        person = self._claimed(email, external_id) if email or external_id else None
        previous_id = _previous_id(record.claims)
        if previous_id and person is not None and self._is_refused(record, previous_id, person):
            return person
        return self._bound(record, person) if record.anonymous_id else person

    def _is_refused(self, record: Claimed, previous_id: str, person: Person) -> bool:
        """Whether an alias names a contact, or the browser of another one. Two contacts are never made one by that, and
        the event says so. The other's browser is from then on nobody's, as when two people identify on it.
        """
        other = self.by_external.get(previous_id)
        binding = self.bindings.get(record.anonymous_id)
        if other is not None:
            record.anonymous_id = ""
        elif binding is not None and _holds(binding, record):
            other = binding.person
        if other is not None and other is not person:
            record.properties = {**record.properties, "alias": False, "reason": TWO_CONTACTS}
        return not record.anonymous_id

    def _bound(self, record: Claimed, person: Person | None) -> Person | None:
        """Whose the event is, by what its browser is known for; a person who identifies there may change that."""
        binding = self.bindings.get(record.anonymous_id)
        if binding is None:
            if person is None:
                return None
            binding = Binding(person, None, record.occurred_at, record.name, is_new=True)
            self.bindings[record.anonymous_id] = binding
        person = person or (binding.person if _holds(binding, record) else None)
        if binding.until is None and person is not binding.person:
            binding.until, binding.ended = record.received_at, True
        if not _holds(binding, record):
            record.anonymous_id = successor(record.anonymous_id, binding.until or record.received_at)
        elif record.name == LEAVES and binding.until is None:
            binding.until, binding.ended = record.received_at, True
        return person

    def _claimed(self, email: str | None, external_id: str | None) -> Person:
        """The external id decides; an address that belongs to somebody else is left with them."""
        person = self.by_external.get(external_id) if external_id else None
        if person is None and email:
            owner = self.by_email.get(email)
            if owner is not None and (not external_id or not owner.external_id):
                person = owner
        if person is None:
            person = Person(values=dict.fromkeys(TEXT_COLUMNS, ""))
            self.people.append(person)
        if external_id and not person.external_id:
            person.external_id = external_id
            self.by_external[external_id] = person
            person.changed.add("external_id")
        if email and person.email != email and email not in self.by_email:
            if person.email:
                self.by_email.pop(person.email, None)
                person.gave_up = person.gave_up or (person.email if person.id else None)
            person.email = email
            self.by_email[email] = person
            person.changed.add("email")
        return person

    def _learn(self, person: Person, traits: dict[str, Any]) -> None:
        for name, value in _with_country(traits).items():
            if name in TEXT_COLUMNS:
                text = "" if value is None else str(value)[: TEXT_COLUMNS[name]]
                if name == "time_zone" and text and not _is_zone(text):
                    name, value = "time_zone_given", text  # kept, not used (semantics T1)
                elif name == "country" and text and str(value) not in countries.CODES:
                    name = "country_given"  # likewise
                else:
                    if person.values.get(name) != text:
                        person.values[name] = text
                        person.changed.add(name)
                    continue
            if name in ("email", "external_id"):
                continue  # claims, not traits: a door has to vouch for them
            if person.attributes.get(name) != value:
                person.attributes = {**person.attributes, name: value}
                person.changed.add(f"attributes.{name}")

    def write(self, records: Sequence[Claimed], now: datetime.datetime) -> Resolved:
        result = Resolved()
        self._release()
        new = [person for person in self.people if person.id is None]
        if new:
            self._insert(new, now)
            result.created = {person.id for person in new if person.id is not None}
        changed = [person for person in self.people if person.changed and person.id not in result.created]
        names = ["email", "external_id", *TEXT_COLUMNS, "attributes"]
        db.update_rows(
            Contact,
            "id",
            names,
            [
                (p.id, p.email, p.external_id, *(p.values[name] for name in TEXT_COLUMNS), p.attributes)
                for p in changed
            ],
        )
        result.changed = {person.id: person.changed for person in changed if person.id is not None}
        seen = [(p.id, p.last_seen_at) for p in self.people if p.seen and p.id not in result.created]
        for pk, _at in seen:
            if pk is not None:
                result.changed[pk] = result.changed.get(pk, set()) | {"last_seen_at"}
        db.update_rows(Contact, "id", ["last_seen_at"], seen)
        self._write_bindings()
        made = {key: binding.person for key, binding in self.bindings.items() if binding.is_new}
        result.bindings = {key: person.id for key, person in made.items() if person.id is not None}
        for record in records:
            person = self.found.get(id(record))
            if person is None and record.anonymous_id and not record.contact_id:
                person = made.get(record.anonymous_id)  # bound by a later event of this batch
            record.contact_id = person.id if person else None
        return result

    def _release(self) -> None:
        """An address that went from one person to another in this batch is free before the other one gets it."""
        freed = [(p.id, None) for p in self.people if p.gave_up and self.by_email.get(p.gave_up, p) is not p]
        db.update_rows(Contact, "id", ["email"], freed)

    def _write_bindings(self) -> None:
        db.insert_rows(
            Identity,
            ["anonymous_id", "contact", "since", "until", "evidence"],
            [
                (key, made.person.id, made.since, made.until, made.evidence[:40])
                for key, made in self.bindings.items()
                if made.is_new
            ],
            ignore_conflicts=True,
            returning=(),
        )
        ended = [(key, b.until) for key, b in self.bindings.items() if b.ended and not b.is_new]
        db.update_rows(Identity, "anonymous_id", ["until"], ended)

    def _insert(self, new: list[Person], now: datetime.datetime) -> None:
        inserted = db.insert_rows(
            Contact,
            [
                "uuid",
                "email",
                "external_id",
                *TEXT_COLUMNS,
                "attributes",
                "points",
                "lifetime_value",
                "orders",
                "created_at",
                "last_seen_at",
            ],
            [
                (
                    uuid.uuid4(),
                    p.email,
                    p.external_id,
                    *(p.values[n] for n in TEXT_COLUMNS),
                    p.attributes,
                    0,
                    0,
                    0,
                    now,
                    p.last_seen_at,
                )
                for p in new
            ],
            ignore_conflicts=True,
            returning=["id", "email", "external_id"],
        )
        ids = {(email, external_id): pk for pk, email, external_id in inserted}
        late = []
        for person in new:
            person.id = ids.get((person.email, person.external_id))
            if person.id is None:
                late.append(person)
        if late:
            self._meet(late)

    def _meet(self, late: list[Person]) -> None:
        """Another worker created the same people at this moment: use theirs, and bring along what we learnt."""
        theirs = self._load(
            Q(pk__in=[]), [p.email for p in late if p.email], [p.external_id for p in late if p.external_id]
        )
        by_email = {person.email: person for person in theirs.values() if person.email}
        by_external = {person.external_id: person for person in theirs.values() if person.external_id}
        for person in late:
            other = by_external.get(person.external_id or "") or by_email.get(person.email or "")
            if other is None:
                raise RuntimeError("A contact could be neither created nor found; the batch is tried again.")
            person.id, person.email, person.external_id = other.id, other.email, other.external_id
            person.values = {name: person.values[name] or other.values[name] for name in TEXT_COLUMNS}
            person.attributes = {**other.attributes, **person.attributes}
            person.changed |= {"attributes"}


def _holds(binding: Binding, record: Claimed) -> bool:
    """Whether the browser was still the contact's when the event came in: by the site's clock, not the browser's."""
    return binding.until is None or record.received_at < binding.until


def _with_country(traits: dict[str, Any]) -> dict[str, Any]:
    """The traits, with the country by its two letters; that of the address where nothing else says it."""
    address = traits.get("address")
    given = traits.get("country") or (address.get("country") if isinstance(address, dict) else None)
    known = countries.code(given)
    return {**traits, "country": known} if known else traits


def _is_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
