from __future__ import annotations

import datetime
import os
import socket
import subprocess
import sys

import pytest
from django.utils import timezone

from wagtail_journeys import jobs, pipeline
from wagtail_journeys.events.models import Heartbeat

pytestmark = pytest.mark.django_db


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch, settings) -> list[str]:
    """What a pulse did: "look" for a tick, and the tasks it asked for."""
    seen: list[str] = []
    settings.JOURNEYS_PULSE_SECONDS = 0.01
    settings.JOURNEYS_TICK_INTERVAL = 0
    monkeypatch.setattr(pipeline, "tick", lambda: seen.append("look"))
    monkeypatch.setattr(jobs, "enqueue", seen.append)
    return seen


def lease(holder: str, seconds: float) -> None:
    now = timezone.now()
    until = now + datetime.timedelta(seconds=seconds)
    Heartbeat.objects.create(pk="pulse", at=now, until=until, holder=holder)


def test_a_pulse_looks_and_asks_to_be_called_again(looks: list[str]):
    """The alarm clock looks at the queues and then arms itself again."""
    pipeline.pulse()
    assert looks[0] == "look"
    assert looks[-1] == jobs.PULSE


def test_one_pulse_beats_at_a_time(looks: list[str]):
    """While another machine's pulse holds the lease, this one leaves without looking."""
    lease("elsewhere:17", 30)
    pipeline.pulse()
    assert looks == []


def test_a_lease_that_is_over_is_taken(looks: list[str]):
    """A machine that died stops holding the lease when its time is over."""
    lease("elsewhere:17", -1)
    pipeline.pulse()
    assert "look" in looks


def test_the_lease_of_a_process_that_was_killed_is_taken_at_once(looks: list[str]):
    """A holder on this machine that is no more does not keep the others waiting."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    lease(f"{socket.gethostname()[:28]}:{gone.pid}", 30)
    pipeline.pulse()
    assert "look" in looks


def test_the_lease_of_a_living_process_is_respected(looks: list[str]):
    """A holder on this machine that lives keeps the lease."""
    lease(f"{socket.gethostname()[:28]}:{os.getppid()}", 30)
    pipeline.pulse()
    assert looks == []
