"""The segment editor in a real browser: with a mouse, with the keyboard alone, and in the dark."""

from __future__ import annotations

import datetime
import re

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.editing import add_block, fill, part, published
from tests.browser.test_accessibility import violations
from tests.scenarios.story import attribute
from tests.support.browsing import log_in
from wagtail_journeys.models import Contact, Membership, Segment
from wagtail_journeys.segments.conditions import registry
from wagtail_journeys.streams import with_ids

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOW = datetime.datetime(2026, 5, 4, 9, 0, tzinfo=datetime.UTC)


def people() -> None:
    """Six who speak Dutch, with 0 to 5 points, and four who speak English."""
    Contact.objects.bulk_create(
        [Contact(email=f"nl{n}@example.com", first_name=f"Jan{n}", locale="nl", points=n) for n in range(6)]
        + [Contact(email=f"en{n}@example.com", locale="en") for n in range(4)]
    )


def label() -> str:
    return str(registry["attribute"].label)


def says(page: Page) -> Locator:
    """The line with the number below the rules."""
    return page.locator(".wj-audience .wj-number")


def rule(stream: Locator, field: str, operator: str, value: str) -> Locator:
    block = add_block(stream, label())
    part(block, "field").locator("select").select_option(field)
    part(block, "operator").locator("select").select_option(operator)
    part(block, "value").locator("input").first.fill(value)
    return block


def new_segment(page: Page) -> None:
    log_in(page, "editor", "password")
    page.goto(reverse(Segment.snippet_viewset.get_url_name("add")))


def press_publish(page: Page) -> Locator:
    page.get_by_role("button", name="More actions").click()
    page.locator('button[name="action-publish"]').click()
    dialog = page.get_by_role("dialog", name="Publish this segment?")
    expect(dialog).to_be_visible()
    return dialog


def test_a_nested_segment_with_the_mouse(browser: BrowserContext) -> None:
    """Rules and a group are clicked together; the number follows the typing, a contact is explained, publishing asks."""
    people()
    page = browser.new_page()
    new_segment(page)
    fill(page, "Name", "Dutch with points")
    expect(page.locator(".wj-audience")).to_contain_text("No rules yet.")

    dutch = rule(part(page, "rules"), "locale", "is", "nl")
    expect(says(page)).to_contain_text("6 of 10 contacts match")
    group = add_block(part(page, "rules"), "Group")
    expect(page.locator(".wj-audience")).to_contain_text("Not finished yet")
    part(group, "match").locator("select").select_option("any")
    many = rule(part(group, "rules"), "points", "at_least", "4")
    expect(says(page)).to_contain_text("2 of 10 contacts match")
    rule(part(group, "rules"), "points", "less_than", "1")
    expect(says(page)).to_contain_text("3 of 10 contacts match")
    part(many, "value").locator("input").first.fill("5")
    expect(says(page)).to_contain_text("2 of 10 contacts match")
    expect(page.locator(".wj-audience .wj-table")).to_contain_text("nl0@example.com")

    # What has no meaning for the operator is not there.
    expect(part(dutch, "attribute")).to_be_hidden()
    expect(part(dutch, "to")).to_be_hidden()
    part(dutch, "operator").locator("select").select_option("exists")
    expect(part(dutch, "value")).to_be_hidden()
    part(dutch, "operator").locator("select").select_option("is")
    expect(part(dutch, "value")).to_be_visible()

    # A block that is closed says what its rule says.
    many.locator("[data-panel-toggle]").first.click()
    expect(many.locator("[data-panel-heading-text]").first).to_contain_text("points is at least")

    page.get_by_label("Email address").fill("nl3@example.com")
    page.get_by_role("button", name="Explain").click()
    expect(page.locator(".wj-audience__why")).to_contain_text("does not match")
    expect(dutch.locator("[data-wj-mark]")).to_have_text("Yes")
    expect(many.locator("[data-wj-mark]")).to_have_text("No")

    dialog = press_publish(page)
    expect(dialog).to_contain_text("2 contacts will belong")
    dialog.get_by_role("button", name="Go on editing").click()
    expect(dialog).to_be_hidden()
    assert not Segment.objects.filter(live=True).exists()
    press_publish(page).get_by_role("button", name="Publish").click()
    published(page)
    assert Segment.objects.get(live=True).raw_rules[1]["value"]["match"] == "any"


def test_the_numbers_of_an_edit(browser: BrowserContext) -> None:
    """Before an edit goes live the dialog says who enters and who leaves; Escape takes it away."""
    people()
    segment = Segment(name="Dutch", live=True, rules=with_ids([attribute("locale", "is", "nl")]))
    segment.save()
    segment.save_revision().publish()
    for contact in Contact.objects.filter(locale="nl"):
        Membership.objects.create(segment=segment, contact=contact, entered_at=NOW)
    page = browser.new_page()
    log_in(page, "editor", "password")
    page.goto(reverse(Segment.snippet_viewset.get_url_name("edit"), args=[segment.pk]))
    part(page, "rules").locator('[data-contentpath="value"] input').first.fill("en")
    expect(says(page)).to_contain_text("4 of 10 contacts match")
    dialog = press_publish(page)
    expect(dialog).to_contain_text("+4 / −6 members")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    dialog = press_publish(page)
    page.keyboard.press("Enter")
    published(page)
    segment.refresh_from_db()
    assert segment.raw_rules[0]["value"]["value"] == "en"


def test_with_the_keyboard_alone(browser: BrowserContext) -> None:
    """Nothing needs a mouse: a rule, a group and a rule in it, the explanation, the dialog."""
    people()
    page = browser.new_page()
    new_segment(page)
    fill(page, "Name", "By keyboard")

    def insert(stream: Locator, name: str) -> None:
        """Choose the block by typing its name; the keyboard is then in its first field."""
        container = stream.locator("[data-streamfield-stream-container]").first
        blocks = container.locator("> [data-streamfield-child]")
        before = blocks.count()
        container.locator("> div > button.c-sf-add-button").last.focus()
        page.keyboard.press("Enter")
        search = page.get_by_placeholder("Search options…")
        expect(search).to_be_visible()
        page.keyboard.press("Tab")
        expect(search).to_be_focused()
        page.keyboard.type(name)
        expect(page.get_by_role("listbox").get_by_role("option").first).to_have_accessible_name(name)
        page.keyboard.press("Enter")
        expect(blocks).to_have_count(before + 1)
        expect(blocks.last.locator("select").first).to_be_focused()

    def choose(field: str, words: str) -> None:
        """Tab to the field and type: a value, or the beginning of an option."""
        here = f"""Boolean(document.activeElement.closest("[data-contentpath='{field}']"))"""
        for _press in range(3):
            if page.evaluate(here):
                break
            page.keyboard.press("Tab")
        assert page.evaluate(here)
        page.keyboard.type(words)

    insert(part(page, "rules"), label())
    choose("field", "language")
    choose("value", "nl")
    expect(says(page)).to_contain_text("6 of 10 contacts match")
    insert(part(page, "rules"), "Group")
    group = part(page, "rules").locator(".wj-group")
    expect(group).to_be_visible()
    choose("match", "none")
    insert(part(group, "rules"), label())
    choose("field", "points")
    choose("operator", "is less")
    choose("value", "3")
    expect(says(page)).to_contain_text("3 of 10 contacts match")

    page.get_by_label("Email address").focus()
    page.keyboard.type("nl4@example.com")
    page.keyboard.press("Enter")
    expect(page.locator(".wj-audience__why")).to_contain_text("matches.")

    page.get_by_role("button", name="More actions").focus()
    page.keyboard.press("Enter")
    button = page.locator('button[name="action-publish"]')
    expect(button).to_be_visible()
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Publish this segment?")
    expect(dialog).to_contain_text("3 contacts will belong")
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    expect(dialog.get_by_role("button", name="Publish")).to_be_focused()
    page.keyboard.press("Enter")
    published(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_in_the_middle_of_it(browser: BrowserContext, scheme: str) -> None:
    """With a group, an explanation, marks and the open dialog axe-core finds nothing serious either."""
    people()
    segment = Segment(
        name="Dutch",
        rules=with_ids(
            [
                attribute("locale", "is", "nl"),
                {"type": "group", "value": {"match": "any", "rules": [attribute("points", "at_least", "3")]}},
            ]
        ),
    )
    segment.save()
    segment.save_revision()
    page = browser.new_page()
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    log_in(page, "editor", "password")
    page.goto(reverse(Segment.snippet_viewset.get_url_name("edit"), args=[segment.pk]))
    expect(says(page)).to_contain_text(re.compile("of 10 contacts match"))
    page.get_by_label("Email address").fill("nl1@example.com")
    page.get_by_role("button", name="Explain").click()
    expect(page.locator("[data-wj-mark]")).to_have_count(3)
    assert violations(page.main_frame) == []
    press_publish(page)
    assert violations(page.main_frame) == []
