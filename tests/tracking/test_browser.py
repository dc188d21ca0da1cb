"""The tracker in a real browser, on a page from a full-page cache, under a strict Content-Security-Policy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.contrib.staticfiles import finders
from playwright.sync_api import Page as Tab
from playwright.sync_api import sync_playwright
from pytest_django.live_server_helper import LiveServer
from wagtail.models import Page, Site

from tests.support import minify
from wagtail_journeys.conf import conf
from wagtail_journeys.events.models import InboxItem

pytestmark = pytest.mark.browser

#: Headless, Chromium says that it is a robot; the tests play people.
PERSON = (
    "--user-agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"
)


@pytest.fixture
def site_url(own_database, settings) -> Iterator[str]:
    settings.ROOT_URLCONF = "tests.tracking.browser_urls"
    settings.DEBUG = True  # static files are served from where they lie
    server = LiveServer("127.0.0.1")
    yield server.url
    server.stop()


@pytest.fixture
def browse(chromium_path, site_url) -> Callable:
    """``with browse() as tab``: a fresh browser; whatever it complains about fails the test."""

    @contextmanager
    def opened(init_script: str = "") -> Iterator[Tab]:
        complaints: list[str] = []
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox", PERSON])
            tab = browser.new_context(base_url=site_url).new_page()
            tab.on("console", lambda message: complaints.append(message.text))
            tab.on("pageerror", lambda error: complaints.append(str(error)))
            if init_script:
                tab.add_init_script(init_script)
            yield tab
            browser.close()
        assert complaints == []

    return opened


def collected(tab: Tab):
    return tab.expect_response(re.compile("/journeys/collect/"))


def visitor_cookie(tab: Tab) -> dict | None:
    return next((c for c in tab.context.cookies() if c["name"] == conf.VISITOR_COOKIE), None)


def test_tracker(browse, site_url):
    """The tracker makes the visitor's cookie, tells the page view, and what the site's script reports."""
    with browse() as tab:
        with collected(tab) as first:
            tab.goto("/?from=news#top")
        with collected(tab):
            tab.get_by_role("button").click()
        with collected(tab):
            tab.get_by_role("link", name="Other").click()
        assert first.value.status == 204
        cookie = visitor_cookie(tab)
    assert cookie is not None
    assert (cookie["sameSite"], cookie["path"], cookie["httpOnly"], cookie["secure"]) == (
        "Lax",
        "/",
        False,
        False,
    )
    payloads = [item.payload for item in InboxItem.objects.order_by("id")]
    events = [event for event in payloads if event["name"] != "page_left"]
    assert [event["name"] for event in events] == ["page_view", "video_watched", "page_view"]
    assert {event["anonymous_id"] for event in events} == {cookie["value"]}
    assert {event["page_id"] for event in events} == {Page.objects.get(depth=2).pk}
    assert {event["site_id"] for event in events} == {Site.objects.get().pk}
    assert len({event["message_id"] for event in events}) == 3
    assert events[0]["url"] == f"{site_url}/?from=news"
    assert events[0]["properties"] == {"title": "Guide", "locale": "en"}
    assert events[1]["properties"] == {"seconds": 12, "title": "Heat pumps", "locale": "en"}
    assert events[2]["properties"]["referrer"] == f"{site_url}/?from=news"


def test_cached_page(browse):
    """Two people who get the same bytes from the page cache are two visitors."""
    pages = []
    for _ in range(2):
        with browse() as tab:
            with collected(tab):
                pages.append(tab.goto("/").text())
    assert pages[0] == pages[1]
    assert len({item.payload["anonymous_id"] for item in InboxItem.objects.all()}) == 2


def test_returning(browse):
    """A visitor who has the cookie keeps it as it is."""
    with browse() as tab:
        with collected(tab):
            tab.goto("/")
        before = visitor_cookie(tab)
        with collected(tab):
            tab.reload()
        assert visitor_cookie(tab) == before


@pytest.mark.parametrize("says", ["globalPrivacyControl', {value: true}", "doNotTrack', {value: '1'}"])
def test_objecting(says, browse):
    """With Global Privacy Control or Do Not Track there is no cookie, and nothing is sent."""
    with browse(f"Object.defineProperty(navigator, '{says})") as tab:
        sent: list[str] = []
        tab.on("request", lambda request: sent.append(request.url))
        tab.goto("/")
        tab.get_by_role("button").click()
        with tab.expect_navigation():
            tab.get_by_role("link", name="Other").click()
        assert visitor_cookie(tab) is None
    assert not [url for url in sent if "collect" in url]
    assert not InboxItem.objects.exists()


@pytest.mark.parametrize("beacon", ["() => false", "undefined"])
def test_without_beacon(beacon, browse):
    """Where the browser takes no beacon, a request that outlives the page is sent."""
    with browse(f"Object.defineProperty(navigator, 'sendBeacon', {{value: {beacon}}})") as tab:
        with collected(tab) as got:
            tab.goto("/")
        assert got.value.request.resource_type == "fetch"
    assert InboxItem.objects.get().payload["anonymous_id"]


def test_leaving_and_clicking(browse, site_url):
    """Time in sight, depth, marked elements and links that lead away are told; what Wagtail serves it tells itself."""
    with browse() as tab:
        with collected(tab):
            tab.goto("/")
        for text in ("Pro", "Away", "Prices", "Guide"):
            with tab.expect_request(re.compile("collect")) if text != "Guide" else tab.context.expect_page():
                tab.get_by_text(text, exact=True).dispatch_event("click")
        with tab.expect_request(re.compile("collect")):
            tab.evaluate(
                "Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
                "document.dispatchEvent(new Event('visibilitychange'))"
            )
        tab.wait_for_load_state("networkidle")
    events = {item.payload["name"]: item.payload["properties"] for item in InboxItem.objects.all()}
    assert set(events) == {"page_view", "plan_chosen", "outbound_click", "file_click", "page_left"}
    assert events["plan_chosen"]["plan"] == "pro"
    assert events["outbound_click"]["href"] == "http://elsewhere.example/x"
    assert events["file_click"]["href"] == f"{site_url}/files/price-list.pdf"
    assert events["page_left"]["seconds"] >= 0
    assert 10 < events["page_left"]["depth"] <= 100


def test_consent_is_waited_for(browse, settings, site_url):
    """Before consent there is no cookie and no request; then there is; and after it is taken back there is none again."""
    settings.JOURNEYS_CONSENT_BACKEND = "wagtail_journeys.tracking.consent.ConsentCookie"
    with browse() as tab:
        sent: list[str] = []
        tab.on("request", lambda request: sent.append(request.url))
        tab.goto("/other/")
        tab.get_by_role("button").click()
        assert visitor_cookie(tab) is None
        assert not [url for url in sent if "collect" in url]
        tab.context.add_cookies([{"name": "journeys_consent", "value": "granted", "url": site_url}])
        with collected(tab):
            tab.evaluate("journeys.consent(true)")
        assert visitor_cookie(tab) is not None
        tab.evaluate("journeys.consent(false)")
        assert visitor_cookie(tab) is None
        before = len(sent)
        tab.get_by_role("button").click()
        assert len(sent) == before
    assert [item.payload["name"] for item in InboxItem.objects.all()] == ["page_view"]


def test_the_sites_callback_decides(browse, settings):
    """window.journeysConsent is asked before anything is kept or sent."""
    with browse("window.journeysConsent = () => window.agreed") as tab:
        tab.goto("/")
        assert visitor_cookie(tab) is None
        tab.evaluate("window.agreed = true")
        with collected(tab):
            tab.get_by_role("button").click()
        assert visitor_cookie(tab) is not None


def test_cookieless(browse, settings):
    """In cookieless mode a page view is told and no cookie set."""
    settings.JOURNEYS_TRACKING = "cookieless"
    with browse() as tab:
        with collected(tab):
            tab.goto("/other/")
        assert tab.context.cookies() == []
    assert InboxItem.objects.get().payload["anonymous_id"].startswith("daily-")


def test_small():
    """The script is at most 2 KB as it is served, and made of the source that lies beside it."""
    assert len(minify.SERVED.read_bytes()) <= 2048
    assert minify.SERVED.read_text().endswith(minify.mark())
    assert finders.find("wagtail_journeys/tracker.js") == str(minify.SERVED)
