"""The debugger in a browser: events show up by themselves, filters hold, the keyboard is enough."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import BrowserContext, expect
from pytest_django.live_server_helper import LiveServer

from tests.reporting import rows
from tests.reporting.test_debugger import recorded
from tests.support.browsing import Errors, browsing, log_in
from wagtail_journeys.events.deadletters import dead_letter

pytestmark = pytest.mark.browser


@pytest.fixture
def browser(own_database, settings, chromium_path: str) -> Iterator[BrowserContext]:
    """A browser on a site that is served from this process: it is there at once."""
    settings.DEBUG = True  # static files are served from where they lie
    server, errors = LiveServer("127.0.0.1"), Errors()
    with browsing(chromium_path, server.url) as context:
        context.on("page", errors.watch)
        yield context
    server.stop()
    assert not errors


def test_the_live_tail(browser: BrowserContext) -> None:
    """A new event appears without a reload, one outside of the filter does not, and Pause holds the list still."""
    get_user_model().objects.create_superuser("ada", "ada@example.com", "ada")
    recorded(name="first")
    page = browser.new_page()
    log_in(page, "ada", "ada")
    page.goto("/admin/journeys/debugger/")
    lines = page.locator("#wj-lines")
    expect(lines.get_by_role("link", name="first")).to_be_visible()
    page.evaluate("window.untouched = true")
    dead_letter({"source": "browser", "name": "second"}, "Nobody knows why.", rows.at(60))
    expect(lines.get_by_role("link", name="second")).to_be_visible()
    expect(lines).to_contain_text("Nobody knows why.")
    assert page.evaluate("window.untouched") is True

    pause = page.locator("#wj-pause")
    pause.focus()
    page.keyboard.press("Enter")
    expect(pause).to_have_attribute("aria-pressed", "true")
    recorded(name="third")
    with page.expect_response(lambda answer: "/debugger/lines/" in answer.url):
        page.keyboard.press("Enter")  # going on looks at once
    expect(lines.get_by_role("link", name="third")).to_be_visible()

    name = page.get_by_label("Name", exact=True)
    name.fill("wanted")
    name.press("Enter")
    page.wait_for_url("**name=wanted**")
    expect(lines.get_by_role("link", name="third")).to_have_count(0)
    kim = rows.contact("kim@example.com")
    recorded(name="unwanted", contact=kim)
    recorded(name="wanted", contact=kim, source="key-1")
    expect(lines.get_by_role("link", name="wanted", exact=True)).to_be_visible()
    expect(lines.get_by_role("link", name="unwanted")).to_have_count(0)

    page.get_by_label("Name", exact=True).fill("")
    for label, text in (("Source", "key-1"), ("Contact or visitor", "KIM@example.com")):
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_label("Source", exact=True).press("Enter")
    page.wait_for_url("**contact=KIM**")
    expect(lines.get_by_role("link", name="wanted", exact=True)).to_be_visible()
    expect(lines.get_by_role("link", name="unwanted")).to_have_count(0)
    lines.get_by_role("link", name="wanted", exact=True).press("Enter")
    expect(page.get_by_text("message_id").first).to_be_visible()
