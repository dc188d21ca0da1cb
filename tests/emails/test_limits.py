"""Sending limits where messages are handed over: never exceeded, whoever works beside whom."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Iterator

import pytest
from django.core import mail
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from tests.emails.making import NOW, Clock, OpenGate, make_contact, make_template, make_topic, queue
from tests.emails.test_delivery import Meanwhile
from tests.support.database import Database
from tests.support.mail import MailServer
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.emails import delivery, limits
from wagtail_journeys.emails.models import Message, SendingLimit

State = Message.State


def at_most(most: int, days: int = 1) -> None:
    SendingLimit.objects.create(most=most, period=days, unit="days")


def states() -> list[str]:
    return list(Message.objects.order_by("pk").values_list("state", flat=True))


@pytest.fixture
def server(settings) -> Iterator[MailServer]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_TIMEOUT = 5
    with MailServer() as server:
        settings.EMAIL_PORT = server.port
        yield server


def test_two_workers_never_exceed_a_limit(own_database: Database, server: MailServer, settings) -> None:
    """Ten contacts with six messages each and room for two: twenty are sent, whichever worker takes which (C4, G4)."""
    settings.JOURNEYS_MESSAGE_BATCH = 3
    at_most(2)
    topic, template = make_topic(), make_template()
    contacts = [make_contact() for _number in range(10)]
    for _time in range(6):
        queue(template, *contacts, topic=topic, when_full="wait")

    def work() -> None:
        try:
            for _look in range(3):
                delivery.deliver(Clock(), OpenGate(), 1000)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _number in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    clock = Clock()
    clock.forward(minutes=5)
    delivery.deliver(clock, OpenGate(), 1000)
    sent = Message.objects.filter(state=State.SENT).values_list("contact_id", flat=True)
    assert sorted(sent) == sorted([contact.pk for contact in contacts] * 2)
    assert len(server.messages) == 20
    assert Message.objects.filter(state=State.QUEUED, due_at=NOW + SendingLimit.objects.get().length).exists()


def another_is_marked(message: Message) -> Callable[[], None]:
    """By somebody who asks nobody, just before this one is marked."""

    def mark() -> None:
        Message.objects.filter(pk=message.pk).update(state=State.SENT, marked_at=NOW, due_at=None)

    return mark


@pytest.mark.django_db
def test_the_limit_is_tested_again_when_a_message_is_marked() -> None:
    """The place was free when the message was claimed, and taken when it was to be marked: it is not handed over (G4)."""
    at_most(1)
    contact, topic, template = make_contact(), make_topic(), make_template()
    (other,) = queue(template, contact, topic=topic)
    Message.objects.update(state=State.FAILED, due_at=None)
    (message,) = queue(template, contact, topic=topic)
    delivery.deliver(Clock(), Meanwhile(another_is_marked(other)), 10)
    message.refresh_from_db()
    assert (message.state, "at most 1 email" in message.reason) == (State.CANCELLED, True)
    assert mail.outbox == []


@pytest.mark.django_db
def test_a_pause_is_tested_again_when_a_message_is_marked() -> None:
    """The contact pauses emails between the claim and the mark: the message stays, but for one that ignores topics."""
    contact, topic, template = make_contact(), make_topic(), make_template()
    (message,) = queue(template, contact, topic=topic, when_full="wait")
    (receipt,) = queue(template, contact)
    until = NOW + datetime.timedelta(days=30)
    pause = Contact.objects.filter(pk=contact.pk)
    delivery.deliver(Clock(), Meanwhile(lambda: pause.update(paused_until=until)), 10)
    for each in (message, receipt):
        each.refresh_from_db()
    assert (message.state, message.due_at, receipt.state) == (State.QUEUED, until, State.SENT)
    assert "paused emails until" in message.reason


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("when_full", "state"), [("wait", State.QUEUED), ("skip", State.CANCELLED), ("exit", State.CANCELLED)]
)
def test_what_becomes_of_a_message_without_room(when_full: str, state: str) -> None:
    """As its step said: it stays in the queue until there is room, or is not sent, or its journey ends."""
    at_most(1)
    contact, topic, gate, clock = make_contact(), make_topic(), OpenGate(), Clock()
    queue(make_template(), contact, topic=topic)
    (message,) = queue(make_template(), contact, topic=topic, when_full=when_full)
    delivery.deliver(clock, gate, 10)
    clock.forward(minutes=1)
    delivery.deliver(clock, gate, 10)
    message.refresh_from_db()
    assert (message.state, message.capped_at) == (state, NOW)
    assert list(getattr(gate, "left", {})) == ([message.pk] if when_full == "exit" else [])
    clock.forward(days=1)
    delivery.deliver(clock, gate, 10)
    assert len(mail.outbox) == (2 if when_full == "wait" else 1)


@pytest.mark.django_db
def test_a_message_waits_for_room_no_longer_than_it_may() -> None:
    """The wait has an end; then it is not sent."""
    at_most(1, days=3)
    contact, topic, clock = make_contact(), make_topic(), Clock()
    queue(make_template(), contact, topic=topic)
    delivery.deliver(clock, OpenGate(), 10)
    end = NOW.replace(day=NOW.day + 1)
    (message,) = queue(make_template(), contact, topic=topic, when_full="wait", hold_until=end)
    delivery.deliver(clock, OpenGate(), 10)
    message.refresh_from_db()
    assert (message.state, message.due_at) == (State.QUEUED, end)
    clock.forward(days=1)
    delivery.deliver(clock, OpenGate(), 10)
    message.refresh_from_db()
    assert message.state == State.CANCELLED


@pytest.mark.django_db
def test_the_period_rolls() -> None:
    """Two in a day, sent ten hours apart: the third when the first is a day old, the fourth when the second is."""
    at_most(2)
    contact, topic, clock = make_contact(), make_topic(), Clock()
    seen = []
    for hours in (0, 10, 13, 1, 9, 1):
        clock.forward(hours=hours)
        queue(make_template(), contact, topic=topic)
        delivery.deliver(clock, OpenGate(), 10)
        seen.append(len(mail.outbox))
    assert seen == [1, 2, 2, 3, 3, 4]


@pytest.mark.django_db
def test_places_cost_the_same_number_of_statements_whatever_their_number() -> None:
    """Three contacts without room or sixty: claiming takes the same statements."""
    at_most(1)
    topic, template, counts = make_topic(), make_template(), []
    for number in (3, 60):
        contacts = [make_contact() for _number in range(number)]
        queue(template, *contacts, topic=topic)
        queue(template, *contacts, topic=topic)
        with CaptureQueriesContext(connection) as captured:
            found = limits.give(
                list(Message.objects.filter(state=State.QUEUED).order_by("pk")), limits.all_limits(), NOW
            )
        counts.append(len(captured))
        assert len(found.held) == number
        Message.objects.all().delete()
    assert counts[0] == counts[1] <= 8
