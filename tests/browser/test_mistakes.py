"""What is wrong is said where it can be mended, before anything goes live."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.editing import add_block, confirm, fill, open_menu, part, publish
from tests.support.browsing import log_in
from wagtail_journeys.models import Campaign

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def says(field: Locator, message: str) -> None:
    """The message stands at this field, and can be seen."""
    expect(field.get_by_text(message).first).to_be_visible()


def look(page: Page) -> None:
    """From the review back to the editor, which shows what is wrong."""
    expect(page.get_by_role("heading", level=1)).to_contain_text("Review")
    page.get_by_role("link", name="Go back and mend it").click()
    expect(part(page, "steps")).to_be_attached()


def test_a_campaign_with_mistakes(browser: BrowserContext) -> None:
    """Publishing an unfinished campaign shows each mistake at its field, inside arms too; mended, it goes live."""
    page = browser.new_page()
    log_in(page, "editor", "password")
    open_menu(page, "Journeys", "Campaigns")
    page.get_by_role("link", name="Start the first campaign").click()
    page.get_by_role("link", name="Start from empty").click()
    publish(page)
    says(page.locator("#panel-child-what_it_does-name-section"), "This field is required.")

    fill(page, "Name", "Points for readers")
    publish(page)
    look(page)
    says(part(page, "trigger"), "Choose what starts the campaign: exactly one trigger.")
    says(part(page, "steps"), "Add at least one step")

    trigger = add_block(part(page, "trigger"), "An event occurs")
    email = add_block(part(page, "steps"), "Send email")
    branch = add_block(part(page, "steps"), "If")
    points = add_block(part(branch, "no"), "Update contact")
    publish(page)
    look(page)
    says(trigger, "The trigger names no event.")
    says(email, "A “Send email” step has no template.")
    says(branch, "An “If” step has no conditions.")
    says(points, "Attribute name: Say which attribute.")
    says(points, "Value: Say which value.")
    assert not Campaign.objects.filter(live=True).exists()

    part(trigger, "event").get_by_role("combobox").fill("page_view")
    email.get_by_role("button", name="Delete").first.click()
    language = add_block(part(branch, "conditions"), "Contact field or attribute")
    part(language, "field").get_by_role("combobox").select_option("language")
    part(language, "value").get_by_role("combobox").fill("nl")
    part(points, "field").get_by_role("combobox").select_option("points")
    part(points, "operation").get_by_role("combobox").select_option("increase by")
    part(points, "value").get_by_role("textbox").fill("many")
    publish(page)
    look(page)
    says(points, "This needs a number.")
    part(points, "value").get_by_role("textbox").fill("5")
    publish(page)
    confirm(page)
    assert Campaign.objects.get().live
