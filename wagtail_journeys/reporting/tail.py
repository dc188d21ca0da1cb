"""The newest events, accepted and rejected alike, page by page. What a page costs does not depend on how many there are."""

from __future__ import annotations

import datetime
import heapq
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Max, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from wagtail_journeys.contacts.finding import meant
from wagtail_journeys.contacts.models import Contact, normalise_email
from wagtail_journeys.events.models import Event, InboxItem

PAGE = 50
#: How many rows one page looks through at most where a filter has no index of its own.
WINDOW = 20_000

RECORDED, WAITING, REJECTED = "recorded", "waiting", "rejected"
STATES = {RECORDED: _("recorded"), WAITING: _("waiting"), REJECTED: _("rejected")}


@dataclass(frozen=True)
class Wanted:
    """What is looked for; empty: everything."""

    state: str = ""
    source: str = ""
    name: str = ""
    contact: str = ""
    bots: str = ""

    def query(self) -> dict[str, str]:
        return {name: value for name, value in vars(self).items() if value}


@dataclass(frozen=True)
class Line:
    """One event, wherever it is."""

    state: str
    pk: int
    received_at: datetime.datetime
    source: str
    name: str
    contact: Contact | None = None
    visitor: str = ""
    reason: str = ""
    bot: str = ""
    payload: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> Any:
        return STATES[self.state]

    @property
    def json(self) -> str:
        return json.dumps(self.payload, indent=2, ensure_ascii=False, default=str)


@dataclass(frozen=True)
class Page:
    lines: list[Line]
    #: Where the next page begins: the numbers of events and inbox items below which to look. Empty: there is no more.
    older: str


def page(wanted: Wanted, before: str = "") -> Page:
    """The newest events of those that are wanted, below the position ``before``. At most six statements."""
    below = _unpack(before)
    events, event_floor = _newest(events_of(wanted), Event, below and below[0], _has_index(wanted))
    items, item_floor = _newest(items_of(wanted), InboxItem, below and below[1], False)
    merged = heapq.merge(
        map(line_of_event, events), map(line_of_item, items), key=lambda line: line.received_at, reverse=True
    )
    lines = [line for line, _n in zip(merged, range(PAGE), strict=False)]
    shown_events = [line.pk for line in lines if line.state == RECORDED]
    shown_items = [line.pk for line in lines if line.state != RECORDED]
    next_event = min(shown_events, default=None) if len(shown_events) < len(events) else None
    next_item = min(shown_items, default=None) if len(shown_items) < len(items) else None
    if next_event is None:
        next_event = event_floor if len(shown_events) == len(events) else _top(below, 0, events)
    if next_item is None:
        next_item = item_floor if len(shown_items) == len(items) else _top(below, 1, items)
    return Page(lines, f"{next_event}-{next_item}" if next_event > 0 or next_item > 0 else "")


def _top(below: tuple[int, int] | None, index: int, rows: list[Any]) -> int:
    """Nothing of this table is shown yet: it begins where it began."""
    return below[index] if below else rows[0].pk + 1


def _newest(
    rows: QuerySet[Any], model: type[Any], below: int | None, has_index: bool
) -> tuple[list[Any], int]:
    """The newest rows below a number, and the number down to which everything has been looked at (0: all of it)."""
    if below is None:
        below = (model.objects.aggregate(top=Max("pk"))["top"] or 0) + 1
    if below <= 0:
        return [], 0
    floor = 0 if has_index else max(0, below - WINDOW)
    found = list(rows.filter(pk__lt=below, pk__gte=floor).order_by("-pk")[: PAGE + 1])
    if len(found) > PAGE:
        return found[:PAGE], found[PAGE - 1].pk
    return found, floor


def _has_index(wanted: Wanted) -> bool:
    """Whether the database finds the events at once; for a contact it does."""
    return bool(wanted.contact and contacts_of(wanted.contact))


def contacts_of(value: str) -> list[int]:
    """The contacts meant by an address, an external id or a number."""
    return list(Contact.objects.filter(meant(value)).values_list("pk", flat=True))


def events_of(wanted: Wanted) -> QuerySet[Event]:
    rows = Event.objects.select_related("contact")
    if wanted.state not in ("", RECORDED):
        return rows.none()
    if wanted.contact:
        contacts = contacts_of(wanted.contact)
        rows = rows.filter(contact__in=contacts) if contacts else rows.filter(anonymous_id=wanted.contact)
    if wanted.source:
        rows = rows.filter(source=wanted.source)
    if wanted.name:
        rows = rows.filter(name=wanted.name)
    if wanted.bots:
        is_bot = Q(properties__has_key="bot")
        rows = rows.filter(is_bot if wanted.bots == "only" else ~is_bot)
    return rows


def items_of(wanted: Wanted) -> QuerySet[InboxItem]:
    rows = InboxItem.objects.all()
    if wanted.state == RECORDED:
        return rows.none()
    if wanted.state:
        rows = rows.filter(dead_at__isnull=wanted.state == WAITING)
    if wanted.contact:
        found = Q(payload__anonymous_id=wanted.contact) | Q(payload__claims__external_id=wanted.contact)
        found |= Q(payload__claims__email=normalise_email(wanted.contact))
        rows = rows.filter(found | Q(payload__contact_id__in=contacts_of(wanted.contact)))
    if wanted.source:
        rows = rows.filter(payload__source=wanted.source)
    if wanted.name:
        rows = rows.filter(payload__name=wanted.name)
    if wanted.bots == "only":
        rows = rows.filter(payload__properties__has_key="bot")
    elif wanted.bots:
        rows = rows.filter(Q(payload__properties__isnull=True) | ~Q(payload__properties__has_key="bot"))
    return rows


def line_of_event(event: Event) -> Line:
    payload = {
        "occurred_at": event.occurred_at.isoformat(),
        "source": event.source,
        "message_id": event.message_id,
        "name": event.name,
        "anonymous_id": event.anonymous_id,
        "contact": event.contact_id,
        "site_id": event.site_id,
        "page_id": event.page_id,
        "document_id": event.document_id,
        "url": event.url,
        "properties": event.properties,
    }
    return Line(
        RECORDED,
        event.pk,
        event.received_at,
        event.source,
        event.name,
        contact=event.contact,
        visitor=event.anonymous_id,
        bot=_text(event.properties, "bot"),
        payload={name: value for name, value in payload.items() if value not in ("", None, {})},
    )


def line_of_item(item: InboxItem) -> Line:
    payload = item.payload if isinstance(item.payload, dict) else {"body": item.payload}
    return Line(
        WAITING if item.dead_at is None else REJECTED,
        item.pk,
        item.received_at,
        _text(payload, "source"),
        _text(payload, "name"),
        visitor=_text(payload, "anonymous_id"),
        reason=item.error,
        bot=_text(payload.get("properties"), "bot"),
        payload=payload,
    )


def _text(payload: Any, name: str) -> str:
    value = payload.get(name) if isinstance(payload, dict) else None
    return str(value)[:100] if value not in (None, "", False) else ""


def _unpack(before: str) -> tuple[int, int] | None:
    """None for what is not a position: an address typed by hand shows the newest page."""
    event, dash, item = before.partition("-")
    numbers: Iterator[str] = iter((event, item))
    if not dash or any(not (part.isascii() and part.isdecimal() and len(part) < 19) for part in numbers):
        return None
    return int(event), int(item)
