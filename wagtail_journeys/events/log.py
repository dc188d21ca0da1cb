"""From inbox items to the event log: read, write once, and carry a visitor's history over to a contact."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.dateparse import parse_datetime

from wagtail_journeys import db
from wagtail_journeys.events.models import Event, InboxItem
from wagtail_journeys.exceptions import BadEvent

COLUMNS = [
    "source",
    "message_id",
    "name",
    "contact",
    "anonymous_id",
    "occurred_at",
    "received_at",
    "properties",
    "site_id",
    "page_id",
    "document_id",
    "url",
]


@dataclass(slots=True)
class Recorded:
    """An event on its way through the pipeline; ``id`` is set once it is in the log, ``contact_id`` once known."""

    source: str
    message_id: str
    name: str
    occurred_at: datetime.datetime
    received_at: datetime.datetime
    contact_id: int | None = None
    anonymous_id: str = ""
    claims: dict[str, str] = field(default_factory=dict)
    traits: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    site_id: int | None = None
    page_id: int | None = None
    document_id: int | None = None
    url: str = ""
    id: int | None = None
    held: bool = False  # may start nothing, as nobody has declared it


def _text(payload: dict[str, Any], key: str, limit: int, *, required: bool = False) -> str:
    value = payload.get(key, "")
    if not isinstance(value, str) or (required and not value):
        raise BadEvent(f"“{key}” must be text.")
    if len(value) > limit:
        raise BadEvent(f"“{key}” is longer than {limit} characters.")
    return value


def _mapping(payload: dict[str, Any], key: str) -> dict[str, Any]:
    value = payload.get(key) or {}
    if not isinstance(value, dict):
        raise BadEvent(f"“{key}” must be an object.")
    return value


def _number(payload: dict[str, Any], key: str) -> int | None:
    value = payload.get(key)
    if value is not None and (
        not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63
    ):
        raise BadEvent(f"“{key}” must be a whole number.")
    return value


def read(item: InboxItem) -> Recorded:
    """An inbox item as an event. Raises BadEvent, saying what is wrong with it."""
    payload = item.payload
    if not isinstance(payload, dict):
        raise BadEvent("The event is not an object.")
    occurred = payload.get("occurred_at")
    try:
        occurred_at = parse_datetime(occurred) if isinstance(occurred, str) else None
    except ValueError:
        occurred_at = None
    if occurred_at is None or occurred_at.tzinfo is None:
        raise BadEvent("“occurred_at” must be a moment with a time zone.")
    return Recorded(
        source=_text(payload, "source", 40, required=True),
        message_id=_text(payload, "message_id", 100, required=True),
        name=_text(payload, "name", 100, required=True),
        occurred_at=occurred_at,
        received_at=item.received_at,
        contact_id=_number(payload, "contact_id"),
        anonymous_id=_text(payload, "anonymous_id", 100),
        claims=_mapping(payload, "claims"),
        traits=_mapping(payload, "traits"),
        properties=_mapping(payload, "properties"),
        site_id=_number(payload, "site_id"),
        page_id=_number(payload, "page_id"),
        document_id=_number(payload, "document_id"),
        url=_text(payload, "url", 2000),
    )


def write(records: Sequence[Recorded]) -> list[Recorded]:
    """Add events to the log; returns those that were not in it yet, with their ids. One statement."""
    rows = [
        (
            record.source,
            record.message_id,
            record.name,
            record.contact_id,
            record.anonymous_id,
            record.occurred_at,
            record.received_at,
            record.properties,
            record.site_id,
            record.page_id,
            record.document_id,
            record.url,
        )
        for record in records
    ]
    written = db.insert_rows(
        Event, COLUMNS, rows, ignore_conflicts=True, returning=["id", "source", "message_id"]
    )
    ids = {(source, message_id): pk for pk, source, message_id in written}
    new = []
    for record in records:
        record.id = ids.pop((record.source, record.message_id), None)
        if record.id is not None:
            new.append(record)
    return new


def adopt(bindings: dict[str, int]) -> list[Recorded]:
    """Give the events of visitors to the contacts they turned out to be (anonymous id → contact).

    Returns the events that changed hands. Two statements.
    """
    if not bindings:
        return []
    theirs = list(
        Event.objects.filter(anonymous_id__in=list(bindings), contact__isnull=True)
        .exclude(anonymous_id="")
        .order_by("id")
    )
    db.update_rows(Event, "id", ["contact"], [(event.pk, bindings[event.anonymous_id]) for event in theirs])
    return [_recorded(event, bindings[event.anonymous_id]) for event in theirs]


def load(ids: Iterable[int]) -> dict[int, Recorded]:
    """Events by id, as the pipeline knows them. One statement."""
    events = Event.objects.in_bulk(set(ids))
    return {pk: _recorded(event, event.contact_id) for pk, event in events.items()}


def _recorded(event: Event, contact_id: int | None) -> Recorded:
    return Recorded(
        source=event.source,
        message_id=event.message_id,
        name=event.name,
        occurred_at=event.occurred_at,
        received_at=event.received_at,
        contact_id=contact_id,
        anonymous_id=event.anonymous_id,
        properties=event.properties,
        site_id=event.site_id,
        page_id=event.page_id,
        document_id=event.document_id,
        url=event.url,
        id=event.pk,
    )
