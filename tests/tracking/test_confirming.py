from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.tracking.test_unsubscribe import make_message
from wagtail_journeys import pipeline
from wagtail_journeys.conf import conf
from wagtail_journeys.contacts.models import Contact, Identity
from wagtail_journeys.emails import liquid
from wagtail_journeys.emails.links import confirm_url, make_token, unsubscribe_url
from wagtail_journeys.emails.models import Message
from wagtail_journeys.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def contact() -> Contact:
    return Contact.objects.create(email="eva@example.org", locale="nl")


@pytest.fixture
def message(contact: Contact) -> Message:
    return make_message(contact, None)


def link(message: Message) -> str:
    return confirm_url(message.uuid, "")


def browser() -> tuple[Client, str]:
    """A browser with an anonymous id of its own."""
    client, anonymous = Client(), str(uuid.uuid4())
    client.cookies[conf.VISITOR_COOKIE] = anonymous
    return client, anonymous


def test_the_button_says_who_sits_at_the_browser(message: Message, contact: Contact) -> None:
    """And what was done there before becomes the contact's history."""
    client, anonymous = browser()
    now = timezone.now()
    Event.objects.create(
        source="tracker",
        message_id="1",
        name="page_view",
        anonymous_id=anonymous,
        occurred_at=now,
        received_at=now,
    )
    assert client.post(link(message)).status_code == 200
    pipeline.drain(timezone.now())
    assert Identity.objects.get(anonymous_id=anonymous).contact == contact
    assert sorted(contact.events.values_list("name", flat=True)) == ["email_confirmed", "page_view"]


@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_the_link_changes_nothing(
    method: str, message: Message, inbox: Callable[[], list[Any]]
) -> None:
    """Scanners and receivers of a forwarded mail open it, too."""
    client, _anonymous = browser()
    answer = getattr(client, method)(link(message))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    message.refresh_from_db()
    assert message.confirmed_at is None
    assert inbox() == []


def test_who_presses_later_is_not_identified(message: Message) -> None:
    """The mail was forwarded: the second browser is thanked, and stays nobody's."""
    (first, _anonymous), (second, other) = browser(), browser()
    first.post(link(message))
    pipeline.drain(timezone.now())
    assert second.post(link(message)).status_code == 200
    pipeline.drain(timezone.now())
    assert not Identity.objects.filter(anonymous_id=other).exists()
    assert Event.objects.filter(name="email_confirmed").count() == 1


def test_links_that_are_no_good(message: Message, inbox: Callable[[], list[Any]]) -> None:
    """Somebody else's, of another kind, too old, or to an address that was given up: a page, and nothing happens."""
    client, _anonymous = browser()
    old = make_message(message.contact, None)
    Message.objects.filter(pk=old.pk).update(created_at=timezone.now() - datetime.timedelta(days=31))
    given_up = make_message(message.contact, None)
    Message.objects.filter(pk=given_up.pk).update(address="before@example.org")
    links = [
        link(message)[:-2] + "x/",
        unsubscribe_url(message.uuid, "").replace("unsubscribe", "confirm"),
        f"/journeys/confirm/{make_token('confirm', uuid.UUID(int=7))}/",
        link(old),
        link(given_up),
    ]
    for address in links:
        assert client.post(address).status_code == 404, address
    assert inbox() == []


def test_the_page_speaks_the_language_of_the_contact(message: Message) -> None:
    said = Client().get(link(message)).content.decode()
    assert "Is dit je adres?" in said
    assert "e…@example.org" in said


def test_the_link_in_a_kept_email_leads_nowhere(message: Message) -> None:
    """A colleague who looks at the email in the admin cannot confirm for somebody else."""
    parsed = liquid.parse("Confirm", "", '<a href="{{ confirm_url }}">Yes</a>', "{{ confirm_url }}")
    rendered = liquid.fill_in(
        parsed, {"site": {"root_url": "https://x.example"}, "confirm_url": "https://x.example/c/1/"}, {}
    )
    assert "https://x.example/c/1/" in rendered.html
    assert rendered.context_used["confirm_url"] == "#confirm"
