"""Merge tags are picked from a list, into a line and into a text, with what to write where there is no value."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Locator, Page, expect

from example_site.demo.emails import heading, text
from tests.emails.making import make_contact, make_template
from tests.support.browsing import log_in
from wagtail_journeys.models import EmailTemplate

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def pick(page: Page, field: Locator, name: str, default: str) -> None:
    """With the keyboard: open the list, search, and take the first that is found."""
    button = field.get_by_role("button", name="Insert a merge tag")
    expect(button).to_be_visible()
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Insert a merge tag")
    expect(dialog).to_be_visible()
    page.keyboard.type(name)
    expect(dialog.get_by_role("listitem").first).to_contain_text(name)
    dialog.get_by_label("Where there is no value, write").fill(default)
    dialog.get_by_label("Search").press("Enter")
    expect(dialog).not_to_be_visible()


def test_merge_tags_are_picked(browser: BrowserContext) -> None:
    """What was picked stands where the cursor was, in a line and in a text."""
    make_contact(attributes={"city": "Delft"})
    template = make_template(heading("Hello "), text("<p>Good morning</p>"), name="A letter")
    page = browser.new_page()
    log_in(page, "editor", "password")
    page.goto(reverse(EmailTemplate.snippet_viewset.get_url_name("edit"), args=[template.pk]))
    words = page.locator('[name="body-0-value-words"]')
    expect(words).to_have_value("Hello ")
    words.focus()
    page.keyboard.press("End")
    pick(page, page.locator('[data-contentpath="words"]'), "first_name", 'my "friend"')
    expect(words).to_have_value("Hello {{ contact.first_name | default: \"my 'friend'\" }}")
    letter = page.locator("[data-streamfield-child]").filter(has=page.locator(".DraftEditor-root"))
    letter.locator("[data-text]").get_by_text("Good morning").click()
    page.keyboard.press("End")
    pick(page, letter, "city", "your town")
    expect(letter).to_contain_text('Good morning{{ contact.city | default: "your town" }}')
