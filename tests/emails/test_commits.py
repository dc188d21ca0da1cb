"""What other workers see: these tests commit for real."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections, transaction

from tests.emails.making import NOW, Clock, OpenGate, make_contact, make_template, queue
from tests.support.database import Database
from tests.support.mail import MailServer
from wagtail_journeys.emails import delivery
from wagtail_journeys.emails.models import Message

State = Message.State


@pytest.fixture
def server(settings) -> Iterator[MailServer]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_TIMEOUT = 5
    with MailServer() as server:
        settings.EMAIL_PORT = server.port
        yield server


def elsewhere(work: Callable[[], Any]) -> Any:
    """The result of ``work`` in another thread, on a connection of its own."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(work())
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    return found[0]


def test_marked_before_the_server_hears(
    own_database: Database, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the moment of the hand-over, everybody can see that it has begun, and how the one before it ended."""
    queue(make_template(), make_contact(), make_contact())
    seen: list[list[str]] = []
    send = delivery.Carrier._send

    def look_and_send(self: delivery.Carrier, *args: Any) -> None:
        seen.append(elsewhere(lambda: list(Message.objects.order_by("pk").values_list("state", flat=True))))
        send(self, *args)

    monkeypatch.setattr(delivery.Carrier, "_send", look_and_send)
    assert delivery.deliver(Clock(), OpenGate(), 10).sent == 2
    assert seen == [[State.HANDING_OVER, State.CLAIMED], [State.SENT, State.HANDING_OVER]]


def test_worker_that_dies_after_the_hand_over(
    own_database: Database, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server has the message, the worker is gone: nobody hands it over a second time."""

    class Died(BaseException):
        """What a kill looks like from inside."""

    send = delivery.Carrier._send

    def send_and_die(self: delivery.Carrier, *args: Any) -> None:
        send(self, *args)
        raise Died

    queue(make_template(), make_contact(), make_contact())
    with monkeypatch.context() as patched:
        patched.setattr(delivery.Carrier, "_send", send_and_die)
        with pytest.raises(Died):
            delivery.deliver(Clock(), OpenGate(), 10)
    clock = Clock()
    clock.forward(hours=1)
    delivery.recover(clock.now)
    assert delivery.deliver(clock, OpenGate(), 10).sent == 1
    assert list(Message.objects.order_by("pk").values_list("state", flat=True)) == [State.UNKNOWN, State.SENT]
    assert len(server.messages) == 2
    assert server.doubled == {}


def test_two_workers(own_database: Database, server: MailServer, settings) -> None:
    """Two workers at the same queue share it: every message once."""
    settings.JOURNEYS_MESSAGE_BATCH = 7
    queue(make_template(), *(make_contact() for _ in range(60)))
    tallies: list[delivery.Tally] = []

    def work() -> None:
        try:
            tallies.append(delivery.deliver(Clock(), OpenGate(), 1000))
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    delivery.deliver(Clock(), OpenGate(), 1000)
    assert len(tallies) == 2
    assert Message.objects.filter(state=State.SENT).count() == 60
    assert len(server.messages) == 60
    assert server.doubled == {}


def test_not_inside_a_transaction(own_database: Database, server: MailServer) -> None:
    """Delivery refuses to work inside a transaction: its marks would not be there for others to see."""
    queue(make_template(), make_contact())
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        delivery.deliver(Clock(), OpenGate(), 10)
    assert server.messages == []
    assert Message.objects.get().due_at == NOW
