"""Who may send what."""

from __future__ import annotations

import base64
import datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.ingest.conftest import ROOT, VISITOR, accepted, only, rejected
from wagtail_journeys import pipeline
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.ingest import keeping, keys
from wagtail_journeys.ingest.models import WriteKey

pytestmark = pytest.mark.django_db

EVENT = {"event": "a", "userId": "1"}
SHOP = {"Origin": "https://shop.example"}


def basic(key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


def test_three_ways_to_show_a_key(send, server_key):
    """Basic, Bearer and in the body."""
    assert send("track", EVENT, headers=basic(server_key)).status_code == 200
    assert send("track", EVENT, key=server_key).status_code == 200
    assert send("track", {**EVENT, "writeKey": server_key}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("wrong"),
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic ****"},
        {"Authorization": "Digest a"},
    ],
)
def test_without_a_key_nothing_is_taken(send, server_key, headers):
    """And nothing is kept."""
    answer = send("track", EVENT, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert accepted() == rejected() == []


def test_only_a_hash_is_kept(server_key):
    """Who reads the database cannot send."""
    row = WriteKey.objects.values().get()
    assert server_key not in str(row)
    assert row["secret_hash"] == keys.digest(server_key)
    assert server_key.startswith(row["prefix"])


def test_a_rotated_key_works_under_both_values_for_a_day(send, server_key):
    """Then the old one is unknown."""
    now = timezone.now()
    key = WriteKey.objects.get()
    fresh = keys.rotate(key, now)
    assert keys.find(server_key, now) and keys.find(fresh, now)
    later = now + datetime.timedelta(hours=25)
    assert keys.find(server_key, later) is None
    assert keys.find(fresh, later)
    assert {send("track", EVENT, key=value).status_code for value in (server_key, fresh)} == {200}


def test_a_revoked_key_is_unknown_at_once(send, server_key):
    """Its old value too."""
    fresh = keys.rotate(WriteKey.objects.get(), timezone.now())
    keys.revoke(WriteKey.objects.get(), timezone.now())
    assert {send("track", EVENT, key=value).status_code for value in (server_key, fresh)} == {401}


def test_one_event_is_one_statement(send, server_key):
    """Keys, sites and the length of the queue are known; last used is written once a minute."""
    send("track", EVENT, key=server_key)
    assert WriteKey.objects.get().last_used_at
    with CaptureQueriesContext(connection) as captured:
        send("track", EVENT, key=server_key)
    assert len(captured) == 1
    assert captured[0]["sql"].startswith("INSERT")


def test_a_browser_never_says_who_somebody_is(send, public_key):
    """An address and an id from a browser are kept beside the event; no contact appears or changes."""
    Contact.objects.create(email="eva@example.org", external_id="u-1")
    body = {
        "anonymousId": VISITOR,
        "userId": "u-1",
        "traits": {"email": "eva@example.org", "first_name": "X"},
    }
    send("identify", body, key=public_key, headers=SHOP)
    said = only()
    assert "claims" not in said and "traits" not in said
    assert said["properties"]["unverified"]["email"] == "eva@example.org"
    assert "cannot vouch" in said["properties"]["unverified"]["reason"]
    while pipeline.drain(timezone.now()):
        pass
    contact = Contact.objects.get()
    assert (contact.first_name, contact.events.count(), contact.identities.count()) == ("", 0, 0)


@pytest.mark.parametrize(
    ("call", "body", "why"),
    [
        ("track", {"event": "sample_requested"}, "Visitors may not send"),
        ("track", {"event": "form_submit"}, "the site tells about this itself"),
        ("alias", {"previousId": VISITOR, "userId": "u-1"}, "A public key cannot say"),
        ("track", {"event": "product_viewed", "anonymousId": "7"}, "at least 16 characters"),
        ("group", {"groupId": "a"}, "Visitors may not send"),
    ],
)
def test_what_visitors_may_not_send_is_rejected_with_the_reason(send, public_key, call, body, why):
    """The answer is the same: a browser can do nothing about it."""
    answer = send(call, {"anonymousId": VISITOR, **body}, key=public_key, headers=SHOP)
    assert answer.status_code == 200
    ((payload, reason),) = rejected()
    assert why in reason
    assert accepted() == []
    assert "userId" not in payload["body"]


def test_declared_events_are_taken_from_visitors(send, public_key):
    """As are page views."""
    send("track", {"event": "product_viewed", "anonymousId": VISITOR}, key=public_key, headers=SHOP)
    send("page", {"anonymousId": VISITOR}, key=public_key, headers=SHOP)
    assert [said["name"] for said in accepted()] == ["product_viewed", "page_view"]


def test_import_is_for_servers(send, public_key):
    """Visitors have no past to tell."""
    assert send("import", {"batch": []}, key=public_key, headers=SHOP).status_code == 403


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
def test_a_public_key_works_on_its_origins_only(send, public_key, headers):
    """No origin is none of them."""
    assert send("page", {"anonymousId": VISITOR}, key=public_key, headers=headers).status_code == 403


def test_a_public_key_without_origins_is_for_the_site_itself(send, db):
    """The site's own pages need no list."""
    key = keys.create("site", "public")
    own = {"Origin": "http://testserver"}
    assert send("page", {"anonymousId": VISITOR}, key=key, headers=own).status_code == 200
    assert send("page", {"anonymousId": VISITOR}, key=key, headers=SHOP).status_code == 403


def test_a_star_lets_everybody_in(send, db):
    """Apps, too, which have no origin."""
    key = keys.create("app", "public", origins="*")
    assert send("screen", {"anonymousId": VISITOR}, key=key).status_code == 200


def test_a_server_key_in_a_browser_is_refused(send, server_key):
    """Everybody can read it there; the answer says so."""
    answer = send("track", EVENT, key=server_key, headers=SHOP)
    assert answer.status_code == 403
    assert "Rotate it" in answer.json()["detail"]


def test_preflight(client, public_key):
    """Headers that the browser asks for are allowed to origins of a public key, and to no others."""
    asked = {
        "Access-Control-Request-Headers": "authorization, x-vendor",
        "Access-Control-Request-Method": "POST",
    }
    answer = client.options(f"{ROOT}/track", headers={**asked, **SHOP})
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert answer.headers["Access-Control-Allow-Headers"] == "authorization, x-vendor"
    assert "Origin" in answer.headers["Vary"]
    other = client.options(f"{ROOT}/track", headers={**asked, "Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in other.headers


def test_settings_for_browser_sdks(client, public_key):
    """They name the key and the address to send to; an unknown key has none."""
    found = client.get(f"{ROOT}/projects/{public_key}/settings", headers=SHOP)
    assert found.json()["integrations"]["Segment.io"]["apiKey"] == public_key
    assert found.json()["integrations"]["Segment.io"]["apiHost"] == "testserver/journeys/v1"
    assert found.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert client.get(f"{ROOT}/projects/unknown/settings").status_code == 404


def test_a_full_inbox_asks_to_come_back(send, server_key, settings):
    """Nothing of the request is kept, and the answer says when."""
    settings.JOURNEYS_INBOX_LIMIT = 1
    assert [send("track", EVENT, key=server_key).status_code for _n in range(2)] == [200, 200]
    keeping.look_again()
    answer = send("track", EVENT, key=server_key)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "30")
    assert len(accepted()) == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"allowed_origins": "shop.example"},
        {"allowed_origins": "https://shop.example/path"},
        {"allowed_events": "form_submit"},
        {"allowed_events": "x" * 101},
    ],
)
def test_a_list_that_cannot_work_is_refused(fields):
    """The editor learns which line."""
    with pytest.raises(ValidationError):
        WriteKey(name="a", kind="public", **fields).clean()


def test_no_session_and_no_cookie(send, server_key):
    """The answer sets nothing."""
    answer = send("track", EVENT, key=server_key)
    assert not answer.cookies
    assert "Cookie" not in answer.headers.get("Vary", "")
