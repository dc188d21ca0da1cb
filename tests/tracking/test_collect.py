from __future__ import annotations

import datetime
import json
import uuid

import pytest
from django.core import signing
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from wagtail.models import Page, Site

from wagtail_journeys import pipeline
from wagtail_journeys.conf import conf
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events import log as event_log
from wagtail_journeys.events.models import Event, InboxItem
from wagtail_journeys.tracking import beacon, views

pytestmark = pytest.mark.django_db

URL = "/journeys/collect/"


def send(client: Client, body: object, **headers: str):
    raw = body if isinstance(body, (bytes, str)) else json.dumps(body)
    return client.post(
        URL,
        raw,
        content_type="text/plain;charset=UTF-8",
        headers={k.replace("_", "-"): v for k, v in headers.items()},
    )


def page_view(**more: object) -> dict:
    return {
        "name": "page_view",
        "id": str(uuid.uuid4()),
        "at": timezone.now().isoformat(),
        "page": str(Page.objects.get(depth=2).pk),
        "locale": "nl",
        "url": "https://example.org/nl/gids/?utm_source=news",
        "referrer": "https://search.example/",
        "title": "Gids",
    } | more


def test_page_view(visitor, visitor_id, inbox):
    """A beacon becomes an inbox item with its page, site, language, address and visitor."""
    body = page_view()
    response = send(visitor, body)
    assert response.status_code == 204
    assert response.content == b""
    (event,) = inbox()
    assert event.pop("occurred_at").startswith(body["at"][:16])
    assert event == {
        "source": "browser",
        "name": "page_view",
        "message_id": body["id"],
        "anonymous_id": visitor_id,
        "site_id": Site.objects.get().pk,
        "page_id": int(body["page"]),
        "url": "https://example.org/nl/gids/?utm_source=news",
        "properties": {"title": "Gids", "referrer": "https://search.example/", "locale": "nl"},
    }


def test_custom_event(visitor, inbox):
    """An event of the site's own keeps its properties, also one that is called like ours."""
    send(visitor, {"name": "product_viewed", "properties": {"title": "Lamp", "price": 12.5}, "locale": "en"})
    (event,) = inbox()
    assert event["name"] == "product_viewed"
    assert event["properties"] == {"title": "Lamp", "price": 12.5, "locale": "en"}


def test_one_insert_and_no_session(visitor, admin_user):
    """Keeping a beacon is one INSERT, also for somebody who is logged in; the answer does not vary by cookie."""
    visitor.force_login(admin_user)
    send(visitor, page_view())
    body = page_view()
    with CaptureQueriesContext(connection) as queries:
        response = send(visitor, body)
    assert [query["sql"].split()[0] for query in queries.captured_queries] == ["INSERT"]
    assert "Cookie" not in response.headers.get("Vary", "")
    assert not response.cookies


def test_no_csrf_token_needed(visitor_id, inbox):
    """The tracker has no CSRF token, as the pages it runs on are the same for everybody."""
    client = Client(enforce_csrf_checks=True)
    client.cookies[conf.VISITOR_COOKIE] = visitor_id
    assert send(client, page_view()).status_code == 204
    assert len(inbox()) == 1


@pytest.mark.parametrize(
    "cookie", ["", "short", "a" * 101, "x y" * 20, "é" * 40, "' OR 1=1 --" * 4, "../" * 15]
)
def test_visitor_cookie_is_checked(cookie, inbox):
    """A cookie that is no id of ours counts as none; the event is kept."""
    client = Client()
    client.cookies[conf.VISITOR_COOKIE] = cookie
    send(client, page_view())
    (event,) = inbox()
    assert "anonymous_id" not in event


def test_body_cannot_say_who(visitor, visitor_id, inbox):
    """Claims, traits and ids of people in a body are not read: whose event it is comes from the cookie alone."""
    more = {"email": "victim@example.org", "anonymous_id": "f" * 36, "userId": "user-1", "contact_id": 1}
    send(visitor, page_view(claims={"email": "victim@example.org"}, traits={"plan": "gold"}, **more))
    (event,) = inbox()
    assert event["anonymous_id"] == visitor_id
    assert not {"claims", "traits", "contact_id"} & set(event)
    assert "victim" not in json.dumps(event)


def test_identify_is_refused(visitor, inbox, dead_letters):
    """A browser cannot identify anybody: what it sends is a dead letter with the reason and without the address."""
    body = {"name": "identify", "email": "victim@example.org", "traits": {"email": "victim@example.org"}}
    assert send(visitor, body | {"properties": {"email": "victim@example.org"}}).status_code == 204
    assert inbox() == []
    (item,) = dead_letters()
    assert "identity token is missing" in item.error
    assert "victim" not in json.dumps(item.payload)


@pytest.mark.parametrize("name", sorted(beacon.RESERVED))
def test_names_of_ours_are_refused(name, visitor, inbox, dead_letters):
    """A browser cannot make up a download, a log-in or any other event that the site itself tells about."""
    assert send(visitor, page_view(name=name)).status_code == 204
    assert inbox() == []
    assert [item.payload["name"] for item in dead_letters()] == [name]


@pytest.mark.parametrize("header", [{"Sec_GPC": "1"}, {"DNT": "1"}])
def test_nothing_is_kept(header, visitor):
    """With Global Privacy Control or Do Not Track nothing at all is written."""
    response = send(visitor, page_view(), **header)
    assert response.status_code == 204
    assert not InboxItem.objects.exists()


@pytest.mark.parametrize("method", ["get", "head", "put", "delete", "options"])
def test_only_post(method, visitor):
    """Only POST is a beacon."""
    assert getattr(visitor, method)(URL).status_code == 405
    assert not InboxItem.objects.exists()


def test_switched_off(visitor, settings):
    """With JOURNEYS_TRACKING = False the tracker writes nothing."""
    settings.JOURNEYS_TRACKING = False
    assert send(visitor, page_view()).status_code == 204
    assert not InboxItem.objects.exists()


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("now", 0),
        ("-3h", -180),
        ("-30d", -24 * 60),
        ("+1h", 5),
        ("ms", -60),
        (None, 0),
        ("yesterday", 0),
        ("2024-02-31T00:00:00Z", 0),
        (1e300, 0),
        (-(10**18), 0),
        (True, 0),
        ("0001-01-01T00:00:00+14:00", -24 * 60),
        ("9999-12-31T23:59:59-14:00", 5),
        ({"$date": 1}, 0),
    ],
)
def test_clock_of_the_browser(at, expected, visitor, inbox):
    """What the browser's clock says is believed within a day before and five minutes after receipt."""
    now = timezone.now()
    minutes = {"now": 0, "-3h": -180, "-30d": -43200, "+1h": 60}
    if isinstance(at, str) and at in minutes:
        at = (now + datetime.timedelta(minutes=minutes[at])).isoformat()
    elif at == "ms":
        at = int((now - datetime.timedelta(hours=1)).timestamp() * 1000)
    send(visitor, page_view(at=at))
    (event,) = inbox()
    off = datetime.datetime.fromisoformat(event["occurred_at"]) - now - datetime.timedelta(minutes=expected)
    assert abs(off) < datetime.timedelta(seconds=30)


def test_dead_letter_keeps_the_reason(visitor, inbox, dead_letters):
    """A body that is no event is kept as it came, with the reason."""
    send(visitor, b"page_view please")
    assert inbox() == []
    (item,) = dead_letters()
    assert item.error == "The body is not JSON."
    assert item.payload == {"body": "page_view please"}


def test_too_large(visitor, inbox, dead_letters):
    """A body beyond 32 KB is not read; its size is kept."""
    assert send(visitor, page_view(title="x" * 40_000)).status_code == 204
    assert inbox() == []
    (item,) = dead_letters()
    assert int(item.payload["bytes"]) > 40_000


def test_database_away(visitor, monkeypatch):
    """An event that cannot be kept is not answered with success."""

    def away(*args: object) -> None:
        raise OperationalError("the database is starting up")

    monkeypatch.setattr(views, "accept", away)
    response = send(visitor, page_view())
    assert response.status_code == 503
    assert response.headers["Retry-After"]


def nested(levels: int) -> str:
    return '{"name": "deep", "properties": {"a": ' + "[" * levels + "]" * levels + "}}"


HOSTILE: dict[str, bytes | str] = {
    "empty": b"",
    "spaces": b"   ",
    "null": b"null",
    "true": b"true",
    "number": b"1",
    "text": b'"page_view"',
    "list": b"[]",
    "list of events": b'[{"name": "page_view"}]',
    "empty object": b"{}",
    "cut off": b'{"name": "page_v',
    "trailing": b'{"name": "page_view"} {"name": "page_view"}',
    "form": b"name=page_view&id=1",
    "not utf-8": b'{"name": "\xff\xfe\xfa"}',
    "utf-16": '{"name": "page_view"}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"name": "page_view"}',
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\x56\x02\x00",
    "NUL byte": b"\x00" * 100,
    "NUL in name": r'{"name": "a\u0000b"}',
    "NUL in a value": r'{"name": "nul", "properties": {"a\u0000": "b\u0000c"}, "title": "\u0000"}',
    "lone surrogate": r'{"name": "surrogate", "properties": {"\ud800": "\udfff"}, "url": "https://a/\ud800"}',
    "surrogate in name": r'{"name": "\ud83d"}',
    "not a number": '{"name": "nan", "properties": {"a": NaN, "b": Infinity, "c": -Infinity}}',
    "huge float": '{"name": "float", "properties": {"a": 1e999, "b": -1e999, "c": 1e308}}',
    "huge integer": '{"name": "int", "properties": {"a": 9223372036854775808, "b": -9223372036854775809}}',
    "integer of 200 digits": '{"name": "int", "properties": {"a": ' + "9" * 200 + "}}",
    "integer of 5000 digits": '{"name": "int", "properties": {"a": ' + "9" * 5000 + "}}",
    "deep": nested(500),
    "very deep": nested(15_000),
    "deep objects": '{"name": "deep", "properties": ' + '{"a":' * 900 + "1" + "}" * 901,
    "wide": json.dumps({"name": "wide", "properties": {f"k{n}": n for n in range(2_000)}}),
    "many items": json.dumps({"name": "many", "properties": {"a": [0] * 9_000}}),
    "long key": json.dumps({"name": "key", "properties": {"k" * 20_000: 1}}),
    "long text": json.dumps({"name": "text", "properties": {"a": "t" * 30_000}}),
    "long name": json.dumps({"name": "n" * 5_000}),
    "name is a number": b'{"name": 12}',
    "name is a list": b'{"name": ["page_view"]}',
    "name is an object": b'{"name": {"a": 1}}',
    "name is empty": b'{"name": "   "}',
    "name is invisible": r'{"name": "\u200b\u202e"}',
    "duplicate keys": b'{"name": "page_view", "name": 1}',
    "properties is a list": b'{"name": "p", "properties": [1, 2]}',
    "properties is text": b'{"name": "p", "properties": "a=1"}',
    "properties is a number": b'{"name": "p", "properties": 7}',
    "everything has the wrong type": json.dumps(
        dict.fromkeys(["id", "at", "page", "locale", "url", "referrer", "title"], {"a": [1]})
        | {"name": "types"}
    ),
    "everything is a number": json.dumps(
        dict.fromkeys(["id", "at", "page", "locale", "url", "referrer", "title"], -1.5) | {"name": "types"}
    ),
    "page is huge": b'{"name": "page_view", "page": 99999999999999999999999}',
    "page is negative": b'{"name": "page_view", "page": "-1"}',
    "page in other digits": '{"name": "page_view", "page": "\u0661\u0662"}',
    "script address": b'{"name": "page_view", "url": "javascript:alert(1)", "referrer": "data:text/html,x"}',
    "broken address": b'{"name": "page_view", "url": "http://[::1", "referrer": "https://\\n"}',
    "long address": json.dumps({"name": "page_view", "url": "https://a.example/" + "p" * 20_000}),
    "locale is a path": b'{"name": "page_view", "locale": "../../etc/passwd"}',
    "id is SQL": b'{"name": "page_view", "id": "\'; DROP TABLE x; --"}',
    "id is long": json.dumps({"name": "page_view", "id": "i" * 5_000}),
    "markup": b'{"name": "<script>alert(1)</script>", "title": "</script><script>"}',
    "prototype": b'{"name": "p", "properties": {"__proto__": {"a": 1}, "constructor": 1}}',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_body(body, visitor, inbox, dead_letters):
    """Whatever the body: no error, and what is kept is either an event that can be read or a dead letter with a reason."""
    assert send(visitor, body).status_code == 204
    waiting = list(InboxItem.objects.filter(dead_at=None))
    for item in waiting:
        event = event_log.read(item)
        assert "\x00" not in json.dumps(event.properties, allow_nan=False)
        assert event.url == "" or event.url.startswith("http")
    assert len(waiting) + len(dead_letters()) == (1 if body else 0)
    assert all(item.error for item in dead_letters())


@pytest.mark.parametrize(
    "headers",
    [
        {"content_type": "multipart/form-data"},
        {"content_type": "multipart/form-data; boundary=" + "x" * 5_000},
        {"content_type": "application/json; charset=nonsense"},
        {"content_type": "application/x-www-form-urlencoded"},
        {"HTTP_COOKIE": "\x01=;;;=;" + "a=b;" * 500},
        {"HTTP_REFERER": "http://[::1"},
        {"HTTP_SEC_GPC": "\xff"},
        {"HTTP_CONTENT_ENCODING": "gzip"},
        {"HTTP_ACCEPT_LANGUAGE": "x" * 5_000},
        {"CONTENT_LENGTH": "-5"},
        {"CONTENT_LENGTH": "many"},
        {"CONTENT_LENGTH": "9" * 5_000},
    ],
    ids=str,
)
def test_hostile_headers(headers, visitor):
    """Headers cannot cause an error either."""
    headers = {"content_type": "text/plain"} | headers
    assert visitor.generic("POST", URL, json.dumps(page_view()), **headers).status_code in (204, 400)


def test_session_cookie_is_not_decoded(visitor, settings):
    """A forged session cookie is never looked at."""
    visitor.cookies[settings.SESSION_COOKIE_NAME] = signing.dumps({"_auth_user_id": 1})
    send(visitor, page_view())
    body = page_view()
    with CaptureQueriesContext(connection) as queries:
        assert send(visitor, body).status_code == 204
    assert len(queries) == 1


def test_hostile_bodies_are_drained(visitor, inbox):
    """Every accepted event of the list goes through the pipeline into the log, on either database."""
    for body in HOSTILE.values():
        send(visitor, body)
    accepted = inbox()
    while pipeline.drain(timezone.now()):
        pass
    assert inbox() == []
    assert sorted(Event.objects.values_list("message_id", flat=True)) == sorted(
        e["message_id"] for e in accepted
    )


def test_history_of_a_visitor(visitor, form_page, document):
    """What a visitor viewed and downloaded belongs to the contact that the form made of them."""
    send(visitor, page_view())
    visitor.get(document.url).getvalue()
    visitor.post(form_page.url, {"email": "eva@example.org", "first_name": "Eva"})
    while pipeline.drain(timezone.now()):
        pass
    contact = Contact.objects.get()
    assert (contact.email, contact.first_name, contact.locale) == ("eva@example.org", "Eva", "en")
    names = list(contact.events.order_by("id").values_list("name", flat=True))
    assert names == ["page_view", "document_download", "form_submit"]
