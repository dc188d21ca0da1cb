"""kill -9 at random moments: the rows are the queue, so nothing is lost, and nothing happens twice."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.clusters import Clusters
from tests.faults.visitors import joined
from tests.faults.watching import watch
from tests.faults.world import World, read
from tests.support.mail import MailServer
from tests.support.processes import Running, python
from wagtail_journeys import jobs
from wagtail_journeys.ingest import track
from wagtail_journeys.models import Message

pytestmark = [pytest.mark.faults, pytest.mark.cluster, pytest.mark.slow]

KILLS = {"shortest": 3, "short": 5, "long": 32}
PEOPLE = {"shortest": 40, "short": 75, "long": 600}  # two messages each


@pytest.mark.parametrize(
    ("number", "broker"),
    [
        pytest.param(1, "orm", marks=pytest.mark.sqlite),
        pytest.param(2, "orm", marks=pytest.mark.postgres),
        pytest.param(2, "redis", marks=pytest.mark.postgres),
    ],
)
def test_no_kill_loses_or_doubles_anything(
    start_clusters: Callable[..., Clusters],
    mail_server: MailServer,
    rng: random.Random,
    tmp_path: Path,
    patience: None,
    long_faults: bool,
    number: int,
    broker: str,
) -> None:
    """Whatever dies, every event is logged once, every step done once, every email handed over at most once."""
    began = time.monotonic()
    form = "long" if long_faults else "shortest" if broker == "redis" else "short"
    mail_server.faults.slow = 0.12
    world = World.of(mail_server)
    clusters = start_clusters(number, broker=broker, slow_sql=0.01, die_every=120)
    ledger = tmp_path / "ledger"
    program = python("-m", "tests.faults.visitors", str(ledger), str(rng.random()), str(PEOPLE[form]), "4")
    env = clusters.web_env()
    with Running("visitors", program, tmp_path / "visitors.log", env) as visitors:
        visitors.says("the site is open")
        kill_at_random(clusters, mail_server, rng, KILLS[form])
        visitors.process.send_signal(signal.SIGUSR1)
        watch(clusters, lambda: "everybody was here" in visitors.log(), 300, visitors.log)
        people = int(visitors.log().rpartition("everybody was here: ")[2].split()[0])
        if not long_faults:
            settle(world, clusters, people)
        # In the long form nobody comes any more: what is left must be found without anybody waking the cluster.
        visitors.process.send_signal(signal.SIGTERM)
        watch(clusters, lambda: "the site is closed" in visitors.log(), 60, visitors.log)
    settle(world, clusters, people)

    accepted = read(ledger)
    assert {joined(n) for n in range(1, people + 1)} <= set(accepted)
    states = world.expect_once(people, accepted)
    assert clusters.killed.total() >= KILLS[form] and clusters.deaths() > 0
    print(
        f"{number} x {broker}: {clusters.say()}; {len(accepted)} events told, {len(set(accepted))} different; "
        f"{sum(states.values())} messages, {states.get(Message.State.UNKNOWN, 0)} unknown; "
        f"{time.monotonic() - began:.0f} s"
    )


def kill_at_random(clusters: Clusters, mail_server: MailServer, rng: random.Random, kills: int) -> None:
    """Each kill comes at a random moment after emails have gone out since the one before."""
    moment = threading.Event()
    while clusters.killed.total() < kills:
        before = len(mail_server.messages)
        watch(clusters, lambda before=before: len(mail_server.messages) > before, 120)
        moment.wait(rng.uniform(0, 3))
        clusters.kill_one()


def settle(world: World, clusters: Clusters, people: int) -> None:
    watch(clusters, lambda: world.settled(people), 300, lambda: world.left(people))


def test_a_worker_that_dies_inside_the_hand_over_leaves_its_email_unknown(
    start_clusters: Callable[..., Clusters], mail_server: MailServer
) -> None:
    """The server took it and the worker died before hearing so: it is shown as unknown, and the others go out."""
    world = World.of(mail_server, pause=0)
    clusters = start_clusters(1, smtp_timeout=7)
    mail_server.faults.hang_after_content()
    people = 5
    accepted = [track("joined", email=f"person-{n}@people.example") for n in range(1, people + 1)]
    watch(clusters, lambda: mail_server.messages, 60)
    clusters.kill_all("worker")

    def look() -> bool:
        jobs.wake()
        return world.settled(people)

    watch(clusters, look, 120, lambda: world.left(people))
    states = world.expect_once(people, accepted)
    unknown = Message.objects.filter(state=Message.State.UNKNOWN)
    assert (
        states[Message.State.UNKNOWN] <= 2
    )  # one for each worker: the other one may have been handing over, too
    assert mail_server.messages[0].message_id in {message.header_id for message in unknown}
    assert all("may have taken it" in message.reason for message in unknown)
