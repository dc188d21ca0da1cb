"""The same "go and look", by many at once: a task that comes twice or late finds nothing to do twice."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connections
from django.utils import timezone

from tests.faults.visitors import JOINED, LOOKED, SOURCE, address, joined
from tests.faults.world import World
from tests.support.database import Database
from tests.support.mail import MailServer
from wagtail_journeys import pipeline
from wagtail_journeys.events.inbox import Incoming, accept_many
from wagtail_journeys.models import Message

pytestmark = [pytest.mark.faults]

LOOKERS = 6
PEOPLE = 150


@pytest.fixture
def small_batches(settings, mail_server: MailServer) -> MailServer:
    """Many claims for the same rows, and a real mail server to count what is handed over."""
    settings.JOURNEYS_DRAIN_BATCH = settings.JOURNEYS_ADVANCE_BATCH = 10
    settings.JOURNEYS_MESSAGE_BATCH = 5
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", mail_server.port, 20
    return mail_server


def test_many_ticks_at_once_do_everything_once(own_database: Database, small_batches: MailServer) -> None:
    """Six workers on the same rows: no step is done twice, no email handed over twice, nothing is left."""
    world = World.of(small_batches)
    accepted = arrive()
    start = threading.Barrier(LOOKERS)
    tried_again: list[OperationalError] = []

    def look() -> int:
        done = 0
        start.wait(30)
        try:
            for _tick in range(1000):
                try:
                    done += pipeline.tick()
                except (
                    OperationalError
                ) as error:  # as in a cluster: the next task finds the rows as they were
                    tried_again.append(error)
                    connections.close_all()
                if world.settled(PEOPLE):
                    break
            return done
        finally:
            connections.close_all()

    with ThreadPoolExecutor(LOOKERS) as lookers:
        shares = [future.result(240) for future in [lookers.submit(look) for _ in range(LOOKERS)]]

    assert world.settled(PEOPLE), (world.left(PEOPLE), tried_again)
    assert world.expect_once(PEOPLE, accepted) == {Message.State.SENT: PEOPLE * 2}
    assert sum(1 for share in shares if share) > 1  # they did meet
    print(
        f"work done by each: {shares}; tried again: {[str(error).splitlines()[0] for error in tried_again]}"
    )


def arrive() -> set[str]:
    """Everybody joins three times by different browsers, so that copies lie in different partitions."""
    now = timezone.now()
    events = [
        Incoming(
            source=SOURCE,
            name=JOINED,
            message_id=joined(number),
            occurred_at=now,
            anonymous_id=browser,
            claims={"email": address(number)},
        )
        for browser in ("", "a", "b")
        for number in range(1, PEOPLE + 1)
    ]
    events += [
        Incoming(
            source=SOURCE,
            name=LOOKED,
            message_id=f"looked-{number}",
            occurred_at=now,
            claims={"email": address(number)},
        )
        for number in range(PEOPLE, 0, -1)
    ]
    accept_many(events, now, wake=False)
    return {event.message_id for event in events}
