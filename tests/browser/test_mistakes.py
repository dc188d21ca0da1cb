"""What is wrong is said where it can be mended, before anything goes live."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from tests.browser.editing import add_block, fill, open_menu, part, publish, published
from tests.support.browsing import log_in
from wagtail_journeys.models import Campaign

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def says(field: Locator, message: str) -> None:
    """The message stands at this field, and can be seen."""
    expect(field.get_by_text(message).first).to_be_visible()


def test_a_campaign_with_mistakes(browser: BrowserContext) -> None:
    """Publishing an unfinished campaign shows each mistake at its field, inside arms too; mended, it goes live."""
    page = browser.new_page()
    log_in(page, "editor", "password")
    open_menu(page, "Journeys", "Campaigns")
    page.get_by_role("link", name="Start the first campaign").click()
    publish(page)
    says(page.locator("#panel-child-what_it_does-name-section"), "This field is required.")
    says(part(page, "trigger"), "Choose what starts the campaign: exactly one trigger.")
    says(part(page, "steps"), "Add at least one step")

    fill(page, "Name", "Points for readers")
    trigger = add_block(part(page, "trigger"), "An event occurs")
    email = add_block(part(page, "steps"), "Send email")
    branch = add_block(part(page, "steps"), "If")
    points = add_block(part(branch, "no"), "Update contact")
    publish(page)
    says(part(trigger, "event"), "This field is required.")
    says(part(email, "template"), "This field is required.")
    says(part(branch, "conditions"), "This field is required.")
    says(part(points, "attribute"), "Say which attribute.")
    says(part(points, "value"), "Say which value.")
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
    says(part(points, "value"), "This needs a number.")
    part(points, "value").get_by_role("textbox").fill("5")
    publish(page)
    published(page)
    assert Campaign.objects.get().live
