"""A real cluster that dies: people and monitors hear of it while events go on coming in."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from tests.support.processes import kill_group
from tests.support.waiting import wait_for
from wagtail_journeys.events.inbox import Incoming, accept

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

TOKEN = "for-monitors"


def command() -> tuple[int, set[str]]:
    """What ``journeys_health`` finds and how it ends."""
    said = StringIO()
    try:
        call_command("journeys_health", format="json", stdout=said)
    except SystemExit as ended:
        return int(ended.code or 0), {finding["key"] for finding in json.loads(said.getvalue())["findings"]}
    return 0, set()


def monitor() -> tuple[int, set[str]]:
    """What the address for monitors answers."""
    answer = Client().get("/journeys/health/", headers={"Authorization": f"Bearer {TOKEN}"})
    return answer.status_code, {finding["key"] for finding in answer.json()["findings"]}


def test_a_cluster_that_is_killed_is_missed(
    own_database: Any, start_cluster: Callable[..., Any], settings: Any
) -> None:
    """kill -9: soon the command ends with 2 and the address answers 503, both naming the cluster; a new one ends that."""
    settings.JOURNEYS_HEALTH_HEARTBEAT = 3
    settings.JOURNEYS_HEALTH_TOKEN = TOKEN
    call_command("journeys_setup", stdout=StringIO())

    def misses(cluster: bool) -> bool:
        """Something happens, which wakes whoever is there, and both are asked."""
        now = timezone.now()
        accept(Incoming(source="test", name="page_view", occurred_at=now), now)
        return all(("cluster" in keys) is cluster for _code, keys in (command(), monitor()))

    running = start_cluster()
    wait_for(lambda: misses(False), 60, what="the cluster is seen", every=0.3, otherwise=running.log)
    kill_group(running.pid)
    wait_for(lambda: misses(True), 60, what="the cluster is missed", every=0.3)
    assert (command()[0], monitor()[0]) == (2, 503)
    again = start_cluster()
    wait_for(lambda: misses(False), 60, what="the new cluster is seen", every=0.3, otherwise=again.log)
