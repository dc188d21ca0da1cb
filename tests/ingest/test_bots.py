"""Events of programs are marked and nobody's, whichever door they come through."""

from __future__ import annotations

import pytest

from tests.ingest.conftest import VISITOR, only
from tests.tracking.test_bots import GOOGLE, PERSON

pytestmark = pytest.mark.django_db

SHOP = {"Origin": "https://shop.example"}


@pytest.mark.parametrize(
    ("headers", "mark"),
    [
        ({"User-Agent": GOOGLE}, "crawler"),
        ({"User-Agent": PERSON, "Sec-Purpose": "prefetch"}, "prefetch"),
        ({"User-Agent": PERSON}, None),
    ],
)
def test_a_browser_that_is_none(send, public_key, headers, mark):
    """With a public key the browser says what it is."""
    send("page", {"anonymousId": VISITOR}, key=public_key, headers={**SHOP, **headers})
    said = only()
    assert said.get("properties", {}).get("bot") == mark
    assert ("anonymous_id" in said) == (mark is None)


def test_a_servers_library_is_no_bot(send, server_key):
    """Its user agent is the library's; the people it tells about are people."""
    send(
        "track", {"event": "a", "userId": "1"}, key=server_key, headers={"User-Agent": "python-requests/2.3"}
    )
    assert only()["claims"] == {"external_id": "1"}


def test_a_server_can_tell_about_a_bot(send, server_key):
    """By the user agent in the context, of the message or of the whole batch."""
    said = {"type": "track", "event": "a", "userId": "1"}
    send("batch", {"batch": [said], "context": {"userAgent": GOOGLE}}, key=server_key)
    found = only()
    assert found["properties"] == {"bot": "crawler"}
    assert "claims" not in found


def test_an_apps_library_is_no_bot(send, db):
    """An app sends no origin; its user agent is its library's."""
    from wagtail_journeys.ingest import keys

    key = keys.create("app", "public", origins="*")
    send("screen", {"anonymousId": VISITOR}, key=key, headers={"User-Agent": "okhttp/4.9"})


@pytest.mark.parametrize("agent", [None, 5, [], {}, "x" * 10_000])
def test_any_user_agent(send, server_key, agent):
    """Whatever it is, it is read as a user agent or not at all."""
    send("track", {"event": "a", "userId": "1", "context": {"userAgent": agent}}, key=server_key)
    assert only()["claims"] == {"external_id": "1"}


def test_bots_may_be_counted(send, server_key, settings):
    """The setting holds at this door as well."""
    settings.JOURNEYS_BOTS = "count"
    send("track", {"event": "a", "userId": "1", "context": {"userAgent": GOOGLE}}, key=server_key)
    assert only()["claims"] == {"external_id": "1"}
