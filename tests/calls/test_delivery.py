"""Calls to a real server on this machine that fails where the test wants it to."""

from __future__ import annotations

import datetime
import time
from email.utils import format_datetime
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from tests.calls.making import NOW, Clock, OpenGate, fresh, queue, send
from tests.calls.server import Reply, Server
from tests.support.services import free_port
from wagtail_journeys.calls import delivery, outbox
from wagtail_journeys.calls.delivery import lease, recover
from wagtail_journeys.calls.models import Breaker, Call, Stop
from wagtail_journeys.signals import calls_settled

pytestmark = pytest.mark.django_db

State = Call.State


def test_a_call_is_made_once(server: Server) -> None:
    """A queued call reaches the receiver once, with its id, and a second look finds nothing to do."""
    (call,) = queue(
        f"{server.url}/hook?a=1", body='{"a": 1}', body_kind="json", headers=(("X-Site", "shop"),)
    )
    tally = send()
    assert (tally.claimed, tally.done, tally.settled) == (1, 1, [call.pk])
    assert send().claimed == 0
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.json) == ("POST", "/hook?a=1", {"a": 1})
    assert asked.headers["webhook-id"] == asked.headers["Idempotency-Key"] == str(call.uuid)
    assert asked.headers["X-Site"] == "shop"
    assert asked.headers["Content-Type"] == "application/json"
    assert asked.headers["Accept-Encoding"] == "identity"
    settled = fresh(call)
    assert (settled.state, settled.attempts, settled.due_at, settled.settled_at) == (State.DONE, 1, None, NOW)
    assert (settled.response_status, settled.response) == (200, "{}")


@pytest.mark.parametrize(
    ("status", "repeatable", "state"),
    [
        (200, False, State.DONE),
        (204, False, State.DONE),
        (301, True, State.FAILED),
        (307, True, State.FAILED),
        (400, True, State.FAILED),
        (401, True, State.FAILED),
        (404, True, State.FAILED),
        (408, False, State.DEFERRED),
        (409, False, State.DEFERRED),
        (410, True, State.FAILED),
        (422, True, State.FAILED),
        (425, False, State.DEFERRED),
        (429, False, State.DEFERRED),
        (500, True, State.DEFERRED),
        (500, False, State.FAILED),
        (503, True, State.DEFERRED),
        (503, False, State.FAILED),
    ],
)
def test_what_an_answer_means(server: Server, status: int, repeatable: bool, state: str) -> None:
    """Success is 2xx; what may pass is tried again; the rest is final. Servers' failures only where it may be repeated."""
    server.usual = Reply(status)
    (call,) = queue(server.url, repeatable=repeatable)
    send()
    assert (fresh(call).state, call.response_status, len(server.asked)) == (state, status, 1)
    assert (call.due_at is None) == (state != State.DEFERRED)


@pytest.mark.parametrize("kind", ["hang", "drip_status", "close_early"])
@pytest.mark.parametrize(("repeatable", "state"), [(True, State.DEFERRED), (False, State.UNKNOWN)])
def test_no_answer(server: Server, kind: str, repeatable: bool, state: str) -> None:
    """A receiver that took the request and says nothing in time: tried again if that is safe, otherwise nobody knows."""
    server.usual = getattr(server, kind)()
    (call,) = queue(server.url, repeatable=repeatable)
    began = time.monotonic()
    send()
    assert time.monotonic() - began < 3
    assert (fresh(call).state, call.error != "") == (state, True)


@pytest.mark.parametrize("kind", ["hang_after_headers", "drip_headers", "drip_body"])
def test_an_answer_that_never_ends(server: Server, kind: str) -> None:
    """The status decides: the call is done within the deadline, and says that the answer is not complete."""
    server.usual = getattr(server, kind)()
    (call,) = queue(server.url)
    began = time.monotonic()
    send()
    assert time.monotonic() - began < 3
    assert (fresh(call).state, call.response_status) == (State.DONE, 200)
    assert "not complete" in call.error


def test_a_gigabyte(server: Server, settings: Any) -> None:
    """Of a huge answer only the beginning is read, and less of it shown."""
    settings.JOURNEYS_CALLS_TIMEOUT = 10
    server.usual = server.flood(10**9)
    (call,) = queue(server.url)
    send()
    assert fresh(call).state == State.DONE
    assert "longer than 65536 bytes" in call.error
    assert len(call.response) < 2100
    server.released.set()
    assert server.flooded < 20 * 10**6


def test_compressed_answers_are_not_unpacked(server: Server) -> None:
    """A few bytes that would become many stay what they are."""
    import gzip

    bomb = gzip.compress(b"0" * 10**7)
    server.usual = Reply(200, bomb, {"Content-Encoding": "gzip"})
    (call,) = queue(server.url, keep=(("id", "id"),))
    send()
    assert fresh(call).state == State.DONE and len(call.response) < 2100 and call.answer == {}


@pytest.mark.parametrize("location", ["http://169.254.169.254/latest/meta-data/", "/elsewhere"])
def test_redirects_are_not_followed(server: Server, location: str) -> None:
    """Wherever a redirect leads, nobody goes there."""
    server.usual = Reply(302, b"", {"Location": location})
    (call,) = queue(server.url, headers=(("X-Api", "1"),), repeatable=True)
    send()
    assert (fresh(call).state, len(server.asked)) == (State.FAILED, 1)
    assert "redirects are not followed" in call.error


def test_nobody_there(settings: Any) -> None:
    """What was surely never sent is tried again, also where repeating is not safe."""
    host = f"127.0.0.1:{free_port()}"
    settings.JOURNEYS_CALLS_ALLOWED_HOSTS = [host]
    (call,) = queue(f"http://{host}/", repeatable=False)
    send()
    assert (fresh(call).state, call.error) == (State.DEFERRED, "The host refuses connections.")


def test_the_same_id_and_request_every_time(server: Server) -> None:
    """A call that is tried again says the same as the first time."""
    server.answers = [Reply(503), Reply(429)]
    (call,) = queue(server.url, body="{}", body_kind="json", repeatable=True)
    clock = Clock()
    while fresh(call).state != State.DONE:
        send(clock)
        clock.now = fresh(call).due_at or clock.now
    assert call.attempts == 3
    assert server.by_id == {str(call.uuid): 3}
    assert len({asked.body for asked in server.asked}) == 1


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after(server: Server, form: str) -> None:
    """A receiver that says when to come back is not asked before, and not for ever put off either."""
    soon = NOW + datetime.timedelta(minutes=40)
    server.answers = [
        Reply(
            429, headers={"Retry-After": "2400" if form == "seconds" else format_datetime(soon, usegmt=True)}
        )
    ]
    (call,) = queue(server.url)
    send()
    assert fresh(call).due_at == soon
    server.answers = [Reply(429, headers={"Retry-After": "99999999"})]
    (later,) = queue(server.url)
    send()
    assert NOW < fresh(later).due_at <= NOW + datetime.timedelta(hours=6)


def test_given_up_in_the_end(server: Server) -> None:
    """A call that fails for a day is given up, and says so."""
    server.usual = Reply(429)
    (call,) = queue(server.url)
    clock = Clock()
    for _try in range(50):
        send(clock)
        if fresh(call).state == State.FAILED:
            break
        clock.now = call.due_at
    assert call.state == State.FAILED
    assert "given up after" in call.error and "429" in call.error
    assert clock.now - NOW < datetime.timedelta(hours=36)


def test_gone_stops_the_step(server: Server, campaign: Any) -> None:
    """After a 410 the other calls of that step are held back until somebody enables them; then they go out."""
    server.answers = [Reply(410)]
    calls = queue(server.url, 3)
    Call.objects.update(campaign=campaign, step_id="s1")
    send(limit=1)
    assert [fresh(call).state for call in calls] == [State.FAILED, State.HELD, State.HELD]
    stopped = Stop.objects.get()
    assert (stopped.step_id, stopped.host) == ("s1", server.host)
    assert send().claimed == 0
    assert outbox.enable(stopped, NOW) == 2
    send()
    assert [fresh(call).state for call in calls[1:]] == [State.DONE, State.DONE]


def test_held_back_for_too_long(server: Server, campaign: Any) -> None:
    """A stopped step does not keep its contacts for ever."""
    (call,) = queue(server.url)
    Call.objects.update(campaign=campaign, step_id="s1")
    outbox.stop(campaign.pk, "s1", server.host, "410", NOW)
    assert recover(NOW + datetime.timedelta(hours=23), OpenGate()).failed == 0
    assert recover(NOW + datetime.timedelta(hours=25), OpenGate()).failed == 1
    assert "stopped" in fresh(call).error


def test_cancelled_at_the_last_moment(server: Server) -> None:
    """What the layers above no longer want is not sent."""
    (call,) = queue(server.url)
    tally = send(gate=OpenGate(Q(pk=0)))
    assert (tally.cancelled, server.asked, fresh(call).state) == (1, [], State.CANCELLED)


# Circuit breaker --------------------------------------------------------------------------------------------------------


def test_a_host_that_fails_is_left_alone(server: Server, settings: Any) -> None:
    """After failures in a row nothing is sent; waiting burns no tries; a single probe opens the way again."""
    settings.JOURNEYS_CALLS_BREAKER_FAILURES = 3
    settings.JOURNEYS_CALLS_AT_ONCE = 3
    server.usual = Reply(500)
    calls = queue(server.url, 10, repeatable=True)
    clock = Clock()
    for _look in range(3):
        send(clock)
    assert 3 <= len(server.asked) <= 6
    waiting = [call for call in calls if fresh(call).state == State.QUEUED]
    assert {(call.attempts, call.error) for call in waiting} == {(0, "")}

    server.asked.clear()
    clock.now = Breaker.objects.get().open_until
    send(clock)
    assert len(server.asked) == 1  # the probe
    assert send(clock).claimed == 0

    server.usual = Reply(200)
    clock.now = Breaker.objects.get().open_until
    send(clock)
    assert not Breaker.objects.exists()
    clock.forward(hours=12)
    send(clock)
    assert {fresh(call).state for call in calls} == {State.DONE}


def test_one_probe_for_all_workers(server: Server, settings: Any) -> None:
    """A worker that finds the probe taken does not send one of its own."""
    from wagtail_journeys.calls import breaker

    breaker.record([], {"crm": (99, "down")}, NOW)
    later = Breaker.objects.get().open_until
    assert breaker.take_probe("crm", later, later + lease())
    assert not breaker.take_probe("crm", later, later + lease())


def test_refusals_say_nothing_about_a_host(server: Server) -> None:
    """A host that answers is well, whatever it answers."""
    server.usual = Reply(400)
    queue(server.url, 8)
    send()
    assert not Breaker.objects.exists()


def test_a_dead_host_keeps_nobody_for_ever(server: Server) -> None:
    """Calls to a host that has been silent for a day fail, so that journeys go on."""
    from wagtail_journeys.calls import breaker

    (old,) = queue(server.url)
    breaker.record([], {server.host: (99, "down")}, NOW)
    assert recover(NOW + datetime.timedelta(hours=23), OpenGate()).failed == 0
    assert recover(NOW + datetime.timedelta(hours=25), OpenGate()).failed == 1
    assert fresh(old).state == State.FAILED


# Left behind ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("repeatable", "state"), [(True, State.DEFERRED), (False, State.UNKNOWN)])
def test_a_worker_that_died(server: Server, repeatable: bool, state: str) -> None:
    """A mark that was never settled: tried again with the same id where that is safe, otherwise shown, never lost."""
    (call,) = queue(server.url, repeatable=repeatable)
    Call.objects.update(state=State.SENDING, claim="dead", attempts=1, due_at=NOW + lease())
    gate = OpenGate()
    assert recover(NOW, gate).settled == []
    recover(NOW + lease(), gate)
    assert fresh(call).state == state
    send(Clock(NOW + lease()))
    assert server.by_id == ({str(call.uuid): 1} if repeatable else {})


def test_the_lease_is_longer_than_any_call(settings: Any) -> None:
    """Whatever a site sets, nobody takes over a call that may still be sent."""
    settings.JOURNEYS_CALLS_TIMEOUT = 100
    settings.JOURNEYS_CALLS_LEASE = 5
    assert lease() > datetime.timedelta(seconds=100)


# Many -------------------------------------------------------------------------------------------------------------------


def test_a_slow_host_does_not_stop_the_others(server: Server, settings: Any) -> None:
    """Calls to a host that hangs take half of the threads; the others' go through before it gives up."""
    settings.JOURNEYS_CALLS_AT_ONCE = 4
    settings.JOURNEYS_CALLS_TIMEOUT = 3
    with Server() as slow:
        settings.JOURNEYS_CALLS_ALLOWED_HOSTS = [server.host, slow.host]
        slow.usual = slow.hang()
        queue(slow.url, 6)
        quick = queue(server.url, 20)
        done_at: list[float] = []
        server.usual = lambda asked: done_at.append(time.monotonic()) or Reply()  # type: ignore[assignment]
        began = time.monotonic()
        send(limit=22)
        assert slow.most_at_once == 2
    assert {fresh(call).state for call in quick} == {State.DONE}
    assert max(done_at) - began < 2.5


def statements(number: int, url: str) -> int:
    queue(url, number)
    with CaptureQueriesContext(connection) as captured:
        assert send().done == number
    return len(captured)


def test_statements(server: Server, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A round costs the same for two calls and for thirty."""
    settings.JOURNEYS_CALLS_AT_ONCE = 64
    settings.JOURNEYS_CALLS_TIMEOUT = 20
    monkeypatch.setattr(delivery, "GATHER", 30.0)  # however busy the machine, all answers come in one round
    assert statements(2, server.url) == statements(30, server.url)


def test_calls_at_once(server: Server, settings: Any) -> None:
    """As many as there are threads are under way together, half of them to one host."""
    settings.JOURNEYS_CALLS_AT_ONCE = 8
    server.usual = lambda asked: time.sleep(0.05) or Reply()  # type: ignore[assignment]
    queue(server.url, 12)
    assert send().done == 12
    assert 2 <= server.most_at_once <= 4


def test_the_signal(server: Server) -> None:
    """A site hears which calls have ended."""
    heard: list[int] = []

    def listen(sender: Any, calls: list[int], **kwargs: Any) -> None:
        heard.extend(calls)

    calls_settled.connect(listen)
    try:
        (call,) = queue(server.url)
        send()
    finally:
        calls_settled.disconnect(listen)
    assert heard == [call.pk]
