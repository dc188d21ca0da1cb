from __future__ import annotations

import datetime
import json
import sys
from types import ModuleType

import pytest
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import timezone

from wagtail_journeys.events.models import Heartbeat, InboxItem
from wagtail_journeys.tracking import consent, daily
from wagtail_journeys.tracking.tokens import identity_token
from wagtail_journeys.tracking.visitor import anonymous_id

pytestmark = pytest.mark.django_db

COOKIE = "wagtail_journeys.tracking.consent.ConsentCookie"


class ByHeader:
    """A site's own backend."""

    def state(self, request, purpose: str) -> bool | None:
        assert purpose == "web_analytics"
        return {"yes": True, "no": False}.get(request.headers.get("X-Agreed", ""))


@pytest.fixture(autouse=True)
def fresh_salt():
    daily.forget()
    yield
    daily.forget()


def look(client: Client, name: str = "page_view", **more: object) -> None:
    headers = more.pop("headers", {})
    body = json.dumps({"name": name, **more})
    response = client.post("/journeys/collect/", body, content_type="text/plain", headers=headers)
    assert response.status_code == 204
    assert not response.cookies


@pytest.mark.parametrize(("value", "kept"), [("granted", 1), ("refused", 0), ("", 0), ("x", 0)])
def test_nothing_is_kept_without_consent(value, kept, settings, visitor):
    """With a backend, only the beacons of who agreed are kept; who was not asked yet is as who refused."""
    settings.JOURNEYS_CONSENT_BACKEND = COOKIE
    visitor.cookies["journeys_consent"] = value
    look(visitor)
    assert InboxItem.objects.count() == kept


@pytest.mark.parametrize(("value", "known"), [("granted", True), ("refused", False), ("", False)])
def test_downloads_without_consent_are_nobodys(value, known, settings, visitor, visitor_id, document, inbox):
    """What the site itself sees is counted, and tied to the browser with consent only."""
    settings.JOURNEYS_CONSENT_BACKEND = COOKIE
    visitor.cookies["journeys_consent"] = value
    visitor.get(document.url).getvalue()
    (event,) = inbox()
    assert event.get("anonymous_id") == (visitor_id if known else None)


def test_a_backend_of_the_sites_own(settings, visitor):
    """Any class with state(request, purpose) can say whether somebody agreed."""
    settings.JOURNEYS_CONSENT_BACKEND = f"{__name__}.ByHeader"
    for answer in ("yes", "no", ""):
        look(visitor, headers={"X-Agreed": answer})
    assert InboxItem.objects.count() == 1


@pytest.mark.parametrize(("answer", "allowed"), [(True, True), (False, False), (None, False)])
def test_django_cookie_consent(answer, allowed, settings, monkeypatch):
    """The adapter asks django-cookie-consent for the cookie group of the setting."""
    asked = []
    util = ModuleType("cookie_consent.util")
    util.get_cookie_value_from_request = lambda request, name: asked.append(name) or answer
    monkeypatch.setitem(sys.modules, "cookie_consent", ModuleType("cookie_consent"))
    monkeypatch.setitem(sys.modules, "cookie_consent.util", util)
    settings.JOURNEYS_CONSENT_BACKEND = "wagtail_journeys.tracking.consent.DjangoCookieConsent"
    settings.JOURNEYS_CONSENT_GROUP = "analytics"
    assert consent.allows(RequestFactory().get("/")) is allowed
    assert asked == ["analytics"]


def test_the_tracker_waits_where_consent_is_asked(settings):
    """The script tag says that the tracker has to wait, and the same to everybody."""
    template = Template("{% load journeys %}{% journeys_tracker %}")
    assert "data-ask" not in template.render(Context())
    settings.JOURNEYS_CONSENT_BACKEND = COOKIE
    assert " data-ask" in template.render(Context())


def test_do_not_track_is_a_setting_and_privacy_control_is_none(settings, visitor):
    """Without JOURNEYS_HONOUR_DNT a browser that says DNT is tracked; Global Privacy Control always counts."""
    settings.JOURNEYS_HONOUR_DNT = False
    assert "data-dnt" not in Template("{% load journeys %}{% journeys_tracker %}").render(Context())
    look(visitor, headers={"DNT": "1"})
    look(visitor, headers={"Sec-GPC": "1"})
    assert InboxItem.objects.count() == 1


# --- Cookieless ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def cookieless(settings) -> None:
    settings.JOURNEYS_TRACKING = "cookieless"


def test_a_visitor_of_one_day(cookieless, visitor, visitor_id, inbox):
    """Two pages of one browser are one visitor, another browser is another, and no cookie has a part in it."""
    look(visitor)
    look(Client())
    look(Client(), headers={"User-Agent": "Another/1.0"})
    ids = [event["anonymous_id"] for event in inbox()]
    assert ids[0] == ids[1] != ids[2]
    assert all(found.startswith("daily-") for found in ids)
    assert visitor_id not in ids


def test_nobody_is_known_again_the_next_day(cookieless):
    """A new day has a new salt, and the old one is gone; another process finds the same one on the same day."""
    request = RequestFactory().get("/")
    day = datetime.datetime(2026, 3, 2, 23, 59, tzinfo=datetime.UTC)
    first = daily.visitor_id(request, day)
    daily.forget()
    assert daily.visitor_id(request, day) == first
    salt = Heartbeat.objects.get(pk="salt").holder
    assert daily.visitor_id(request, day + datetime.timedelta(minutes=2)) != first
    assert Heartbeat.objects.get(pk="salt").holder != salt


@pytest.mark.parametrize(
    ("address", "network"),
    [("192.0.2.77", "192.0.2.0/24"), ("2001:db8:1:2::3", "2001:db8:1::/48"), ("", ""), ("x", "")],
)
def test_addresses_are_shortened(address, network):
    """Of an IP address only the network counts."""
    assert daily.network(address) == network


def test_nobody_is_identified(cookieless, visitor, document, admin_user, inbox, dead_letters):
    """Neither tokens nor downloads tie anything to the visitor of a day."""
    look(visitor, "identify", token=identity_token(admin_user))
    visitor.get(document.url).getvalue()
    assert "cookieless" in dead_letters()[0].error
    assert "anonymous_id" not in inbox()[0]
    request = RequestFactory().get("/")
    request.COOKIES["journeys_visitor"] = "a" * 32
    assert anonymous_id(request) == ""


def test_the_script_knows_no_cookie(cookieless):
    """In cookieless mode the tag names no cookie, so the tracker sets none."""
    assert "data-cookie" not in Template("{% load journeys %}{% journeys_tracker %}").render(Context())


def test_one_insert(cookieless, visitor, django_assert_num_queries):
    """Once the day's salt is known, a cookieless beacon costs one INSERT as any other."""
    look(visitor)
    with django_assert_num_queries(1):
        look(visitor)
    assert timezone.now() - Heartbeat.objects.get(pk="salt").at < datetime.timedelta(days=1)
