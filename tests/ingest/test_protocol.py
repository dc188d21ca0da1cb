"""What each call of the protocol becomes."""

from __future__ import annotations

import datetime
import gzip
import json
import zlib
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from wagtail.models import Site

from tests.ingest.conftest import VISITOR, accepted, only, rejected
from wagtail_journeys import pipeline
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events.models import Event, InboxItem
from wagtail_journeys.ingest import keys
from wagtail_journeys.ingest.models import WriteKey

pytestmark = pytest.mark.django_db


def test_identify_with_a_server_key(send, server_key):
    """The id and the address are claims; the traits are the contact's, under our names."""
    answer = send(
        "identify",
        {
            "userId": "u-1",
            "anonymousId": VISITOR,
            "traits": {"email": " Eva@Example.org", "firstName": "Eva", "plan": "pro", "language": "nl_BE"},
        },
        key=server_key,
    )
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    said = only()
    assert said["name"] == "identify"
    assert said["claims"] == {"external_id": "u-1", "email": "eva@example.org"}
    assert said["traits"] == {"first_name": "Eva", "plan": "pro", "locale": "nl-be"}
    assert said["anonymous_id"] == VISITOR


def test_traits_in_the_context_are_traits_too(send, server_key):
    """Some clients keep them there."""
    send(
        "identify",
        {"userId": "u-1", "context": {"traits": {"email": "eva@example.org", "n": 1}}},
        key=server_key,
    )
    assert only()["claims"]["email"] == "eva@example.org"
    assert only()["traits"] == {"n": 1}


def test_an_address_that_is_none_is_kept_beside_the_event(send, server_key):
    """It is not claimed, and the reason stands there."""
    send("identify", {"userId": "u-1", "traits": {"email": "eva at home"}}, key=server_key)
    assert only()["claims"] == {"external_id": "u-1"}
    assert only()["properties"]["unverified"] == {
        "email": "eva at home",
        "reason": "This is no email address.",
    }


def test_track(send, server_key):
    """An event has its name and its properties."""
    send("track", {"userId": 7, "event": "Plan Chosen", "properties": {"value": 12.5}}, key=server_key)
    said = only()
    assert (said["name"], said["properties"], said["claims"]) == (
        "Plan Chosen",
        {"value": 12.5},
        {"external_id": "7"},
    )


def test_orders_have_names_of_ours(send, server_key):
    """What the e-commerce specification calls Order Completed is the order_completed that the site knows."""
    send("track", {"userId": 7, "event": "Order Completed"}, key=server_key)
    assert only()["name"] == "order_completed"


def test_page(send, server_key):
    """A page view knows its site and page where the address is one of ours."""
    site = Site.objects.get()
    url = f"http://{site.hostname}/guides/"
    send(
        "page",
        {"userId": "u-1", "name": "Guides", "properties": {"page_id": 3}, "context": {"page": {"url": url}}},
        key=server_key,
    )
    said = only()
    assert (said["name"], said["site_id"], said["page_id"], said["url"]) == ("page_view", site.pk, 3, url)
    assert said["properties"]["name"] == "Guides"


def test_a_page_elsewhere_has_no_page_id(send, server_key):
    """Another site's page 3 is not our page 3."""
    send(
        "page",
        {"userId": "1", "properties": {"page_id": 3, "url": "https://elsewhere.example/"}},
        key=server_key,
    )
    assert "page_id" not in only()
    assert "site_id" not in only()


def test_screen_and_group(send, server_key):
    """A screen is an event of its own; a group becomes attributes of the contact."""
    send("screen", {"userId": "1", "name": "Home"}, key=server_key)
    send("group", {"userId": "1", "groupId": "acme", "traits": {"size": 3}}, key=server_key)
    screen, group = accepted()
    assert (screen["name"], screen["properties"]) == ("screen_view", {"name": "Home"})
    assert group["traits"] == {"group_id": "acme", "group_size": 3}


def test_alias_gives_a_visitor_to_a_contact(send, server_key):
    """What the visitor did becomes the contact's."""
    send("page", {"anonymousId": VISITOR}, key=server_key)
    send("alias", {"previousId": VISITOR, "userId": "u-1"}, key=server_key)
    drain()
    contact = Contact.objects.get(external_id="u-1")
    assert set(contact.events.values_list("name", flat=True)) == {"page_view", "identify"}


def test_alias_never_makes_two_contacts_one(send, server_key):
    """Both stay who they are."""
    for user_id in ("u-1", "u-2"):
        send("identify", {"userId": user_id, "traits": {"email": f"{user_id}@example.org"}}, key=server_key)
    send("alias", {"previousId": "u-1", "userId": "u-2"}, key=server_key)
    drain()
    assert sorted(Contact.objects.values_list("external_id", "email")) == [
        ("u-1", "u-1@example.org"),
        ("u-2", "u-2@example.org"),
    ]


def test_a_batch_is_one_insert(send, server_key):
    """Good and bad messages alike, with what the batch says about all of them."""
    messages: list[Any] = [
        {"type": "track", "event": "a", "userId": "1", "context": {"page": {"url": "https://a.example/1"}}},
        {"type": "track", "event": "", "userId": "1"},
        {"type": "page", "userId": "1"},
        "nothing",
        {"type": "song", "userId": "1"},
        {"type": "track", "event": "b"},
    ]
    send("track", {"event": "warm", "userId": "1"}, key=server_key)
    with CaptureQueriesContext(connection) as captured:
        answer = send(
            "batch", {"batch": messages, "context": {"page": {"url": "https://a.example/"}}}, key=server_key
        )
    assert answer.json() == {"success": True}
    assert [sql["sql"][:11] for sql in captured if "inboxitem" in sql["sql"].lower()] == ["INSERT INTO"]
    assert len(captured) == 1
    assert [(said["name"], said["url"]) for said in accepted()[1:]] == [
        ("a", "https://a.example/1"),
        ("page_view", "https://a.example/"),
    ]
    assert [reason for _payload, reason in rejected()] == [
        "The event has no name: “name” is empty.",
        "The message is not an object.",
        "The type of the message is none of alias, group, identify, page, screen, track.",
        "Nothing says whose event it is: give userId or anonymousId.",
    ]


def test_import_keeps_the_past(send, server_key):
    """A server's moments are believed, however long ago."""
    send(
        "import",
        {"batch": [{"type": "track", "event": "a", "userId": "1", "timestamp": "2019-05-01"}]},
        key=server_key,
    )
    assert only()["occurred_at"].startswith("2019-05-01")


def test_a_message_sent_again_counts_once(send, server_key):
    """By its messageId, and without one by what it says; the rotated key's too."""
    for _n in range(3):
        send("track", {"event": "a", "userId": "1", "messageId": "order-0001"}, key=server_key)
        send("track", {"event": "b", "userId": "1", "properties": {"n": 1}}, key=server_key)
    send("track", {"event": "b", "userId": "1", "properties": {"n": 2}}, key=server_key)
    rotated = keys.rotate(WriteKey.objects.get(), timezone.now())
    send("track", {"event": "a", "userId": "1", "messageId": "order-0001"}, key=rotated)
    drain()
    assert sorted(Event.objects.values_list("name", flat=True)) == ["a", "b", "b"]


@pytest.mark.parametrize("call", ["t", "track", "track/"])
def test_short_and_long_addresses(send, server_key, call):
    """Both mean the same."""
    assert send(call, {"event": "a", "userId": "1"}, key=server_key).status_code == 200
    assert only()["name"] == "a"


@pytest.mark.parametrize(
    "packed", [gzip.compress, zlib.compress, lambda body: gzip.compress(body[:9]) + gzip.compress(body[9:])]
)
def test_packed_bodies(send, server_key, packed):
    """gzip (in one piece or several) and deflate."""
    body = json.dumps({"event": "é", "userId": "1"}, ensure_ascii=False).encode()
    encoding = "deflate" if packed is zlib.compress else "gzip"
    answer = send("track", packed(body), key=server_key, headers={"Content-Encoding": encoding})
    assert answer.status_code == 200
    assert only()["name"] == "é"


@pytest.mark.parametrize(
    "content_type",
    ["text/plain;charset=UTF-8", "application/x-www-form-urlencoded", "multipart/form-data", "x"],
)
def test_any_content_type(send, server_key, content_type):
    """The body is JSON, whatever it is called."""
    assert (
        send("track", {"event": "a", "userId": "1"}, key=server_key, content_type=content_type).status_code
        == 200
    )
    assert only()["name"] == "a"


def occurred() -> datetime.datetime:
    found = parse_datetime(only()["occurred_at"])
    assert found is not None
    return found


def test_a_wrong_clock_is_corrected(send, server_key):
    """By as much as the sender's own moment of sending is off."""
    wrong = timezone.now() + datetime.timedelta(days=400)
    body = {
        "event": "a",
        "userId": "1",
        "originalTimestamp": (wrong - datetime.timedelta(hours=2)).isoformat(),
        "sentAt": wrong.isoformat(),
    }
    send("track", body, key=server_key)
    assert abs(timezone.now() - datetime.timedelta(hours=2) - occurred()) < datetime.timedelta(seconds=20)


@pytest.mark.parametrize(
    ("said", "hours"),
    [("2001-01-01T00:00:00Z", -24), ("2100-01-01T00:00:00Z", 1 / 12), ("0001-01-01T00:00:00+14:00", 0)],
)
def test_a_visitors_moment_is_bounded(send, public_key, said, hours):
    """Within a day before and five minutes after; what is no moment at all is now."""
    send(
        "page",
        {"anonymousId": VISITOR, "timestamp": said},
        key=public_key,
        headers={"Origin": "https://shop.example"},
    )
    assert abs(timezone.now() + datetime.timedelta(hours=hours) - occurred()) < datetime.timedelta(seconds=20)


def test_names_of_the_engine_are_its_own(send, server_key):
    """Nobody makes up that an email was sent."""
    send("track", {"event": "email_sent", "userId": "1"}, key=server_key)
    send("track", {"event": "identify", "userId": "1"}, key=server_key)
    assert accepted() == []
    assert len(rejected()) == 2


def test_a_message_too_large_is_rejected_alone(send, server_key):
    """Its batch goes on."""
    large = {"type": "track", "event": "a", "userId": "1", "properties": {"text": "x" * 40_000}}
    send("batch", {"batch": [large, {"type": "track", "event": "b", "userId": "1"}]}, key=server_key)
    assert [said["name"] for said in accepted()] == ["b"]
    assert [reason for _said, reason in rejected()] == ["The message is larger than 32000 bytes."]


def drain() -> None:
    while pipeline.drain(timezone.now()):
        pass
    assert not InboxItem.objects.filter(dead_at__isnull=True).exists()
