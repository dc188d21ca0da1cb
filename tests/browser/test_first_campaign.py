"""From nothing to a first email, by hand: everything that is done here is done in a real browser."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from django.core.management import call_command
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.editing import (
    add_block,
    choose,
    confirm,
    fill,
    open_menu,
    part,
    preview,
    preview_says,
    publish,
    published,
    type_into,
)
from tests.support.browsing import log_in
from tests.support.mail import MailServer
from tests.support.site import SiteHere
from tests.support.waiting import wait_for
from wagtail_journeys.models import ConsentEntry, Contact

pytestmark = [pytest.mark.browser, pytest.mark.cluster, pytest.mark.slow]


def make_topic(page: Page) -> None:
    open_menu(page, "Journeys", "Topics")
    page.get_by_role("link", name="Add topic").click()
    fill(page, "Name", "Guides and advice")
    expect(page.get_by_role("textbox", name="Slug")).to_have_value("guides-and-advice")
    page.get_by_role("radio", name=re.compile("^opt-out")).check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".messages .success")).to_contain_text("Guides and advice")


def make_segment(page: Page) -> None:
    open_menu(page, "Journeys", "Segments")
    page.get_by_role("link", name="Make the first segment").click()
    fill(page, "Name", "Speaks Dutch")
    rule = add_block(part(page, "rules"), "Contact field or attribute")
    part(rule, "field").get_by_role("combobox").select_option("language")
    part(rule, "operator").get_by_role("combobox").select_option("is")
    part(rule, "value").get_by_role("combobox").fill("nl")
    beside = preview_says(page, lambda frame: frame.locator("body"), "0 of 0 contacts match")
    expect(beside.locator("body")).to_contain_text("language is “nl”")
    publish(page)
    question = page.get_by_role("dialog", name="Publish this segment?")
    expect(question).to_contain_text("0 contacts will belong")
    question.get_by_role("button", name="Publish").click()
    published(page)


def make_template(page: Page) -> None:
    open_menu(page, "Journeys", "Email templates")
    page.get_by_role("link", name="Add email template").click()
    fill(page, "Name", "Thank you for reading")
    fill(page, "Subject", "Your guide: {{ event.document_title }}")
    body = part(page, "body")
    heading = add_block(body, "Heading")
    part(heading, "words").get_by_role("textbox").fill("Good reading, {{ contact.first_name }}")
    text = add_block(body, "Text")
    type_into(text, "Begin with the checklist at the end.")
    button = add_block(body, "Button")
    part(button, "words").get_by_role("textbox").fill("See the other guides")
    part(button, "url").get_by_role("textbox").fill("https://lindehaag.example/gidsen/")
    beside = preview_says(page, lambda frame: frame.get_by_role("heading"), "Good reading, Ann")
    expect(beside.get_by_role("link", name="See the other guides")).to_be_visible()
    publish(page)
    published(page)


def make_campaign(page: Page) -> None:
    open_menu(page, "Journeys", "Campaigns")
    page.get_by_role("link", name="Start the first campaign").click()
    page.get_by_role("link", name="Start from empty").click()
    fill(page, "Name", "After a download")
    trigger = add_block(part(page, "trigger"), "An event occurs")
    part(trigger, "event").get_by_role("combobox").fill("document_download")
    steps = part(page, "steps")
    wait = add_block(steps, "Wait")
    part(wait, "amount").get_by_role("spinbutton").fill("0")
    part(wait, "unit").get_by_role("combobox").select_option("minutes")
    email = add_block(steps, "Send email")
    choose(part(email, "template"), "Choose", "Thank you for reading")
    branch = add_block(steps, "If")
    condition = add_block(part(branch, "conditions"), "In another segment")
    choose(part(condition, "segment"), "Choose", "Speaks Dutch")
    dutch = add_block(part(branch, "yes"), "Update contact")
    part(dutch, "field").get_by_role("combobox").select_option("points")
    part(dutch, "operation").get_by_role("combobox").select_option("increase by")
    part(dutch, "value").get_by_role("textbox").fill("5")
    page.get_by_role("tab", name="Consent").click()
    choose(part(page, "topic"), "Choose", "Guides and advice")
    chart = preview(page).locator(".wj-flow-chart")
    for words in ("ownloaded a document", "Wait 0 minutes", "Send “Thank you for reading”", "Speaks Dutch"):
        expect(chart).to_contain_text(words)
    publish(page)
    confirm(page)


def download_and_sign_up(page: Page) -> None:
    """A visitor downloads a guide in Dutch, and tells an address only afterwards."""
    page.goto("/nl/gidsen/eerst-isoleren/")
    with page.expect_event("requestfinished", lambda request: "/documents/" in request.url):
        page.get_by_role("link", name="Download de pdf").click()
    page.goto("/nl/webinar/")
    page.get_by_role("textbox", name="Voornaam").fill("Mila")
    page.get_by_role("textbox", name="E-mailadres").fill("mila@example.com")
    page.get_by_role("button", name="Meld me aan").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Tot ziens bij het webinar")


def link_in(text: str, words: str) -> str:
    found = re.search(rf"https?://\S*{words}\S*", text)
    assert found, text
    return found.group()


def unsubscribe(page: Page, url: str) -> None:
    """Looking at the page changes nothing; its button does."""
    page.goto(url)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Guides and advice")
    assert not ConsentEntry.objects.exists()
    page.locator("form button").click()
    expect(page.get_by_role("status")).to_contain_text("Guides and advice")
    assert [entry.state for entry in ConsentEntry.objects.all()] == ["refused"]


def look_at_the_contact(page: Page) -> None:
    open_menu(page, "Journeys", "Contacts")
    page.get_by_role("link", name="mila@example.com").click()
    timeline = page.get_by_role("region", name="Timeline")
    for words in ("Downloaded", "Submitted", "Entered the campaign", "Was sent the email"):
        expect(timeline).to_contain_text(words)


def look_at_the_message(page: Page) -> None:
    open_menu(page, "Journeys", "Messages")
    page.get_by_role("link", name=re.compile("^Your guide")).click()
    letter = page.frame_locator("iframe.wj-email")
    expect(letter.get_by_role("heading", level=1)).to_have_text("Good reading, Mila")
    page.get_by_role("tab", name="Headers").click()
    expect(page.get_by_role("tabpanel")).to_contain_text("List-Unsubscribe-Post")


def look_at_the_statistics(page: Page) -> None:
    open_menu(page, "Journeys", "Campaigns")
    page.get_by_role("link", name="After a download").first.click()
    page.get_by_role("link", name="Statistics").click()
    entered = page.locator(".wj-tile", has_text="Entered")
    expect(entered.get_by_role("definition")).to_have_text("1")
    entered.get_by_role("link").click()
    expect(page.get_by_role("link", name="mila@example.com")).to_be_visible()


def test_first_campaign(
    browser: BrowserContext, live_site: SiteHere, mail_server: MailServer, start_cluster
) -> None:
    """What an editor builds from nothing sends its email to a visitor who downloads, and says everywhere what it did."""
    call_command("journeys_setup", stdout=StringIO())
    editor = browser.new_page()
    log_in(editor, "editor", "password")
    for make in (make_topic, make_segment, make_template, make_campaign):
        make(editor)

    cluster = start_cluster(smtp_port=mail_server.port)
    visitor = browser.browser.new_context(base_url=live_site.url, locale="nl-NL").new_page()
    download_and_sign_up(visitor)
    (received,) = wait_for(lambda: mail_server.messages, 90, what="the email arrives", otherwise=cluster.log)
    assert received.recipients == ("mila@example.com",)
    assert received.message["Subject"].startswith("Your guide: Eerst isoleren")
    body = received.message.get_body(("plain",)).get_content()
    assert "Good reading, Mila" in body
    unsubscribe(visitor, link_in(body, "unsubscribe"))

    look_at_the_contact(editor)
    look_at_the_message(editor)
    look_at_the_statistics(editor)
    assert Contact.objects.get().points == 5
    assert len(mail_server.messages) == 1
