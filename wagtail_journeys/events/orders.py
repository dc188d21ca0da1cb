"""What orders say about a contact: how many there were and what they were worth, each order once.

``order_completed`` and ``order_refunded`` carry an ``order_id`` and an amount of money, as Segment's e-commerce events
do. Neither a browser nor a public key may send them. What counts is the difference that a batch makes to the contact's
events, so that it does not matter in which order events come in, nor how often one is told, nor under which message id;
and what an import or an editor has set stays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from wagtail_journeys import db
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events import catalogue
from wagtail_journeys.events.log import Recorded
from wagtail_journeys.events.models import Event

NAMES = (catalogue.ORDER_COMPLETED, catalogue.ORDER_REFUNDED)
#: Where the amount is looked for, in this order; the first one that is a number counts.
AMOUNTS = ("revenue", "total", "value")
#: An order worth more is a mistake, and counts without its amount. Eleven digits fit the column a few times.
MOST = Decimal(10) ** 10
LARGEST = Decimal(10) ** 12 - Decimal("0.01")

FIELDS = ("lifetime_value", "orders")


@dataclass(frozen=True)
class Told:
    """One event about an order."""

    id: int
    name: str
    message_id: str
    properties: dict[str, Any]


@dataclass(frozen=True)
class Sum:
    orders: int = 0
    value: Decimal = Decimal(0)


def count(events: Iterable[Recorded]) -> dict[int, set[str]]:
    """Add what new (or newly adopted) events say to their contacts. Returns the fields changed, by contact.

    No statement where none of them is about an order, otherwise three. The contacts are held by the caller.
    """
    fresh = {event.id for event in events if event.name in NAMES and event.contact_id and event.id}
    contacts = {event.contact_id for event in events if event.id in fresh}
    if not fresh:
        return {}
    before: dict[int, list[Told]] = defaultdict(list)
    after: dict[int, list[Told]] = defaultdict(list)
    rows = Event.objects.filter(contact__in=contacts, name__in=NAMES).order_by("pk")
    for pk, contact, name, message_id, properties in rows.values_list(
        "pk", "contact_id", "name", "message_id", "properties"
    ):
        told = Told(pk, name, message_id, properties if isinstance(properties, dict) else {})
        after[contact].append(told)
        if pk not in fresh:
            before[contact].append(told)
    changes = {pk: (tally(before[pk]), tally(told)) for pk, told in after.items()}
    return _add({pk: (was, now) for pk, (was, now) in changes.items() if was != now})


def _add(changes: dict[int, tuple[Sum, Sum]]) -> dict[int, set[str]]:
    if not changes:
        return {}
    found = db.locked(Contact.objects.filter(pk__in=changes).order_by("pk"))
    touched: dict[int, set[str]] = {}
    rows = []
    for pk, value, orders in found.values_list("pk", "lifetime_value", "orders"):
        was, now = changes[pk]
        worth = max(-LARGEST, min(LARGEST, value + now.value - was.value))
        number = max(0, orders + now.orders - was.orders)
        touched[pk] = {
            name
            for name, new, old in zip(FIELDS, (worth, number), (value, orders), strict=True)
            if new != old
        }
        rows.append((pk, worth, number))
    db.update_rows(Contact, "id", list(FIELDS), rows)
    return {pk: fields for pk, fields in touched.items() if fields}


def tally(events: Sequence[Told]) -> Sum:
    """What these events of one contact, oldest first, come to.

    The first event of an order says what it was worth; one without an order id is an order of its own. Refunds take
    off no more than the order brought, and without an amount all of it; the order still was one.
    """
    worth: dict[str, Decimal] = {}
    back: dict[str, dict[str, Decimal | None]] = defaultdict(dict)
    for event in events:
        order = order_id(event.properties)
        if event.name == catalogue.ORDER_COMPLETED:
            worth.setdefault(order or f"message {event.message_id}", amount(event.properties) or Decimal(0))
        elif order:
            refund = _id(event.properties.get("refund_id")) or f"message {event.message_id}"
            back[order].setdefault(refund, amount(event.properties))
    value = sum(worth.values(), Decimal(0))
    for order, refunds in back.items():
        brought = worth.get(order, Decimal(0))
        wanted = [brought if given is None else given for given in refunds.values()]
        value -= min(brought, sum(wanted, Decimal(0)))
    return Sum(len(worth), value)


def order_id(properties: dict[str, Any]) -> str:
    """The order's own number as text; Segment's libraries write it in two ways."""
    return _id(properties.get("order_id")) or _id(properties.get("orderId"))


def _id(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return ""
    return str(value).strip()


def amount(properties: dict[str, Any]) -> Decimal | None:
    """The order's amount in the site's currency, to the cent; None where there is none that can be used."""
    for name in AMOUNTS:
        given = properties.get(name)
        if isinstance(given, bool) or not isinstance(given, (int, float, str)):
            continue
        try:
            found = Decimal(str(given).strip())
        except InvalidOperation:
            continue
        if found.is_finite() and 0 <= found <= MOST:
            return found.quantize(Decimal("0.01"))
    return None
