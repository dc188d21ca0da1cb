"""Whatever is sent: no server error, nothing lost that was accepted, and never much memory."""

from __future__ import annotations

import base64
import gzip
import json
import random
import tracemalloc
import zlib
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ingest.conftest import accepted, rejected
from wagtail_journeys import pipeline
from wagtail_journeys.events.models import Event, InboxItem
from wagtail_journeys.exceptions import BadEvent
from wagtail_journeys.ingest import bodies, protocol
from wagtail_journeys.ingest.keys import Key
from wagtail_journeys.ingest.problems import Problem

T = {"type": "track", "event": "a", "userId": "u-1"}


def deep(levels: int, start: str = "[", end: str = "]") -> bytes:
    return (start * levels + end * levels).encode()


def tracked(**members: Any) -> dict[str, Any]:
    return {**T, **members}


#: One message of a batch, as Python or as raw JSON. Its neighbours must arrive whatever it is.
MESSAGES: dict[str, Any] = {
    "null": None,
    "true": True,
    "number": 17,
    "text": "track",
    "list": [],
    "list of lists": [[[]]],
    "nothing in it": {},
    "no type": {"event": "a", "userId": "u-1"},
    "type null": tracked(type=None),
    "type list": tracked(type=["track"]),
    "type object": tracked(type={"a": 1}),
    "type batch": tracked(type="batch", batch=[T]),
    "type dunder": tracked(type="__class__"),
    "event null": tracked(event=None),
    "event number": tracked(event=5),
    "event list": tracked(event=["a"]),
    "event empty": tracked(event="   "),
    "event long": tracked(event="x" * 5000),
    "event nul": tracked(event="a\x00b"),
    "event lone surrogate": b'{"type": "track", "userId": "u-1", "event": "a\\ud800"}',
    "event bidi": tracked(event="a\u202eb"),
    "event of ours": tracked(event="journey_entered"),
    "user list": tracked(userId=["u-1"]),
    "user object": tracked(userId={"$ne": None}),
    "user bool": tracked(userId=True),
    "user float": tracked(userId=1.5),
    "user nul": tracked(userId="u\x00"),
    "user long": tracked(userId="u" * 10_000),
    "user huge number": tracked(userId=10**90),
    "anonymous object": tracked(anonymousId={}),
    "anonymous surrogate": b'{"type": "page", "anonymousId": "\\udfff\\udfff\\udfff"}',
    "properties list": tracked(properties=[1, 2]),
    "properties text": tracked(properties="a"),
    "properties nul key": tracked(properties={"\x00": "\x00"}),
    "properties surrogates": b'{"type": "track", "event": "a", "userId": "1", "properties": {"\\ud800": "\\udc00"}}',
    "properties not finite": b'{"type": "track", "event": "a", "userId": "1", "properties": {"a": NaN, "b": -Infinity}}',
    "properties 1e999": b'{"type": "track", "event": "a", "userId": "1", "properties": {"a": 1e999}}',
    "properties beyond int64": tracked(properties={"a": 2**63, "b": -(2**200)}),
    "properties 5000 digits": b'{"type": "track", "event": "a", "userId": "1", "properties": {"a": %s}}'
    % (b"9" * 5000),
    "properties deep": b'{"type": "track", "event": "a", "userId": "1", "properties": {"a": %s}}' % deep(300),
    "properties wide": tracked(properties={str(n): n for n in range(2500)}),
    "properties long key": tracked(properties={"k" * 20_000: 1}),
    "properties duplicate keys": b'{"type": "track", "event": "a", "userId": "1", "properties": {"a": 1, "a": {"b": []}}}',
    "properties dunder": tracked(properties={"__proto__": {"a": 1}, "__class__": 1}),
    "page id huge": tracked(type="page", properties={"page_id": 2**70, "url": "http://localhost/"}),
    "page id negative": tracked(type="page", properties={"page_id": -1, "url": "http://localhost/"}),
    "url not one": tracked(type="page", properties={"url": "javascript:alert(1)"}),
    "url broken ip": tracked(type="page", properties={"url": "http://[::1"}),
    "url object": tracked(type="page", properties={"url": {"a": 1}}),
    "url long": tracked(type="page", properties={"url": "http://localhost/" + "a" * 9000}),
    "context text": tracked(context="a"),
    "context deep types": tracked(context={"page": [], "traits": "x"}),
    "traits list": {"type": "identify", "userId": "u-1", "traits": ["email"]},
    "traits email list": {"type": "identify", "userId": "u-1", "traits": {"email": ["a@example.org"]}},
    "traits email headers": {
        "type": "identify",
        "userId": "u-1",
        "traits": {"email": "a@example.org\nBcc: b@example.org"},
    },
    "traits name object": {
        "type": "identify",
        "userId": "u-1",
        "traits": {"firstName": {"a": 1}, "timezone": ["x"]},
    },
    "traits zone path": {"type": "identify", "userId": "u-1", "traits": {"timezone": "../../etc/passwd"}},
    "traits locale": {"type": "identify", "userId": "u-1", "traits": {"locale": {"a": "nl"}}},
    "traits external id": {"type": "identify", "userId": "u-1", "traits": {"external_id": "u-2", "id": 5}},
    "group without id": {"type": "group", "userId": "u-1", "groupId": None},
    "group traits nul": {"type": "group", "userId": "u-1", "groupId": "a", "traits": {"\x00" * 200: 1}},
    "alias of itself": {"type": "alias", "userId": "u-1", "previousId": "u-1"},
    "alias objects": {"type": "alias", "userId": [], "previousId": {}},
    "time text": tracked(timestamp="yesterday"),
    "time object": tracked(timestamp={"a": 1}, originalTimestamp=[]),
    "time bool": tracked(timestamp=True),
    "time year 0": tracked(timestamp="0000-00-00T00:00:00Z"),
    "time first day": tracked(timestamp="0001-01-01T00:00:00+23:59", sentAt="9999-12-31T23:59:59-23:59"),
    "time last day": tracked(timestamp="9999-12-31T23:59:59-23:59", sentAt="0001-01-01T00:00:00+23:59"),
    "time huge": tracked(timestamp=1e300),
    "time not finite": b'{"type": "track", "event": "a", "userId": "1", "timestamp": Infinity}',
    "time negative": tracked(timestamp=-(10**18)),
    "time 2500 digits": b'{"type": "track", "event": "a", "userId": "1", "timestamp": %s}' % (b"8" * 2500),
    "time leap second": tracked(timestamp="2016-12-31T23:59:60Z"),
    "time no zone": tracked(timestamp="2026-01-01 10:00"),
    "message id object": tracked(messageId={"a": 1}),
    "message id long": tracked(messageId="m" * 5000),
    "message id nul": tracked(messageId="\x00" * 20),
    "message id surrogate": b'{"type": "track", "event": "a", "userId": "1", "messageId": "\\ud83d\\ud83d\\ud83d"}',
    "too large": tracked(properties={"a": "x" * 33_000}),
}


def raw(message: Any) -> bytes:
    return message if isinstance(message, bytes) else json.dumps(message).encode()


@pytest.mark.parametrize("name", MESSAGES)
def test_a_hostile_message_harms_no_other(send: Any, server_key: str, name: str) -> None:
    """It is kept as an event or with a reason; its neighbours are in the log once."""
    good = [raw(tracked(event=f"good {n}", messageId=f"neighbour-{n}")) for n in (1, 2)]
    body = b'{"batch": [' + b",".join([good[0], raw(MESSAGES[name]), good[1]]) + b"]}"
    for _again in range(2):
        assert send("batch", body, key=server_key).status_code == 200
    assert len(accepted()) + len(rejected()) == 6
    assert all(reason for _payload, reason in rejected())
    before = len(rejected())
    while pipeline.drain(timezone.now()):
        pass
    assert len(rejected()) == before, "what the door accepted, the pipeline can use"
    assert not InboxItem.objects.filter(dead_at__isnull=True).exists()
    assert sorted(Event.objects.filter(name__startswith="good").values_list("name", flat=True)) == [
        "good 1",
        "good 2",
    ]


@pytest.mark.parametrize("name", MESSAGES)
def test_a_hostile_message_alone(send: Any, server_key: str, public_key: str, name: str) -> None:
    """At every address, with either key: an answer, and what was answered with 200 was kept."""
    kept = 0
    for call in ("track", "identify", "page", "group", "alias", "batch"):
        for key, headers in ((server_key, {}), (public_key, {"Origin": "https://shop.example"})):
            answer = send(call, raw(MESSAGES[name]), key=key, headers=headers)
            assert answer.status_code in (200, 400)
            kept += answer.status_code == 200 and call != "batch"
    assert len(accepted()) + len(rejected()) == kept + (2 if name == "type batch" else 0)


BOMB = gzip.compress(b"[" * 50_000_000)
PLAIN = json.dumps(T).encode()

#: A whole body with its headers, and the answer.
BODIES: dict[str, tuple[bytes, dict[str, str], int]] = {
    "empty": (b"", {}, 400),
    "spaces": (b"  \n ", {}, 400),
    "not json": (b"event=a&userId=1", {}, 400),
    "half": (PLAIN[:-3], {}, 400),
    "two": (PLAIN + PLAIN, {}, 400),
    "list": (b"[" + PLAIN + b"]", {}, 400),
    "null": (b"null", {}, 400),
    "nan": (b"NaN", {}, 400),
    "number of 9000 digits": (b"1" * 9000, {}, 400),
    "nul bytes": (b"\x00" * 100, {}, 400),
    "random": (random.Random(1).randbytes(5000), {}, 400),
    "very deep": (deep(200_000), {}, 400),
    "very deep objects": (b'{"a":' * 80_000 + b"1" + b"}" * 80_000, {}, 400),
    "utf-8 with bom": (b"\xef\xbb\xbf" + PLAIN, {}, 200),
    "utf-16": (PLAIN.decode().encode("utf-16"), {}, 200),
    "utf-32": (PLAIN.decode().encode("utf-32"), {}, 200),
    "latin-1": ('{"event": "é", "userId": "é"}'.encode("latin-1"), {}, 200),
    "half a character": (b'{"event": "a", "userId": "\xf0\x9f"}', {}, 200),
    "too large": (b'{"a": "' + b"x" * 600_000 + b'"}', {}, 413),
    "not gzip": (PLAIN, {"Content-Encoding": "gzip"}, 400),
    "half gzip": (gzip.compress(PLAIN)[:-9], {"Content-Encoding": "gzip"}, 400),
    "gzip without saying so": (gzip.compress(PLAIN), {}, 200),
    "gzip of gzip": (gzip.compress(gzip.compress(PLAIN)), {"Content-Encoding": "gzip"}, 400),
    "gzip bomb": (BOMB, {"Content-Encoding": "gzip"}, 413),
    "gzip bomb in pieces": (gzip.compress(b" " * 400_000) * 300, {"Content-Encoding": "gzip"}, 413),
    "gzip of nothing, often": (gzip.compress(b"") * 20_000, {"Content-Encoding": "gzip"}, 400),
    "deflate bomb": (zlib.compress(b"a" * 20_000_000), {"Content-Encoding": "deflate"}, 413),
    "bare deflate": (zlib.compress(PLAIN)[2:-4], {"Content-Encoding": "deflate"}, 200),
    "brotli": (PLAIN, {"Content-Encoding": "br"}, 415),
    "two encodings": (PLAIN, {"Content-Encoding": "gzip, gzip"}, 415),
    "batch null": (b'{"batch": null}', {}, 200),
    "multipart": (b"--x\r\n", {"Content-Type": "multipart/form-data; boundary=x"}, 400),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_hostile_body(send: Any, server_key: str, name: str) -> None:
    """It is answered as it should be, within a few megabytes."""
    body, headers, status = BODIES[name]
    kind = headers.get("Content-Type", "application/json")
    rest = {header: value for header, value in headers.items() if header != "Content-Type"}
    tracemalloc.start()
    answer = send("track", body, key=server_key, headers=rest, content_type=kind)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.status_code == status
    assert peak < 25_000_000
    assert len(accepted()) + len(rejected()) == (status == 200)
    if status != 200:
        problem = answer.json()
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert problem["status"] == status and problem["detail"]


@pytest.mark.parametrize("batch", [None, {}, "a", 5, True, [T] * 2501])
def test_a_batch_that_is_none(send: Any, server_key: str, batch: Any) -> None:
    """Is refused as a whole."""
    answer = send("batch", {"batch": batch}, key=server_key)
    assert answer.status_code in (400, 413)
    assert accepted() == rejected() == []


@pytest.mark.parametrize(
    "members", [{"context": []}, {"context": "a"}, {"sentAt": {}}, {"sentAt": "0001-01-01T00:00:00+23:00"}]
)
def test_a_batch_with_a_strange_envelope(send: Any, server_key: str, members: dict[str, Any]) -> None:
    """Its messages are kept."""
    assert send("batch", {"batch": [T, T], **members}, key=server_key).status_code == 200
    assert len(accepted()) == 2


@pytest.mark.parametrize(
    "value",
    [
        "Basic",
        "Basic " + base64.b64encode(b"\xff\xfe:").decode(),
        "Basic " + "A" * 100_000,
        "Bearer " + "x" * 100_000,
        "Bearer \x00",
        "é ü",
        "Negotiate abc",
    ],
)
def test_hostile_authorization(send: Any, server_key: str, value: str) -> None:
    """Is unknown."""
    assert send("track", T, headers={"Authorization": value}).status_code == 401


@pytest.mark.parametrize("key", [None, 5, True, [], {}, "", "x" * 100_000, "\ud800"])
def test_hostile_keys_in_the_body(send: Any, server_key: str, key: Any) -> None:
    """Are unknown."""
    assert send("track", {**T, "writeKey": key}).status_code == 401


@pytest.mark.parametrize("host", ["evil.example:99999", "a b", "[::1", "x" * 3000])
def test_hostile_hosts(client: Any, db: None, host: str) -> None:
    """Are no server error."""
    for address in ("/journeys/v1/track", "/journeys/v1/openapi.json", "/journeys/v1/projects/x/settings"):
        for origin in ("null", "https://[", "x\x00"):
            headers = {"Host": host, "Origin": origin}
            assert client.get(address, headers=headers).status_code < 500
            assert client.options(address, headers=headers).status_code < 500


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=10), children, max_size=4)
    ),
    max_leaves=15,
)
MEMBERS = st.sampled_from(
    ["type", "event", "userId", "anonymousId", "previousId", "groupId", "traits", "properties", "context"]
    + ["timestamp", "originalTimestamp", "sentAt", "messageId", "name", "category", "integrations"]
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    message=st.dictionaries(MEMBERS, JSON, max_size=8) | JSON,
    envelope=st.dictionaries(MEMBERS, JSON, max_size=3),
    call=st.sampled_from([*protocol.READERS, "song", None]),
    server=st.booleans(),
)
def test_any_message_is_an_event_or_has_a_reason(
    message: Any, envelope: dict[str, Any], call: Any, server: bool
) -> None:
    """And as an event it is JSON that every database keeps."""
    now = timezone.now()
    key = Key(1, server, None, frozenset(), frozenset({"a"}))
    try:
        event = protocol.read(call, message, protocol.envelope(envelope, key, {"localhost": 1}, now))
    except BadEvent as why:
        assert str(why)
        return
    packed = json.dumps(event.payload(), allow_nan=False)
    assert "\\u0000" not in packed
    packed.encode()
    assert event.name and event.message_id and len(event.message_id) <= 100
    assert server or not (event.claims or event.traits)


@settings(max_examples=300, deadline=None)
@given(body=st.binary(max_size=400), encoding=st.sampled_from(["", "gzip", "deflate", "identity", "br"]))
def test_any_bytes_are_an_object_or_a_problem(body: bytes, encoding: str) -> None:
    """Nothing else comes of them."""
    try:
        found, size = bodies.parse(body, encoding)
    except Problem as problem:
        assert problem.status in (400, 413, 415)
    else:
        assert isinstance(found, dict) and size <= bodies.MAX_BODY


def test_there_are_enough_of_them() -> None:
    """At least sixty bodies of our own."""
    assert len(MESSAGES) + len(BODIES) >= 100
