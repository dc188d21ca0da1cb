"""A branching campaign from nothing to live with the keyboard alone, and with the map deep inside of it."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from tests.browser.editing import part, published
from tests.browser.test_campaign_map import box, choose_step, edited, place, save, says
from tests.campaigns.test_flow import branch, leave, wait
from tests.support.browsing import log_in
from wagtail_journeys.models import Campaign

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def press(page: Page, control: Locator, key: str = "Enter") -> None:
    expect(control).to_be_visible()
    control.focus()
    page.keyboard.press(key)


def add(page: Page, stream: Locator, label: str) -> Locator:
    """Press the stream's last + and choose; the keyboard is then in the first field of what was added."""
    container = stream.locator("[data-streamfield-stream-container]").first
    blocks = container.locator("> [data-streamfield-child]")
    before = blocks.count()
    press(page, container.locator("> div > button.c-sf-add-button").last)
    expect(page.get_by_placeholder("Search options…")).to_be_visible()
    page.keyboard.press("Tab")
    choose_step(page, label)
    expect(blocks).to_have_count(before + 1)
    return container.locator(f'> [data-contentpath="{blocks.last.get_attribute("data-contentpath")}"]')


def write(page: Page, block: Locator, field: str, words: str) -> None:
    """Go to a field of the block and type: a value, or the beginning of an option."""
    control = part(block, field).locator("input:not([type=hidden]), select, textarea").first
    expect(control).to_be_visible()
    control.focus()
    if control.evaluate("element => element.tagName") == "INPUT":
        page.keyboard.press("Control+a")
    page.keyboard.type(words)


def add_on_the_map(page: Page, behind: str, label: str) -> None:
    """Insert on a box adds a step behind it."""
    press(page, box(page, behind), "Insert")
    choose_step(page, label)


def test_built_with_the_keyboard(browser: BrowserContext) -> None:
    """Trigger, wait, a branch with something in both arms, a move on the map, review, publish: one campaign is live."""
    page = browser.new_page()
    page.emulate_media(reduced_motion="reduce")
    log_in(page, "editor", "password")
    page.goto(reverse(Campaign.snippet_viewset.get_url_name("list")))
    press(page, page.get_by_role("link", name="Start the first campaign"))
    press(page, page.get_by_role("link", name="Start from empty"))
    press(page, page.get_by_role("textbox", name=re.compile("^Name")), "Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("Points for Dutch readers")

    trigger = add(page, part(page, "trigger"), "An event occurs")
    write(page, trigger, "event", "page_view")
    expect(box(page, "has “page_view”").or_(box(page, "viewed a page"))).to_be_visible()

    press(page, page.get_by_role("button", name="Add step"))
    choose_step(page, "Wait")
    expect(box(page, "Wait")).to_be_visible()
    steps = part(page, "steps")
    write(page, steps, "amount", "2")
    expect(box(page, "Wait 2 days")).to_be_visible()
    add_on_the_map(page, "Wait 2 days", "If")
    asks = steps.locator("[data-streamfield-child]").nth(1)
    language = add(page, part(asks, "conditions"), "Contact field or attribute")
    write(page, language, "field", "language")
    write(page, language, "value", "nl")
    expect(box(page, "If language is “nl”")).to_be_visible()

    add_on_the_map(page, "If language", "Points")
    expect(box(page, "Give 10 points")).to_be_visible()
    points = steps.locator("[data-streamfield-child]", has=page.locator('[data-contentpath="change"]')).last
    write(page, points, "change", "5")
    press(page, box(page, "Give 5 points"), "Alt+ArrowRight")
    expect(says(page)).to_contain_text("Moved “Give 5 points”")
    expect(box(page, "Give 5 points")).to_have_attribute("data-arm", "yes")
    expect(box(page, "Give 5 points")).to_be_focused()
    reason = add(page, part(asks, "no"), "Exit")
    write(page, reason, "reason", "Reads no Dutch")
    expect(box(page, "Exit: Reads no Dutch")).to_have_attribute("data-arm", "no")

    page.keyboard.press("Control+s")
    expect(page.locator(".messages .success")).to_be_visible()
    assert Campaign.objects.count() == 1
    press(page, page.get_by_role("button", name="More actions"))
    press(page, page.get_by_role("button", name="Publish", exact=True))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Review")
    press(page, page.get_by_role("button", name="Publish", exact=True))
    published(page)
    campaign = Campaign.objects.get()
    assert campaign.live
    pause, asked = campaign.raw_steps
    assert (pause["type"], pause["value"]["amount"], pause["value"]["unit"]) == ("wait", 2, "days")
    assert [step["value"]["change"] for step in asked["value"]["yes"]] == [5]
    assert [step["value"]["reason"] for step in asked["value"]["no"]] == ["Reads no Dutch"]


#: Wagtail begins to look for changes a while after the page has come.
WATCHED = "document.addEventListener('w-unsaved:watch-edits', () => { window.watched = true; })"


def test_saving_waits_for_the_autosave(browser: BrowserContext) -> None:
    """Whoever presses Save draft while the new campaign is being saved by itself has one campaign, with the last word in it."""
    page = browser.new_page()
    page.add_init_script(WATCHED)
    log_in(page, "editor", "password")
    page.goto(reverse(Campaign.snippet_viewset.get_url_name("add")))
    kept: list[Route] = []

    def keep(route: Route) -> None:
        """What is sent to the address of new campaigns stays on its way until the test lets it go."""
        if route.request.method == "POST":
            kept.append(route)
        else:
            route.continue_()

    page.route("**/campaign/add/", keep)
    page.wait_for_function("window.watched")
    name = page.get_by_role("textbox", name=re.compile("^Name"))
    with page.expect_request("**/campaign/add/") as by_itself:
        name.fill("Only")
    assert by_itself.value.headers["accept"] == "application/json"
    name.press_sequentially(" one")
    press(page, page.get_by_role("button", name="Save draft"))
    expect(page.get_by_role("button", name="Saving…")).to_be_disabled()
    assert len(kept) == 1
    kept[0].continue_()
    expect(page.locator(".messages .success")).to_be_visible()
    assert len(kept) == 1
    assert [campaign.get_latest_revision_as_object().name for campaign in Campaign.objects.all()] == [
        "Only one"
    ]


def test_conditions_deep_inside(browser: BrowserContext) -> None:
    """Three arms deep, in what is closed, the + of the map opens the menu of steps, and conditions are built as everywhere."""
    deep = branch([wait(3)], [leave("deep")])
    page = edited(browser, [branch([branch([deep], [])], [wait(9)])])
    steps = part(page, "steps")
    outer = steps.locator("[data-streamfield-child]").first
    outer.locator("[data-panel-toggle]").first.click()
    expect(part(outer, "yes")).to_be_hidden()
    place(page, "after “Wait 3 days”").click()
    expect(part(outer, "yes")).to_be_visible()
    choose_step(page, "Points")
    expect(box(page, "Give 10 points")).to_have_attribute("data-depth", "3")

    box(page, "If").nth(2).click()
    inner = part(page, str(box(page, "If").nth(2).get_attribute("data-step")))
    expect(inner).to_be_in_viewport()
    condition = add(page, part(inner, "conditions"), "Contact field or attribute")
    write(page, condition, "field", "points")
    write(page, condition, "operator", "is at least")
    write(page, condition, "value", "7")
    expect(box(page, "If").nth(2)).to_have_attribute("data-sentence", re.compile("points is at least “?7"))
    saved = save(page).raw_steps
    for _level in range(2):
        saved = saved[0]["value"]["yes"]
    (innermost,) = saved
    assert [step["type"] for step in innermost["value"]["yes"]] == ["wait", "points"]
    assert [rule["value"]["value"] for rule in innermost["value"]["conditions"]] == ["nl", "7"]
