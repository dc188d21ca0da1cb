"""A rate, kept by senders that really run side by side."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from django.db import connections
from django.utils import timezone

from tests.emails.making import OpenGate, make_contact, make_template, make_topic, queue
from tests.support.database import Database
from tests.support.mail import MailServer
from wagtail_journeys.emails import delivery

pytestmark = [pytest.mark.faults]

RATE = 20  # a second


@pytest.fixture
def server(settings) -> Iterator[MailServer]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_TIMEOUT = "127.0.0.1", 10
    settings.JOURNEYS_RATE_LIMITS = {"all": f"{RATE}/s"}
    with MailServer() as server:
        settings.EMAIL_PORT = server.port
        yield server


def test_four_senders_at_once_keep_to_the_rate(
    own_database: Database, server: MailServer, long_faults: bool
) -> None:
    """Four threads look all the time. In the long form for a minute: within five in a hundred of the limit."""
    seconds, tolerance = (60, 0.05) if long_faults else (4, 0.25)
    contacts = [make_contact() for _ in range(int(RATE * seconds * 1.5))]
    queue(make_template(), *contacts, topic=make_topic())
    pause = threading.Event()
    began = time.monotonic()
    stop = began + seconds

    def work() -> None:
        try:
            while time.monotonic() < stop:
                delivery.deliver(timezone.now, OpenGate(), 50)
                pause.wait(0.05)
        finally:
            connections.close_all()

    senders = [threading.Thread(target=work) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(seconds + 60)
    # Whoever has begun a batch when the time is over ends it, and is allowed what that time allows.
    number, allowed = len(server.messages), RATE * (time.monotonic() - began)
    print(f"{number} messages where {allowed:.0f} are allowed, by four senders")
    assert abs(number - allowed) <= max(RATE * 1.0, allowed * tolerance)
    assert server.doubled == {}
