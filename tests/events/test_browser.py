"""Suggestions in a real browser, in the editors of segments and campaigns."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import live_site  # noqa: F401  the example site, served to browsers
from tests.browser.editing import add_block, open_menu, part
from tests.events.conftest import happened, learn
from tests.support.browsing import log_in
from wagtail_journeys.events.models import EventDefinition

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def options(field: Locator) -> Locator:
    """What the browser offers for a text field."""
    expect(field).to_have_attribute("list", re.compile("^wj-suggestions-"))
    page = field.page
    return page.locator(f"datalist#{field.get_attribute('list')} option")


def type_and_expect(field: Locator, typed: str, *values: str) -> None:
    field.fill(typed)
    for value in values:
        expect(options(field).locator(f"xpath=self::*[@value='{value}']")).to_have_count(1)


@pytest.fixture
def editor(live_site, browser) -> Page:  # noqa: F811
    now = timezone.now()
    happened("plan_chosen", {"plan": "pro", "seats": 3}, at=now)
    happened("plan_chosen", {"plan": "free"}, at=now)
    for number in range(300):
        happened(f"event_{number:03}", at=now)
    learn(now)
    EventDefinition.objects.filter(name="plan_chosen").update(label="chose a plan", declared=True)
    page = browser.new_page()
    log_in(page, "editor", "password")
    return page


def test_typing_an_event_in_a_trigger(editor: Page) -> None:
    """Name, property and value are suggested from the catalogue, also in rows that are added later."""
    page = editor
    open_menu(page, "Journeys", "Campaigns")
    page.get_by_role("link", name="Add campaign").first.click()
    page.get_by_role("link", name="Start from empty").click()
    trigger = add_block(part(page, "trigger"), "An event occurs")
    event = trigger.locator("input[data-wj-suggest-of-value='event']")
    event.focus()
    expect(options(event).first).to_be_attached()
    type_and_expect(event, "plan", "plan_chosen")
    type_and_expect(event, "event_29", "event_299")
    event.fill("plan_chosen")
    filters = part(trigger, "properties")
    filters.get_by_role("button", name="Add").first.click()
    name = filters.locator("input[data-wj-suggest-of-value='property']").first
    name.focus()
    expect(options(name).locator("xpath=self::*[@value='plan']")).to_have_count(1)
    name.fill("plan")
    value = filters.locator("input[data-wj-suggest-of-value='value']").first
    value.focus()
    expect(options(value)).to_have_count(2)
    value.fill("something that nobody has seen")
    expect(value).to_have_value("something that nobody has seen")


def test_typing_an_event_in_a_segment(editor: Page) -> None:
    """The same in a rule of a segment."""
    page = editor
    open_menu(page, "Journeys", "Segments")
    page.get_by_role("link", name="Add segment").first.click()
    rule = add_block(part(page, "rules"), "Did or did not do")
    event = rule.locator("input[data-wj-suggest-of-value='event']")
    event.focus()
    type_and_expect(event, "page_v", "page_view")
    expect(event).to_have_attribute("autocomplete", "off")
