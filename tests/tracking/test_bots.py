from __future__ import annotations

import json

import pytest
from django.test import Client
from django.utils import timezone

from wagtail_journeys import pipeline
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events.models import Event

pytestmark = pytest.mark.django_db

GOOGLE = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
PERSON = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"


def look(client: Client, **headers: str) -> None:
    body = json.dumps({"name": "page_view", "properties": {"a": 1}})
    assert (
        client.post("/journeys/collect/", body, content_type="text/plain", headers=headers).status_code == 204
    )


@pytest.mark.parametrize(
    ("headers", "mark"),
    [
        ({"User-Agent": GOOGLE}, "crawler"),
        ({"User-Agent": "curl/8.5.0"}, "crawler"),
        ({"User-Agent": PERSON, "Sec-Purpose": "prefetch;prerender"}, "prefetch"),
        ({"User-Agent": PERSON, "Purpose": "prefetch"}, "prefetch"),
        ({"User-Agent": PERSON}, None),
        ({}, None),
    ],
)
def test_page_views(headers, mark, visitor, visitor_id, inbox):
    """A crawler's or a prefetched page view is kept, marked, and nobody's; a person's is as it was."""
    look(visitor, **headers)
    (event,) = inbox()
    assert event["properties"].get("bot") == mark
    assert event["properties"]["a"] == 1
    assert event.get("anonymous_id") == (None if mark else visitor_id)


def test_a_bot_that_fills_in_a_form_is_no_contact(form_page, visitor):
    """A form that a crawler sends is recorded and makes no contact; a person's does."""
    for agent in (GOOGLE, PERSON):
        data = {"email": f"{len(agent)}@example.org", "first_name": "Kim"}
        visitor.post(form_page.url, data, headers={"User-Agent": agent})
    pipeline.drain(timezone.now())
    assert Event.objects.filter(name="form_submit").count() == 2
    assert Contact.objects.get().email == f"{len(PERSON)}@example.org"


def test_a_bot_is_never_bound_later(visitor, form_page):
    """What a crawler did under somebody's cookie is not carried over when that browser identifies."""
    look(visitor, **{"User-Agent": GOOGLE})
    visitor.post(form_page.url, {"email": "kim@example.org"}, headers={"User-Agent": PERSON})
    pipeline.drain(timezone.now())
    assert list(Contact.objects.get().events.values_list("name", flat=True)) == ["form_submit"]


def test_counting_bots(settings, visitor, visitor_id, inbox):
    """With JOURNEYS_BOTS = "count" they are treated like people."""
    settings.JOURNEYS_BOTS = "count"
    look(visitor, **{"User-Agent": GOOGLE})
    assert inbox()[0]["anonymous_id"] == visitor_id
    assert "bot" not in inbox()[0]["properties"]
