"""The example site's consent banner, in a browser, behind a full-page cache and under a strict Content-Security-Policy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from django.core.files.base import ContentFile
from django.db.models import Q
from playwright.sync_api import BrowserContext, Route, expect
from playwright.sync_api import Page as Tab
from wagtail.documents import get_document_model
from wagtail.models import Locale, Page, Site

from example_site.website.models import GuideIndexPage, GuidePage, HomePage, TextPage
from tests.support.browsing import Errors, browsing
from tests.support.database import Database
from tests.support.site import RunningSite
from wagtail_journeys.events.models import InboxItem

pytestmark = pytest.mark.browser

POLICY = "default-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:"
SHIFTS = """new PerformanceObserver((list) => {
    window.shifted = (window.shifted || 0) + list.getEntries().reduce((sum, entry) => sum + entry.value, 0);
}).observe({ type: "layout-shift", buffered: true });"""
#: What ties an event to a browser or a person.
IDENTIFYING = Q(payload__has_any_keys=["anonymous_id", "claims", "traits"])


@pytest.fixture
def live_site(own_database: Database) -> Iterator[RunningSite]:
    """The example site as the demo has it: it asks, and whole pages are cached. A few pages of it are enough."""
    build_site()
    InboxItem.objects.all().delete()
    env = {
        "TEST_CONSENT_BACKEND": "wagtail_journeys.tracking.consent.ConsentCookie",
        "PAGE_CACHE_SECONDS": "600",
    }
    with RunningSite(own_database, env=env) as site:
        address = urlsplit(site.url)
        Site.objects.update(hostname=address.hostname, port=address.port)
        yield site.ready()


def build_site() -> None:
    english = Locale.objects.get(language_code="en")
    root = Page.get_first_root_node()
    home = root.add_child(
        instance=HomePage(title="Home", slug="home-en", heading="Warm homes", locale=english)
    )
    Site.objects.update(root_page=home)
    index = home.add_child(instance=GuideIndexPage(title="Guides", slug="guides", show_in_menus=True))
    document = get_document_model()(title="Heat pump guide")
    document.file.save("heat-pump.pdf", ContentFile(b"%PDF-1.4 a guide"), save=True)
    index.add_child(
        instance=GuidePage(title="Your heat pump", slug="heat-pump", topic="Heat", document=document)
    )
    home.add_child(instance=TextPage(title="Privacy", slug="privacy", introduction="What we keep."))


def with_policy(route: Route) -> None:
    answer = route.fetch(max_redirects=0)
    route.fulfill(response=answer, headers={**answer.headers, "content-security-policy": POLICY})


@pytest.fixture
def browse(chromium_path: str, live_site: RunningSite) -> Callable:
    """``with browse() as tab``: a new person; a script error, or a script that the policy stops, fails the test."""

    @contextmanager
    def opened(init_script: str = "", **context: object) -> Iterator[Tab]:
        errors = Errors()
        with browsing(chromium_path, live_site.url, **context) as profile:
            profile.on("page", errors.watch)
            profile.on(
                "console", lambda line: "Content Security Policy" in line.text and errors.append(line.text)
            )
            profile.route(re.compile("/(en|nl)/"), with_policy)
            profile.add_init_script(init_script or SHIFTS)
            yield profile.new_page()
        assert not errors

    return opened


def cookies(profile: BrowserContext) -> dict[str, str]:
    return {cookie["name"]: cookie["value"] for cookie in profile.cookies()}


def collected(tab: Tab):
    return tab.expect_response(re.compile("/journeys/collect/"))


def banner(tab: Tab):
    return tab.get_by_role("region", name="May we remember your visit?")


def settled(tab: Tab, path: str) -> None:
    tab.goto(path)
    tab.wait_for_load_state("networkidle")


def downloads_a_guide(tab: Tab) -> None:
    guide = GuidePage.objects.get()
    answer = tab.evaluate("url => fetch(url).then((answer) => answer.status)", guide.document.url)
    assert answer == 200


def names() -> list[str]:
    return [
        item.payload["name"]
        for item in InboxItem.objects.order_by("pk")
        if item.payload["name"] != "page_left"
    ]


def test_before_an_answer_nothing_is_tied_to_the_browser(browse: Callable) -> None:
    """Who has not answered gets no cookie of ours, and nothing that is kept says who it was; the question stays."""
    with browse() as tab:
        settled(tab, "/en/")
        expect(banner(tab)).to_be_visible()
        downloads_a_guide(tab)
        settled(tab, "/en/search/?q=heat")
        expect(banner(tab)).to_be_visible()
        assert not [name for name in cookies(tab.context) if name.startswith("journeys")]
    assert names() == ["document_download", "site_search"]
    assert not InboxItem.objects.filter(IDENTIFYING).exists()


def test_yes(browse: Callable) -> None:
    """With a yes the page counts at once, and what follows is the same visitor's; nobody is asked again."""
    with browse() as tab:
        settled(tab, "/en/")
        with collected(tab):
            tab.get_by_role("button", name="Yes, you may").click()
        expect(banner(tab)).to_be_hidden()
        expect(tab.locator("#consent-said")).to_contain_text("we may remember your visit")
        assert tab.evaluate("window.shifted || 0") == 0
        downloads_a_guide(tab)
        with collected(tab):
            tab.goto("/en/search/?q=heat")
        expect(banner(tab)).to_be_hidden()
        known = cookies(tab.context)
        assert tab.evaluate("window.shifted || 0") == 0
    assert known["journeys_consent"] == "granted"
    assert sorted(names()) == ["document_download", "page_view", "page_view", "site_search"]
    assert {item.payload["anonymous_id"] for item in InboxItem.objects.all()} == {known["journeys_visitor"]}


def test_no(browse: Callable) -> None:
    """With a no there is the cookie that says so and nothing else, on every later page too."""
    with browse() as tab:
        settled(tab, "/en/")
        tab.get_by_role("button", name="No, do not").click()
        expect(banner(tab)).to_be_hidden()
        settled(tab, "/en/search/?q=heat")
        expect(banner(tab)).to_be_hidden()
        assert cookies(tab.context) == {"journeys_consent": "refused"}
    assert names() == ["site_search"]
    assert not InboxItem.objects.filter(IDENTIFYING).exists()


def test_yes_and_no_are_equally_easy(browse: Callable) -> None:
    """Both buttons look the same and are as large, in sight without scrolling, on a phone as well."""
    for size in ({"width": 1280, "height": 800}, {"width": 360, "height": 640}):
        with browse(viewport=size) as tab:
            settled(tab, "/en/")
            boxes = [tab.get_by_role("button", name=name) for name in ("Yes, you may", "No, do not")]
            found = [box.bounding_box() for box in boxes]
            assert len({(box["width"], box["height"], box["y"]) for box in found}) == 1
            assert all(box["y"] + box["height"] <= size["height"] for box in found)
            look = "node => [getComputedStyle(node).color, getComputedStyle(node).backgroundColor]"
            assert boxes[0].evaluate(look) == boxes[1].evaluate(look)


def test_a_change_of_mind_with_the_keyboard(browse: Callable) -> None:
    """The foot of the page leads back to the question; a no then takes the id away again and nothing more is told."""
    with browse() as tab:
        settled(tab, "/en/")
        tab.keyboard.press("Tab")  # skip to content
        tab.keyboard.press("Tab")  # what we keep
        tab.keyboard.press("Tab")
        expect(tab.get_by_role("button", name="Yes, you may")).to_be_focused()
        with collected(tab):
            tab.keyboard.press("Enter")
        expect(tab.locator("main")).to_be_focused()
        assert "journeys_visitor" in cookies(tab.context)
        tab.get_by_role("button", name="Privacy choices").press("Enter")
        expect(tab.get_by_role("heading", name="May we remember your visit?")).to_be_focused()
        expect(banner(tab)).to_contain_text("At the moment you allow it.")
        tab.keyboard.press("Escape")
        expect(tab.get_by_role("button", name="Privacy choices")).to_be_focused()
        expect(banner(tab)).to_be_hidden()
        tab.keyboard.press("Enter")
        tab.get_by_role("button", name="No, do not").press("Enter")
        expect(tab.get_by_role("button", name="Privacy choices")).to_be_focused()
        expect(tab.locator("#consent-said")).to_contain_text("do not remember")
        assert cookies(tab.context) == {"journeys_consent": "refused"}
        before = InboxItem.objects.count()
        settled(tab, "/en/search/?q=sun")
    assert names()[-1] == "site_search"
    assert InboxItem.objects.count() == before + 1
    assert not InboxItem.objects.filter(IDENTIFYING, payload__name="site_search").exists()


def test_a_cached_page_is_the_same_for_everybody(browse: Callable, live_site: RunningSite) -> None:
    """Whoever has not answered, has agreed or has refused gets the same bytes, and each is treated as they said."""
    pages = []
    for answer in ("", "granted", "refused"):
        with browse() as tab:
            if answer:
                tab.context.add_cookies([{"name": "journeys_consent", "value": answer, "url": live_site.url}])
            response = tab.goto("/en/")
            tab.wait_for_load_state("networkidle")
            pages.append(response.text())
            assert banner(tab).is_visible() is not bool(answer)
            assert ("journeys_visitor" in cookies(tab.context)) is (answer == "granted")
            assert not {"set-cookie", "vary"} & set(response.headers) or "ookie" not in response.headers.get(
                "vary", ""
            )
    assert pages[0] == pages[1] == pages[2]
    assert names() == ["page_view"]


def test_an_answer_in_another_tab_counts_here_too(browse: Callable) -> None:
    """A tab that comes back into sight follows what was answered elsewhere."""
    with browse() as tab:
        settled(tab, "/en/")
        other = tab.context.new_page()
        settled(other, "/en/")
        other.get_by_role("button", name="No, do not").click()
        tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(banner(tab)).to_be_hidden()


def test_who_objects_is_not_asked(browse: Callable) -> None:
    """A browser that says it for its user has answered; the foot of the page tells so."""
    with browse("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})") as tab:
        settled(tab, "/en/")
        expect(banner(tab)).to_be_hidden()
        tab.get_by_role("button", name="Privacy choices").click()
        expect(banner(tab)).to_contain_text("Your browser asks sites not to follow you.")
    assert not InboxItem.objects.exists()


def test_the_search_page(browse: Callable) -> None:
    """The site's own search finds pages of the language at hand and tells what was looked for."""
    with browse() as tab:
        tab.goto("/en/")
        tab.get_by_role("link", name="Search").click()
        tab.get_by_label("What are you looking for?").fill("heat pump")
        tab.get_by_label("What are you looking for?").press("Enter")
        expect(tab.get_by_role("status").filter(has_text="about “heat pump”")).to_be_visible()
        assert tab.locator(".found a").count() > 0
        tab.goto("/en/search/?q=xyzzy")
        expect(tab.get_by_text("Nothing was found.")).to_be_visible()
    told = [item.payload["properties"] for item in InboxItem.objects.order_by("pk")]
    assert [one["query"] for one in told] == ["heat pump", "xyzzy"]
    assert told[0]["results"] > 0 == told[1]["results"]
