"""What the API has rejected goes again once its cause is mended, and counts once."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.ingest.conftest import VISITOR, accepted, rejected
from tests.tracking.test_bots import GOOGLE
from wagtail_journeys import pipeline
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events import deadletters
from wagtail_journeys.events.models import Event, InboxItem
from wagtail_journeys.ingest import keys
from wagtail_journeys.ingest.models import WriteKey

pytestmark = pytest.mark.django_db

SHOP = {"Origin": "https://shop.example"}
WISH = {"event": "wished", "anonymousId": VISITOR, "messageId": "message-1", "properties": {"sku": "a"}}


def allow(*names: str) -> None:
    """An editor extends the key's list; other processes need not know yet."""
    key = WriteKey.objects.get(name="shop")
    key.allowed_events = "\n".join(names)
    key.save()


def again() -> tuple[int, int]:
    found = deadletters.submit_again(InboxItem.objects.all())
    return found.submitted, found.rejected


def processed() -> list[Event]:
    while pipeline.drain(timezone.now()):
        pass
    return list(Event.objects.order_by("pk"))


def test_after_a_fix_it_is_in_the_log_once(send, public_key):
    """Rejected, mended, submitted again — however often, and though the sender sends it again as well."""
    send("track", WISH, key=public_key, headers=SHOP)
    received = InboxItem.objects.get().received_at
    allow("wished")
    assert again() == (1, 0)
    assert again() == (0, 0)
    keys.forget()
    send("track", WISH, key=public_key, headers=SHOP)
    (event,) = processed()
    assert (event.name, event.anonymous_id, event.properties) == ("wished", VISITOR, {"sku": "a"})
    assert event.received_at == received
    assert not InboxItem.objects.exists()


def test_without_a_message_id_it_counts_once_too(send, public_key):
    """The id is made of what arrived, though not all of that is kept."""
    said = {"event": "wished", "anonymousId": VISITOR, "userId": "u-1"}
    send("track", said, key=public_key, headers=SHOP)
    allow("wished")
    assert again() == (1, 0)
    keys.forget()
    send("track", said, key=public_key, headers=SHOP)
    assert len(processed()) == 1
    assert not Contact.objects.exists()


def test_what_is_still_wrong_is_rejected_once_more(send, public_key):
    """With the reason of now; the rest goes through."""
    send("track", WISH, key=public_key, headers=SHOP)
    send("track", {**WISH, "messageId": "message-2", "event": "other"}, key=public_key, headers=SHOP)
    assert again() == (0, 2)
    allow("wished")
    assert again() == (1, 1)
    ((payload, reason),) = rejected()
    assert payload["name"] == "other"
    assert "Visitors may not send “other”" in reason
    WriteKey.objects.update(revoked_at=timezone.now())
    assert again() == (0, 1)
    assert "revoked" in rejected()[0][1]


def test_what_stood_beside_the_batch_comes_along(send, public_key):
    """Its context and its moment of sending."""
    body = {
        "batch": [{"type": "track", **WISH, "timestamp": "2026-11-20T10:00:00Z"}],
        "sentAt": "2026-11-20T10:00:30Z",
        "context": {"page": {"url": "https://shop.example/a/"}, "traits": {"email": "eva@example.org"}},
    }
    send("batch", body, key=public_key, headers=SHOP)
    (letter,) = InboxItem.objects.all()
    assert "eva@example.org" not in str(letter.payload)
    allow("wished")
    assert again() == (1, 0)
    (event,) = processed()
    assert event.url == "https://shop.example/a/"
    assert abs((letter.received_at - event.occurred_at).total_seconds() - 30) < 0.01


def test_a_bot_stays_a_bot(send, public_key):
    """Though its user agent is not there any more."""
    send("track", WISH, key=public_key, headers={**SHOP, "User-Agent": GOOGLE})
    allow("wished")
    assert again() == (1, 0)
    (event,) = processed()
    assert (event.anonymous_id, event.properties["bot"]) == ("", "crawler")


def test_many_at_once(send, public_key, django_assert_max_num_queries):
    """The number of statements does not depend on how many there are."""
    batch = [{"type": "track", **WISH, "messageId": f"message-{n}"} for n in range(300)]
    send("batch", {"batch": batch}, key=public_key, headers=SHOP)
    allow("wished")
    with django_assert_max_num_queries(14):
        assert again() == (300, 0)
    assert len(processed()) == 300


def test_a_large_message_comes_back_whole(send, server_key):
    """Nothing of what is needed is cut off."""
    properties = {f"name-{n}": "x" * 1500 for n in range(20)}
    said = {"event": "x" * 101, "userId": "1", "properties": properties}
    send("track", said, key=server_key)
    ((payload, _reason),) = rejected()
    assert payload["body"]["properties"] == properties


@pytest.mark.parametrize(
    "said",
    [
        {"event": "a", "userId": "1", "properties": {"a": "x" * 40_000}},
        {"type": ["track"], "userId": "1"},
        {"type": "dance", "userId": "1"},
        "text",
    ],
)
def test_what_no_fix_can_help_stays(send, server_key, said: Any):
    """It was cut, or is no message of the protocol."""
    said = {"type": "track", **said} if isinstance(said, dict) else said
    send("batch", {"batch": [said]}, key=server_key)
    assert again() == (0, 0)
    assert not deadletters.repeatable(InboxItem.objects.all()).exists()


def test_nobody_smuggles_a_letter_in(client: Client):
    """What a browser sends cannot name a door for itself."""
    deadletters.dead_letter(
        {"door": "api", "source": "key-1", "call": "track", "message_id": "a", "body": {}},
        "no",
        timezone.now(),
    )
    assert again() == (0, 0)


def test_from_the_debugger(send, public_key, admin_client):
    """One, and all that a filter shows; what is rejected once more is told."""
    for n in range(3):
        send("track", {**WISH, "messageId": f"message-{n}"}, key=public_key, headers=SHOP)
    url = reverse("journeys_debugger:act", args=["again"])
    one = InboxItem.objects.order_by("pk")[0]
    told = admin_client.post(url, {"pk": one.pk}, follow=True).content.decode()
    assert "1 event was rejected once more" in told
    allow("wished")
    told = admin_client.post(url, {"pk": one.pk}, follow=True).content.decode()
    assert "1 event was submitted again." in told
    shown = admin_client.get(url, {"name": "wished"})
    assert "2 of 2 rejected events can be processed" in shown.content.decode()
    admin_client.post(url, shown.context["given"])
    assert len(accepted()) == 3
    assert len(processed()) == 3
