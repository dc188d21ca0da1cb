"""Signatures, Retry-After and rests, as plain values."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import uuid
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from tests.calls.making import NOW
from wagtail_journeys.calls import judging, secrets, signing
from wagtail_journeys.calls.request import Request, sendable
from wagtail_journeys.exceptions import CallRefused

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_vector_of_the_specification() -> None:
    """The example that standardwebhooks.com and its libraries test with."""
    signature = Webhook(SECRET).sign(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.datetime.fromtimestamp(1614265330, datetime.UTC),
        '{"test": 2432232314}',
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_signature() -> None:
    """Our headers are what the specification says, in our own arithmetic; two keys sign twice."""
    key = uuid.uuid4()
    other = "whsec_" + base64.b64encode(b"another key of some length").decode()
    found = signing.headers(
        f"{SECRET} {other}", key, '{"a": 1}', NOW.astimezone(datetime.timezone(datetime.timedelta(hours=5)))
    )
    stamp = str(int(NOW.timestamp()))
    assert (found["webhook-id"], found["webhook-timestamp"]) == (str(key), stamp)
    expected = [
        "v1,"
        + base64.b64encode(
            hmac.new(
                base64.b64decode(secret[6:]), f'{key}.{stamp}.{{"a": 1}}'.encode(), hashlib.sha256
            ).digest()
        ).decode()
        for secret in (SECRET, other)
    ]
    assert found["webhook-signature"].split() == expected


@pytest.mark.parametrize("secret", ["whsec_", "whsec_a"])
def test_a_signing_secret_that_is_none(secret: str) -> None:
    """A key that is not base64 stops the call with a reason."""
    with pytest.raises(CallRefused, match="whsec_"):
        signing.headers(secret, uuid.uuid4(), "", NOW)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        ("-5", 0),
        ("1e9", 0),
        ("99999999999", judging.LONGEST_REST),
        ("Mon, 02 Mar 2026 09:10:00 GMT", 600),
        ("Mon, 02 Mar 2026 08:00:00 GMT", 0),
        ("Monday, 02-Mar-26 09:10:00 GMT", 600),
        ("soon", 0),
        ("", 0),
    ],
)
def test_retry_after(header: str, seconds: int) -> None:
    """A number of seconds or a date; nonsense counts as nothing."""
    assert judging.rest_asked_for(header, NOW) == seconds


def test_full_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is anything up to the step of the ladder, so that many calls do not come back together."""
    asked: list[tuple[float, float]] = []
    monkeypatch.setattr(judging.random, "uniform", lambda low, high: asked.append((low, high)) or high)
    moments = [judging.next_try(tries, "", NOW) for tries in range(1, 6)]
    assert asked == [(0, rest) for rest in judging.BACK_OFF[:5]]
    assert moments == [NOW + datetime.timedelta(seconds=rest) for rest in judging.BACK_OFF[:5]]


# Secrets ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def kept(settings: Any) -> None:
    settings.JOURNEYS_SECRETS = {"crm": 'a"b/c d&e\\', "late": lambda: "called", "empty": ""}


def test_a_secret_is_encoded_for_its_place(kept: None) -> None:
    """As a value in the URL, in JSON, in a form, and as it is in a header."""
    mark = secrets.mark("crm")
    request = Request(
        "POST",
        f"https://example.com/?k={mark}",
        (("Authorization", f"Bearer {mark}"),),
        f'{{"k": "{mark}"}}',
        "json",
    )
    ready = sendable(request, uuid.uuid4(), NOW)
    assert ready.url == "https://example.com/?k=a%22b%2Fc%20d%26e%5C"
    assert ready.headers["Authorization"] == 'Bearer a"b/c d&e\\'
    assert ready.body == b'{"k": "a\\"b/c d&e\\\\"}'
    form = sendable(Request("POST", "https://example.com/", (), f"k={mark}", "form"), uuid.uuid4(), NOW)
    assert form.body == b"k=a%22b%2Fc+d%26e%5C"
    assert 'a"b' not in repr(ready) + repr(request)


def test_callables_and_missing_secrets(kept: None) -> None:
    """A secret may come from a function; one that is not there, or empty, stops the call."""
    assert secrets.value("late") == "called"
    for name in ("empty", "nobody"):
        with pytest.raises(CallRefused, match=name):
            secrets.value(name)


def test_what_is_shown(kept: None) -> None:
    """Neither marks nor values are shown; sensitive headers are dots, whatever stands in them."""
    assert secrets.shown(f"Bearer {secrets.mark('crm')}") == "Bearer •••crm•••"
    assert secrets.shown_header("X-Api-Key", "written out") == "•••"
    assert secrets.shown_header("X-Site", "shop") == "shop"
    repeated = 'You sent a"b/c d&e\\ and a%22b%2Fc%20d%26e%5C'
    assert secrets.redact(repeated) == "You sent ••• and •••"
