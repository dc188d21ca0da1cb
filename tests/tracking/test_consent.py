from __future__ import annotations

import datetime
import json
from collections.abc import Iterator

import pytest
from cookie_consent.cache import delete_cache
from cookie_consent.models import Cookie, CookieGroup
from cookie_consent.views import CookieGroupAcceptView, CookieGroupDeclineView
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import timezone

from wagtail_journeys.events.models import Heartbeat, InboxItem
from wagtail_journeys.tracking import daily
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


@pytest.fixture
def cookie_group(settings) -> Iterator[CookieGroup]:
    """django-cookie-consent itself, with a group for analytics that has one cookie."""
    settings.JOURNEYS_CONSENT_BACKEND = "wagtail_journeys.tracking.consent.DjangoCookieConsent"
    group = CookieGroup.objects.create(varname="web_analytics", name="Analytics")
    Cookie.objects.create(cookiegroup=group, name="journeys_visitor")
    delete_cache()
    yield group
    delete_cache()


def decide(client: Client, action: str, rf: RequestFactory) -> None:
    """What a click in the bar of django-cookie-consent sends, and the cookie that its view answers with."""
    view = {"accept": CookieGroupAcceptView, "decline": CookieGroupDeclineView}[action]
    answer = view.as_view()(
        rf.post("/", {"cookie_groups": "web_analytics"}, headers={"X-Cookie-Consent-Fetch": "1"})
    )
    assert answer.status_code == 200
    client.cookies.update(answer.cookies)


def test_django_cookie_consent(cookie_group, visitor, rf):
    """Nothing is kept before the bar is answered, nor after a no; after a yes it is, and no longer once it is taken back."""
    kept = []
    for action in (None, "decline", "accept", "decline"):
        if action:
            decide(visitor, action, rf)
        look(visitor)
        kept.append(InboxItem.objects.count())
    assert kept == [0, 0, 1, 1]


def test_django_cookie_consent_asks_again_after_a_change(cookie_group, visitor, rf):
    """A cookie that is added to the group later has not been agreed to."""
    decide(visitor, "accept", rf)
    later = timezone.now() + datetime.timedelta(days=1)
    Cookie.objects.create(cookiegroup=cookie_group, name="another")
    Cookie.objects.filter(name="another").update(created=later)
    delete_cache()
    look(visitor)
    assert InboxItem.objects.count() == 0


def test_django_cookie_consent_costs_no_statement(cookie_group, visitor, rf, django_assert_num_queries):
    """The groups are in its cache: a beacon is one INSERT all the same."""
    decide(visitor, "accept", rf)
    look(visitor)
    with django_assert_num_queries(1):
        look(visitor)


def test_another_group(cookie_group, settings, visitor, rf):
    """JOURNEYS_CONSENT_GROUP names the group; one that does not exist has not been agreed to."""
    decide(visitor, "accept", rf)
    settings.JOURNEYS_CONSENT_GROUP = "marketing"
    look(visitor)
    assert InboxItem.objects.count() == 0


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
