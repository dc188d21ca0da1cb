"""An event that is told again and again, in any order, to several clusters at once."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.utils import timezone

from tests.faults.clusters import Clusters
from tests.faults.visitors import JOINED, LOOKED, address, joined
from tests.faults.watching import watch
from tests.faults.world import World
from tests.support.mail import MailServer
from wagtail_journeys import jobs
from wagtail_journeys.ingest import track
from wagtail_journeys.models import Journey, Message

pytestmark = [pytest.mark.faults, pytest.mark.cluster, pytest.mark.slow]

PEOPLE = 40


@pytest.mark.parametrize(
    "number", [pytest.param(1, marks=pytest.mark.sqlite), pytest.param(2, marks=pytest.mark.postgres)]
)
def test_five_deliveries_out_of_order_are_one_entry_and_one_email(
    start_clusters: Callable[..., Clusters], mail_server: MailServer, rng: random.Random, number: int
) -> None:
    """The copies come from different browsers, so that different workers meet them at the same moment."""
    world = World.of(mail_server, pause=0)
    clusters = start_clusters(number)
    copies = [copy for person in range(1, PEOPLE + 1) for copy in everything(person)]
    rng.shuffle(copies)
    late = [copy for copy in copies if copy[0] == JOINED][: PEOPLE * 2]
    for copy in late:
        copies.remove(copy)

    accepted = tell(copies)
    watch(clusters, lambda: jobs.wake() or Journey.objects.count() >= PEOPLE // 2, 60)
    accepted |= tell(late)
    watch(clusters, lambda: jobs.wake() or world.settled(PEOPLE), 120, lambda: world.left(PEOPLE))

    assert len(accepted) == PEOPLE * 3
    states = world.expect_once(PEOPLE, accepted)
    assert states == {Message.State.SENT: PEOPLE * 2}
    print(f"{number} clusters: {len(copies) + len(late)} deliveries, {len(accepted)} events, {states}")


def everything(person: int) -> list[tuple[str, str, dict[str, str]]]:
    """What one person does, each thing five times; the first two browsers are bound to the address by it."""
    browsers = [f"browser-{person}-{browser}" for browser in "ab"]
    whose = [{"email": address(person)} | ({"anonymous_id": b} if b else {}) for b in ["", *browsers] * 2][:5]
    looks = [
        (LOOKED, f"looked-{person}-{browser}", {"anonymous_id": browser})
        for browser in browsers
        for _copy in range(5)
    ]
    return looks + [(JOINED, joined(person), claims) for claims in whose]


def tell(copies: list[tuple[str, str, dict[str, str]]]) -> set[str]:
    """From five threads at once, as five web processes would."""
    happened = timezone.now()

    def some(part: list[tuple[str, str, dict[str, str]]]) -> set[str]:
        try:
            return {track(name, message_id=key, occurred_at=happened, **whose) for name, key, whose in part}
        finally:
            connections.close_all()

    with ThreadPoolExecutor(5) as threads:
        return set().union(*threads.map(some, [copies[start::5] for start in range(5)]))
