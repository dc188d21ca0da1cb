from __future__ import annotations

import faulthandler
import os
import random
from collections.abc import Callable, Iterator

import pytest

from tests.faults.clusters import Clusters
from tests.support.cluster import RunningCluster
from tests.support.database import Database
from tests.support.mail import MailServer

SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.faults.settings"}


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """Chance, which can be had again: FAULTS_SEED=… is printed by every run."""
    seed = os.environ.get("FAULTS_SEED") or str(random.SystemRandom().randrange(10**6))
    print(f"\n{request.node.name}: FAULTS_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def patience(long_faults: bool) -> None:
    """A long run may take longer than the tests' common limit."""
    if long_faults:
        faulthandler.cancel_dump_traceback_later()


@pytest.fixture
def start_clusters(
    own_database: Database, mail_server: MailServer, rng: random.Random
) -> Iterator[Callable[..., Clusters]]:
    """``start_clusters(2, broker="redis")``: clusters on this test's database and mail server, kept alive by ``look``."""
    made: list[Clusters] = []

    def start(number: int, *, slow_sql: float = 0, die_every: int = 0, **options: object) -> Clusters:
        env = {**SETTINGS, "FAULTS_SLOW_SQL": str(slow_sql), "FAULTS_DIE_EVERY": str(die_every)}

        def one() -> RunningCluster:
            return RunningCluster(own_database, smtp_port=mail_server.port, env=env, **options)

        clusters = Clusters(one, number, rng)
        made.append(clusters)
        return clusters.open()

    try:
        yield start
    finally:
        for clusters in made:
            clusters.stop()
