"""Orders make a contact's lifetime value and number of orders grow, each order once."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.scenarios.story import START, Story, attribute, on_entering, wait
from wagtail_journeys import pipeline
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events.inbox import Incoming, accept_many
from wagtail_journeys.events.models import Event, InboxItem
from wagtail_journeys.events.orders import Sum, Told, amount, tally
from wagtail_journeys.ingest import identify, keys, track

pytestmark = pytest.mark.django_db


def run() -> None:
    while pipeline.drain(timezone.now()):
        pass


def stands(email: str = "mila@example.com") -> tuple[int, Decimal]:
    contact = Contact.objects.get(email=email)
    return contact.orders, contact.lifetime_value


def order(order_id: str, total: Any = 120, name: str = "order_completed", **more: Any) -> None:
    properties = {"order_id": order_id, "total": total, **more.pop("properties", {})}
    track(name, email="mila@example.com", properties=properties, **more)
    run()


def test_an_order_counts_once_whatever_its_message_id() -> None:
    """The same order told again, by another system and under another message id, adds nothing."""
    order("A-17", message_id="m1")
    order("A-17", message_id="m1")
    order("A-17", message_id="m2", source="till")
    assert stands() == (1, Decimal("120.00"))
    order("A-18", "9.95")
    assert stands() == (2, Decimal("129.95"))


def test_the_same_order_twice_in_one_batch_counts_once() -> None:
    """Two events about one order that wait in the inbox together are one order."""
    for number in range(2):
        track(
            "order_completed",
            email="mila@example.com",
            properties={"order_id": 5, "value": 10.5},
            message_id=f"m{number}",
        )
    run()
    assert stands() == (1, Decimal("10.50"))


def test_an_order_without_an_id_counts_once_for_its_message_id() -> None:
    """Where no order id is told, each event is an order of its own."""
    for message_id in ("m1", "m1", "m2"):
        track("order_completed", email="mila@example.com", properties={"total": 5}, message_id=message_id)
        run()
    assert stands() == (2, Decimal("10.00"))


@pytest.mark.parametrize("client_name", ["Order Completed", "order_completed"])
def test_orders_of_the_http_api(client: Client, client_name: str) -> None:
    """A shop with a server key tells an order as Segment's specification has it; its retries change nothing."""
    key = keys.create("Shop", "server")
    message = {
        "type": "track",
        "event": client_name,
        "userId": "customer-9",
        "properties": {"order_id": "A-17", "revenue": 100, "total": 121, "currency": "EUR"},
    }
    body = {"writeKey": key, "batch": [{**message, "messageId": f"m{n}"} for n in (1, 1, 2)]}
    for _again in range(2):
        answer = client.post("/journeys/v1/batch", body, content_type="application/json")
        assert answer.status_code == 200
        run()
    contact = Contact.objects.get(external_id="customer-9")
    assert (contact.orders, contact.lifetime_value) == (1, Decimal("100.00"))


@pytest.mark.parametrize("client_name", ["Order Completed", "order_completed"])
def test_nobody_makes_up_orders_with_a_public_key(client: Client, client_name: str) -> None:
    """Everybody can read a public key: it may not tell orders, not even where somebody has declared the name."""
    key = keys.create("Browser", "public", origins="*", events="order_completed\nOrder Completed")
    message = {"event": client_name, "anonymousId": "a" * 32, "properties": {"order_id": "1", "total": 1}}
    client.post("/journeys/v1/track", {"writeKey": key, **message}, content_type="application/json")
    assert InboxItem.objects.get().dead_at is not None


def test_nobody_makes_up_orders_in_a_browser(client: Client) -> None:
    """The tracker may not tell orders either."""
    body = {"name": "order_completed", "properties": {"order_id": "1", "total": 1}}
    client.post("/journeys/collect/", body, content_type="application/json")
    assert InboxItem.objects.get().dead_at is not None


def test_a_refund_takes_off_what_it_says_and_no_more_than_the_order_brought() -> None:
    """Parts are taken off one by one; the same one twice counts once; the number of orders stays."""
    order("A-17", 100)
    order("A-17", 30, "order_refunded", message_id="r1")
    order("A-17", 30, "order_refunded", message_id="r1")
    assert stands() == (1, Decimal("70.00"))
    order("A-17", 500, "order_refunded")
    assert stands() == (1, Decimal("0.00"))


def test_a_refund_without_an_amount_takes_off_the_whole_order() -> None:
    """And one of an order that nobody knows takes off nothing."""
    order("A-17", 100)
    track("order_refunded", email="mila@example.com", properties={"order_id": "A-17"})
    order("A-99", 100, "order_refunded")
    assert stands() == (1, Decimal("0.00"))


def test_the_order_of_events_does_not_matter() -> None:
    """A refund that comes in before its order counts once the order is there."""
    order("A-17", 30, "order_refunded")
    assert stands() == (0, Decimal("0.00"))
    order("A-17", 100)
    assert stands() == (1, Decimal("70.00"))


def test_what_was_imported_or_set_by_hand_stays() -> None:
    """Orders are added to what the contact had."""
    Contact.objects.create(email="mila@example.com", lifetime_value=Decimal("1000.50"), orders=7)
    order("A-17")
    assert stands() == (8, Decimal("1120.50"))


def test_an_order_of_a_visitor_counts_once_it_is_known_whose_it_was() -> None:
    """An order of a browser is the contact's as soon as the browser is, and only then."""
    track("order_completed", anonymous_id="b" * 32, properties={"order_id": "A-17", "total": 50})
    run()
    identify(email="mila@example.com", anonymous_id="b" * 32)
    run()
    assert stands() == (1, Decimal("50.00"))
    order("A-17", 50)
    assert stands() == (1, Decimal("50.00"))


def test_segments_follow() -> None:
    """Who has spent enough is in the segment at once, and its campaign starts."""
    story = Story()
    segment = story.segment("Good customers", attribute("lifetime_value", "at_least", "200"))
    campaign = story.campaign("Thanks", on_entering(segment), wait(1))
    mila = story.contact("mila@example.com")
    mila.did("order_completed", properties={"order_id": "1", "total": 150})
    assert not mila.journeys(campaign)
    mila.did("order_completed", properties={"order_id": "2", "total": 50})
    assert len(mila.journeys(campaign)) == 1


@pytest.mark.parametrize(
    ("properties", "found"),
    [
        ({"revenue": 10, "total": 12, "value": 9}, "10.00"),
        ({"revenue": None, "total": "12.345"}, "12.34"),
        ({"value": 1e300}, None),
        ({"value": "1e999999"}, None),
        ({"total": "NaN"}, None),
        ({"total": float("inf")}, None),
        ({"total": -5}, None),
        ({"total": True}, None),
        ({"total": {"amount": 5}}, None),
        ({"total": "a lot"}, None),
        ({"total": ""}, None),
        ({}, None),
    ],
)
def test_amounts(properties: dict[str, Any], found: str | None) -> None:
    """The first of revenue, total and value that is a sensible number; anything else counts as no amount."""
    assert amount(properties) == (None if found is None else Decimal(found))


def test_a_strange_amount_is_an_order_all_the_same() -> None:
    """An order whose amount is no number is counted, is worth nothing, and hurts nobody else's batch."""
    order("A-17", "a lot")
    order("A-18", 9_999_999_999)
    assert stands() == (2, Decimal("9999999999.00"))


def test_the_sum_does_not_depend_on_how_events_are_cut_into_batches() -> None:
    """Whatever the order in which refunds and orders come, they come to the same."""
    events = [
        Told(1, "order_completed", "m1", {"order_id": "a", "total": 100}),
        Told(2, "order_refunded", "m2", {"order_id": "a", "total": 40, "refund_id": "r1"}),
        Told(3, "order_refunded", "m3", {"orderId": "a", "total": 40, "refund_id": "r1"}),
        Told(4, "order_completed", "m4", {"order_id": 7, "total": 20}),
    ]
    sums = {tally(list(some)) for some in itertools.permutations(events)}
    assert sums == {Sum(2, Decimal("80.00"))}


def test_orders_cost_the_same_number_of_statements_whatever_their_number() -> None:
    """Five orders or two hundred, of as many contacts: equally many statements."""
    counts = []
    for start, many in ((0, 5), (1000, 5), (2000, 200)):
        accept_many(
            [
                Incoming(
                    "shop", "order_completed", START, message_id=f"m{n}", claims={"email": f"c{n}@example.com"},
                    properties={"order_id": str(n), "total": n},
                )
                for n in range(start, start + many)
            ],
            START,
        )  # fmt: skip
        InboxItem.objects.update(partition=1)
        with CaptureQueriesContext(connection) as captured:
            pipeline.drain(START, 1000)
        counts.append(len(captured))
    assert Event.objects.count() == Contact.objects.filter(orders=1).count() == 210
    assert counts[1] == counts[2]
