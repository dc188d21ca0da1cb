"""The database throws everybody out, again and again, as in a restart or a fail-over."""

from __future__ import annotations

import datetime
import random
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends import locmem
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from tests.faults.clusters import Clusters
from tests.faults.visitors import JOINED, address, joined
from tests.faults.watching import watch
from tests.faults.world import SUBJECTS, World, read
from tests.support.database import Database
from tests.support.mail import MailServer
from tests.support.processes import Running, python
from tests.support.waiting import wait_for
from wagtail_journeys import jobs, pipeline
from wagtail_journeys.events.models import Heartbeat
from wagtail_journeys.ingest import track
from wagtail_journeys.models import Message

pytestmark = [pytest.mark.faults, pytest.mark.cluster, pytest.mark.slow, pytest.mark.postgres]

TIMES = {False: 8, True: 60}
PEOPLE = {False: 60, True: 400}


def test_what_was_accepted_survives_lost_connections(
    start_clusters: Callable[..., Clusters],
    mail_server: MailServer,
    rng: random.Random,
    tmp_path: Path,
    patience: None,
    long_faults: bool,
) -> None:
    """What accept() returned for is in the log exactly once, and no email is handed over twice."""
    mail_server.faults.slow = 0.1
    world = World.of(mail_server)
    clusters = start_clusters(1, slow_sql=0.02)
    ledger = tmp_path / "ledger"
    program = python(
        "-m", "tests.faults.visitors", str(ledger), str(rng.random()), str(PEOPLE[long_faults]), "5"
    )
    thrown_out = 0
    with Running("visitors", program, tmp_path / "visitors.log", clusters.web_env()) as visitors:
        visitors.says("the site is open")
        moment = threading.Event()
        for _time in range(TIMES[long_faults]):
            before = len(mail_server.messages)
            watch(clusters, lambda before=before: len(mail_server.messages) > before, 120, visitors.log)
            moment.wait(rng.uniform(0, 1.5))
            thrown_out += throw_out_everybody()
        visitors.process.send_signal(signal.SIGUSR1)
        watch(clusters, lambda: "everybody was here" in visitors.log(), 300, visitors.log)
        people = int(visitors.log().rpartition("everybody was here: ")[2].split()[0])
        watch(clusters, lambda: world.settled(people), 300, lambda: world.left(people))
        visitors.process.send_signal(signal.SIGTERM)
        watch(clusters, lambda: "the site is closed" in visitors.log(), 60, visitors.log)
        refused = int(visitors.log().rpartition("the site is closed, ")[2].split()[0])
    watch(clusters, lambda: world.settled(people), 200, lambda: world.left(people))

    accepted = read(ledger)
    assert {joined(n) for n in range(1, people + 1)} <= set(accepted)
    states = world.expect_once(people, accepted)
    assert thrown_out >= TIMES[long_faults]
    print(
        f"{TIMES[long_faults]} times, {thrown_out} connections cut, {refused} calls refused; {len(accepted)} events told, "
        f"{len(set(accepted))} different; {sum(states.values())} messages, {states.get(Message.State.UNKNOWN, 0)} unknown; "
        f"{clusters.stalls} stalls"
    )


def test_the_alarm_clock_goes_on_when_the_database_is_back(start_clusters: Callable[..., Clusters]) -> None:
    """Nobody visits the site and nobody wakes the cluster: the clock beats on all the same, and not first in a minute."""
    jobs.ensure_schedules()
    jobs.enqueue(jobs.PULSE)
    clusters = start_clusters(1)
    for _time in range(3):
        begun = timezone.now()
        wait_for(lambda begun=begun: looked_after(begun), 60, otherwise=clusters.logs)
        assert throw_out_everybody()
        cut = timezone.now() + datetime.timedelta(seconds=1)
        wait_for(lambda cut=cut: looked_after(cut), 25, otherwise=clusters.logs)


class CutOff(locmem.EmailBackend):
    """Takes the email, and when it has it the database cuts everybody off."""

    def send_messages(self, messages: list[EmailMessage]) -> int:
        taken = super().send_messages(messages)
        other = connection.copy()
        try:
            throw_out_everybody(other)
        finally:
            other.close()
        return taken


def test_an_answer_of_the_mail_server_is_not_forgotten(own_database: Database, settings) -> None:
    """The connection is cut during the hand-over: what the server said is written down on a new one."""
    settings.EMAIL_BACKEND = f"{__name__}.{CutOff.__name__}"
    settings.JOURNEYS_ADVANCE_BATCH = 1
    with MailServer() as nobody:
        World.of(nobody, pause=0)
    track(JOINED, email=address(1))
    pipeline.tick()
    assert [message.subject for message in mail.outbox] == list(SUBJECTS)
    assert set(Message.objects.values_list("state", flat=True)) == {Message.State.SENT}


def looked_after(moment: datetime.datetime) -> bool:
    return Heartbeat.objects.filter(pk="tick", at__gt=moment).exists()


def throw_out_everybody(by: BaseDatabaseWrapper | None = None) -> int:
    """End every connection to the test's database but this one; returns how many there were."""
    with (by or connection).cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])
