"""Messages that were perhaps sent: who may decide about them, and what each decision does."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from wagtail.models import ModelLogEntry

from tests.emails.making import Clock, OpenGate, make_contact, make_template, queue
from wagtail_journeys.emails.delivery import deliver, recover
from wagtail_journeys.emails.models import Message
from wagtail_journeys.emails.traffic import MailServer
from wagtail_journeys.events.models import InboxItem

pytestmark = pytest.mark.django_db

State = Message.State
UNKNOWN = reverse("journeys_messages:unknown")


@pytest.fixture
def three(settings) -> list[Message]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    messages = queue(make_template(), *(make_contact() for _ in range(3)))
    Message.objects.update(state=State.UNKNOWN, due_at=None, attempts=1, reason="the connection broke")
    return messages


def text(response: Any) -> str:
    assert response.status_code == 200
    return unescape(response.content.decode())


def states(messages: list[Message]) -> list[str]:
    for message in messages:
        message.refresh_from_db()
    return [str(message.state) for message in messages]


def test_what_arrived_is_sent_and_what_did_not_goes_out(admin_client: Client, three: list[Message]) -> None:
    """Each decision asks first, with the number and the danger; it is logged, and the event follows."""
    assert "3 messages were perhaps sent" in text(admin_client.get(reverse("journeys_messages:index")))
    shown = text(admin_client.get(UNKNOWN))
    assert all(message.address in shown and message.header_id in shown for message in three)

    arrived = {"answer": "arrived", "message": [three[0].pk]}
    asked = text(admin_client.post(UNKNOWN, arrived))
    assert "Has 1 message arrived?" in asked and three[0].address in asked
    lost = {"answer": "lost", "message": [three[1].pk, three[2].pk]}
    asked = text(admin_client.post(UNKNOWN, lost))
    assert "Send 2 messages again?" in asked and "gets it a second time" in asked
    assert states(three) == [State.UNKNOWN] * 3

    admin_client.post(UNKNOWN, arrived | {"confirm": "yes"})
    admin_client.post(UNKNOWN, lost | {"confirm": "yes"})
    assert states(three) == [State.SENT, State.QUEUED, State.QUEUED]
    clock = Clock(Message.objects.get(pk=three[1].pk).due_at)
    recover(clock())
    assert deliver(clock, OpenGate(), 10).sent == 2
    assert states(three) == [State.SENT] * 3
    assert InboxItem.objects.count() == 3  # one "was sent" each
    logged = ModelLogEntry.objects.filter(action__startswith="wagtail_journeys.message_")
    assert sorted(logged.values_list("action", flat=True)) == [
        "wagtail_journeys.message_arrived",
        "wagtail_journeys.message_sent_again",
        "wagtail_journeys.message_sent_again",
    ]

    again = text(admin_client.post(UNKNOWN, lost | {"confirm": "yes"}, follow=True))
    assert "0 messages go out now" in again  # somebody else was faster
    assert "Somebody has decided already" in text(admin_client.post(UNKNOWN, lost))
    assert "Choose the messages first" in text(admin_client.post(UNKNOWN, {"answer": "lost"}, follow=True))
    assert deliver(clock, OpenGate(), 10).claimed == 0


def test_from_the_page_of_one_message(admin_client: Client, three: list[Message]) -> None:
    """The page of a message has the same two answers."""
    shown = text(admin_client.get(reverse("journeys_messages:inspect", args=[three[0].pk])))
    assert "It arrived" in shown and UNKNOWN in shown
    Message.objects.update(state=State.SENT)
    shown = text(admin_client.get(reverse("journeys_messages:inspect", args=[three[0].pk])))
    assert UNKNOWN not in shown


def test_who_may_not(client: Client, three: list[Message]) -> None:
    """Whoever may only look at messages sees no buttons, and cannot decide."""
    user = get_user_model().objects.create_user("editor", "editor@example.com", "secret")
    user.user_permissions.set(Permission.objects.filter(codename__in=["access_admin", "view_message"]))
    client.force_login(user)
    assert UNKNOWN not in text(client.get(reverse("journeys_messages:index")))
    assert UNKNOWN not in text(client.get(reverse("journeys_messages:inspect", args=[three[0].pk])))
    for response in (client.get(UNKNOWN), client.post(UNKNOWN, {"answer": "lost", "message": three[0].pk})):
        assert response.status_code in (302, 403)
    assert states(three) == [State.UNKNOWN] * 3


def test_what_holds_messages_up_is_shown(admin_client: Client, settings, three: list[Message]) -> None:
    """Above the list: the mail server that is away, and how far the warm-up is."""
    settings.JOURNEYS_WARM_UP = {"from": "2020-01-01", "messages": [20] * 36_500}
    now = Clock().now
    MailServer.objects.create(
        key="mail.example:25", failures=3, opened_at=now, open_until=now, error="timed out"
    )
    shown = text(admin_client.get(reverse("journeys_messages:index")))
    assert "mail.example:25 cannot be reached" in shown and "timed out" in shown
    assert "Of today's 20 messages 0 have gone out" in shown
