"""Who sends too much is asked to come back; everybody else goes on."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import caches

from tests.ingest.conftest import VISITOR, accepted
from wagtail_journeys.ingest import keys, limits
from wagtail_journeys.ingest.limits import Meter, network

pytestmark = pytest.mark.django_db

SHOP = {"Origin": "https://shop.example"}
PAGE = {"anonymousId": VISITOR}


class Clock:
    """A clock that tests move."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def meter(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Iterator[Meter]:
    fresh = Meter(clock, clock)
    monkeypatch.setattr(limits, "meter", fresh)
    yield fresh
    caches["default"].clear()


def look(send: Callable[..., Any], key: str, address: str = "8.8.8.8", **extra: Any) -> int:
    answer = send("page", PAGE, key=key, headers=SHOP, REMOTE_ADDR=address, **extra)
    if answer.status_code == 429:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        assert 1 <= int(answer.headers["Retry-After"]) <= 61
        assert answer.json()["status"] == 429
    return int(answer.status_code)


def test_an_address_has_a_limit(send, public_key, settings, clock):
    """After a minute's worth it is asked to wait; others are not; after the time it was told, it may go on."""
    settings.JOURNEYS_ADDRESS_LIMIT = 6
    assert [look(send, public_key) for _n in range(8)] == [200] * 6 + [429] * 2
    assert look(send, public_key, "9.9.9.9") == 200
    refused = send("page", PAGE, key=public_key, headers=SHOP, REMOTE_ADDR="8.8.8.8")
    clock.now += int(refused.headers["Retry-After"])
    assert look(send, public_key) == 200
    clock.now += 600
    assert [look(send, public_key) for _n in range(7)] == [200] * 6 + [429]
    assert len(accepted()) == 6 + 1 + 1 + 6


def test_a_key_has_a_limit_wherever_it_is_sent_from(send, public_key, settings):
    """Many addresses with one key are one sender; another key is another one."""
    settings.JOURNEYS_PUBLIC_KEY_LIMIT = 5
    other = keys.create("other", "public", origins="https://shop.example")
    assert [look(send, public_key, f"8.8.8.{n}") for n in range(7)] == [200] * 5 + [429] * 2
    assert look(send, other) == 200


def test_a_key_in_the_body_counts_too(send, public_key, settings):
    """Browsers' libraries put it there."""
    settings.JOURNEYS_PUBLIC_KEY_LIMIT = 2
    body = {**PAGE, "writeKey": public_key}
    assert [send("page", body, headers=SHOP).status_code for _n in range(3)] == [200, 200, 429]


def test_events_count_and_not_requests(send, public_key, settings, clock):
    """A batch is taken whole, and paid for afterwards."""
    settings.JOURNEYS_ADDRESS_LIMIT = 60
    batch = {"batch": [{"type": "page", **PAGE, "messageId": f"message-{n}"} for n in range(90)]}
    answer = send("batch", batch, key=public_key, headers=SHOP, REMOTE_ADDR="8.8.8.8")
    assert answer.status_code == 200
    assert len(accepted()) == 90
    assert look(send, public_key) == 429
    clock.now += 31
    assert look(send, public_key) == 200


def test_servers_have_no_limit_unless_it_is_set(send, server_key, settings):
    """Neither of their key nor of their address."""
    settings.JOURNEYS_ADDRESS_LIMIT = settings.JOURNEYS_PUBLIC_KEY_LIMIT = 1
    body = {"event": "a", "userId": "1"}
    once = [send("track", body, key=server_key, REMOTE_ADDR="8.8.8.8").status_code for _n in range(5)]
    assert once == [200] * 5
    settings.JOURNEYS_SERVER_KEY_LIMIT = 2
    again = [send("track", body, key=server_key, REMOTE_ADDR="8.8.8.8").status_code for _n in range(3)]
    assert again == [200, 200, 429]


def test_a_server_beside_a_noisy_visitor(send, server_key, public_key, settings):
    """An office that browses too much does not keep its shop system from sending."""
    settings.JOURNEYS_ADDRESS_LIMIT = 1
    assert [look(send, public_key) for _n in range(2)] == [200, 429]
    body = {"event": "a", "userId": "1"}
    assert send("track", body, key=server_key, REMOTE_ADDR="8.8.8.8").status_code == 200


def test_what_is_refused_costs_nothing(send, public_key, settings, clock):
    """Asking too early again and again does not put off the moment."""
    settings.JOURNEYS_ADDRESS_LIMIT = 60
    assert [look(send, public_key) for _n in range(60)] == [200] * 60
    assert [look(send, public_key) for _n in range(50)] == [429] * 50
    clock.now += 1
    assert [look(send, public_key) for _n in range(2)] == [200, 429]


@pytest.mark.parametrize(
    ("given", "counted"),
    [
        ("8.8.8.8", "8.8.8.8"),
        ("1.1.1.1, 8.8.8.8", "8.8.8.8"),
        ("2001:4860:4860::8888", "2001:4860:4860::/64"),
        ("2001:4860:4860::1:2:3:4", "2001:4860:4860::/64"),
        ("::ffff:8.8.8.8", "8.8.8.8"),
        ("127.0.0.1", ""),
        ("10.1.2.3", ""),
        ("", ""),
        ("unknown", ""),
        ("8.8.8.8:443", ""),
    ],
)
def test_which_address_counts(given, counted):
    """The last of a list, which the nearest proxy has written; an IPv6 network; and none that is a proxy's own."""
    assert network(given) == counted


def test_behind_a_proxy(send, public_key, settings):
    """The setting says where the proxy writes the address; what a client writes before it does not count."""
    settings.JOURNEYS_ADDRESS_LIMIT = 1
    assert [look(send, public_key, "127.0.0.1") for _n in range(3)] == [200] * 3
    settings.JOURNEYS_CLIENT_ADDRESS = "HTTP_X_FORWARDED_FOR"
    said = [look(send, public_key, "127.0.0.1", HTTP_X_FORWARDED_FOR=f"7.7.7.{n}, 8.8.8.8") for n in range(3)]
    assert said == [200, 429, 429]


def test_no_statement_more(send, public_key, django_assert_num_queries):
    """Counting asks no database."""
    look(send, public_key)
    with django_assert_num_queries(1):
        assert look(send, public_key) == 200


def test_processes_count_together_through_a_cache(settings, clock):
    """What one process has taken, the next one knows; in the next minute both may go on."""
    settings.JOURNEYS_LIMIT_CACHE = "default"
    one, two = Meter(clock, clock), Meter(clock, clock)
    clock.now = 60.0 * 1000
    for _n in range(5):
        one.pay("key-1", 1, 10)
        two.pay("key-1", 1, 10)
    assert two.wait("key-1") > 0
    assert one.wait("key-1") == 0  # it learns it with its next request
    one.pay("key-1", 1, 10)
    assert one.wait("key-1") > 0
    clock.now += 61
    assert one.wait("key-1") == two.wait("key-1") == 0


def test_without_its_cache_a_process_counts_alone(settings, clock, caplog):
    """The door stays open."""
    settings.JOURNEYS_LIMIT_CACHE = "nowhere"
    meter = Meter(clock, clock)
    meter.pay("key-1", 10, 10)
    assert meter.wait("key-1") > 0
    assert "does not answer" in caplog.text


def test_memory_is_bounded(monkeypatch, clock):
    """However many addresses there are; those that owe most recently are the last to be forgotten."""
    monkeypatch.setattr(limits, "MOST", 100)
    meter = Meter(clock, clock)
    for n in range(1000):
        clock.now += random.random() / 100
        meter.pay(f"address-{n}", 1000, 600)
        assert len(meter.paid_at) <= 100
    assert meter.wait("address-999") > 0
