"""A mail server that falls silent, or is not there."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest
from django.utils import timezone

from tests.faults.clusters import Clusters
from tests.faults.settings import JOURNEYS_HANDOVER_LIMIT, JOURNEYS_MESSAGE_LEASE
from tests.faults.visitors import JOINED, address
from tests.faults.watching import watch
from tests.faults.world import World
from tests.support.database import Database
from tests.support.mail import MailServer
from tests.support.services import free_port
from wagtail_journeys import jobs, pipeline
from wagtail_journeys.conf import conf
from wagtail_journeys.events.models import Heartbeat
from wagtail_journeys.ingest import track
from wagtail_journeys.models import Journey, Message

pytestmark = [pytest.mark.faults]


def join(people: range) -> list[str]:
    return [track(JOINED, email=address(number)) for number in people]


@pytest.mark.cluster
@pytest.mark.slow
def test_silence_after_the_content_is_unknown_and_never_tried_again(
    start_clusters: Callable[..., Clusters], mail_server: MailServer
) -> None:
    """The server has it and does not say so: the email stays the only one, however long clusters look."""
    world = World.of(mail_server, pause=0)
    mail_server.faults.hang_after_content(2)
    clusters = start_clusters(1, smtp_timeout=1)
    accepted = join(range(1, 4))
    watch(clusters, lambda: jobs.wake() or world.settled(3), 60, lambda: world.left(3))
    unknown = Message.objects.filter(state=Message.State.UNKNOWN)
    assert unknown.count() == 2
    assert {mail_server.by_message_id[message.header_id] for message in unknown} == {1}

    # Nothing that a claim or a mark can make it do comes later than this.
    quiet = max(message.settled_at for message in unknown) + datetime.timedelta(
        seconds=JOURNEYS_HANDOVER_LIMIT + JOURNEYS_MESSAGE_LEASE
    )
    accepted += join(range(4, 6))
    watch(clusters, lambda: jobs.wake() or Heartbeat.objects.get(pk="tick").at > quiet, 120)
    watch(clusters, lambda: world.settled(5), 60, lambda: world.left(5))
    assert world.expect_once(5, accepted) == {Message.State.SENT: 8, Message.State.UNKNOWN: 2}


def test_what_waits_for_a_mail_server_goes_out_once_it_is_back(own_database: Database, settings) -> None:
    """Nothing listens: the queue rests and burns no tries. Something does: everything goes out, once."""
    back = MailServer(free_port())
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", back.port, 5
    world = World.of(back, pause=0)
    accepted = join(range(1, 21))
    now = timezone.now()
    pipeline.tick(now)

    waiting = Message.objects.all()
    assert {(message.state, message.attempts) for message in waiting} == {(Message.State.QUEUED, 0)}
    assert any("cannot be reached" in message.reason for message in waiting)
    assert Journey.objects.filter(state=Journey.State.ACTIVE).count() == 0  # who waits for nothing goes on
    with back:
        rest = datetime.timedelta(seconds=conf.EMAIL_BREAKER_REST)
        pipeline.tick(now + rest / 2)
        assert back.connections == 0
        pipeline.tick(now + rest * 2)
        assert world.settled(20), world.left(20)
    assert world.expect_once(20, accepted) == {Message.State.SENT: 40}


@pytest.mark.cluster
@pytest.mark.slow
def test_a_mail_server_that_comes_and_goes_gets_everything_once(
    start_clusters: Callable[..., Clusters], mail_server: MailServer, long_faults: bool
) -> None:
    """With clusters that go on all the time: greylisted, refused at the door, cut off after the content."""
    world = World.of(mail_server, pause=0)
    mail_server.faults.refuse("RCPT", "451 4.7.1 greylisted", times=5)
    mail_server.faults.drop_after_content(3)
    clusters = start_clusters(1)
    people = 20
    accepted = join(range(1, people + 1))
    watch(clusters, lambda: jobs.wake() or Message.objects.filter(state="deferred").count() == 5, 60)
    if not long_faults:  # the long form waits out the minute that the product does
        Message.objects.filter(state=Message.State.DEFERRED).update(due_at=timezone.now())
    watch(clusters, lambda: jobs.wake() or world.settled(people), 200, lambda: world.left(people))
    assert world.expect_once(people, accepted) == {Message.State.SENT: 37, Message.State.UNKNOWN: 3}
