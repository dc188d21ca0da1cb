"""Real processes: a cluster that makes calls, and a worker killed between sending and writing down what came back."""

from __future__ import annotations

import datetime
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from tests.calls.making import step
from tests.calls.server import Reply, Server, until
from tests.scenarios.story import on_event
from tests.support.cluster import RunningCluster
from tests.support.database import Database
from tests.support.processes import Running, python
from wagtail_journeys import jobs, pipeline
from wagtail_journeys.calls.models import Call
from wagtail_journeys.ingest import track
from wagtail_journeys.journeys import publishing
from wagtail_journeys.models import Campaign, Journey
from wagtail_journeys.streams import with_ids

SETTINGS = "tests.calls.cluster_settings"
WORKER = "import django; django.setup(); from wagtail_journeys import pipeline; pipeline.place_calls()"


def live(*steps: dict[str, Any]) -> Campaign:
    campaign = Campaign(name="Care tips", trigger=with_ids([on_event("joined")]), steps=with_ids(list(steps)))
    campaign.save()
    publishing.published(campaign, timezone.now())
    return campaign


@pytest.mark.faults
@pytest.mark.parametrize("repeatable", [True, False])
def test_killed_between_send_and_settle(own_database: Database, server: Server, repeatable: bool) -> None:
    """The receiver has the call, the worker is dead: sent again with the same id, or shown as perhaps received; never lost."""
    server.answers = [server.hang()]
    live(step(server.url, repeatable=repeatable, on_failure="exit"))
    track("joined", email="ann@example.com")
    while pipeline.drain(timezone.now()) + pipeline.advance(timezone.now()):
        pass
    call = Call.objects.get()
    env = {**own_database.env, "DJANGO_SETTINGS_MODULE": SETTINGS, "TEST_CALLS_HOST": server.host}
    with Running(
        "worker", python("-c", WORKER), django_settings.TEST_DIR / "calls-worker.log", env
    ) as worker:
        until(lambda: bool(server.asked), 60)
        os.kill(worker.pid, signal.SIGKILL)
        worker.process.wait(10)
    call.refresh_from_db()
    assert (call.state, call.attempts) == (Call.State.SENDING, 1)
    assert pipeline.place_calls(timezone.now()).handled == 0  # it may still be alive, as far as anybody knows

    later = timezone.now() + datetime.timedelta(minutes=2)
    while pipeline.place_calls(later).handled + pipeline.advance(later):
        pass
    call.refresh_from_db()
    journey = Journey.objects.get()
    if repeatable:
        assert (call.state, server.by_id) == (Call.State.DONE, {str(call.uuid): 2})
        assert journey.state == Journey.State.COMPLETED
    else:
        assert (call.state, server.by_id) == (Call.State.UNKNOWN, {str(call.uuid): 1})
        assert "Nobody knows" in call.error and journey.state == Journey.State.EXITED


@pytest.mark.cluster
@pytest.mark.slow
def test_a_cluster_makes_calls_while_a_host_hangs(
    start_cluster: Callable[..., RunningCluster], server: Server
) -> None:
    """Events of others are processed while a call hangs, and the other calls go out."""
    hanging = step(server.url + "/slow")
    live(hanging)
    server.usual = lambda asked: server.hang() if asked.path == "/slow" else Reply()
    start_cluster(env={"DJANGO_SETTINGS_MODULE": SETTINGS, "TEST_CALLS_HOST": server.host})
    track("joined", email="slow@example.com")
    until(lambda: jobs.wake() or bool(server.asked), 60)
    Campaign.objects.update(live=False)
    live(step(server.url + "/quick"))
    Campaign.objects.filter(live=False).update(live=True, state=Campaign.State.STOPPING)
    track("joined", email="quick@example.com")
    until(lambda: jobs.wake() or Journey.objects.filter(state="completed").count() == 1, 60)
    assert Call.objects.get(url__endswith="/slow").state == Call.State.SENDING
    assert Call.objects.get(url__endswith="/quick").state == Call.State.DONE
