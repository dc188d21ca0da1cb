"""The map of a campaign's steps in a real browser: with the keyboard, with the mouse, and in the dark."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.test_accessibility import violations
from tests.campaigns.test_flow import Steps, branch, leave, step_ids, wait
from tests.support.browsing import log_in
from wagtail_journeys.models import Campaign
from wagtail_journeys.streams import with_ids

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def box(page: Page, words: str) -> Locator:
    """The box on the map whose sentence begins with these words."""
    return page.locator(f'.wj-map [data-step][data-sentence^="{words}"]')


def place(page: Page, words: str) -> Locator:
    return page.locator(f'.wj-map .wj-flow-slot[data-words^="{words}"]')


def says(page: Page) -> Locator:
    return page.locator('.wj-map [role="status"]')


def drag(page: Page, what: Locator, to: Locator) -> None:
    page.locator(".wj-map").scroll_into_view_if_needed()
    page.locator(".wj-map").get_by_role("button", name="Fit").click()
    start, end = what.locator("rect").bounding_box(), to.bounding_box()
    assert start and end
    page.mouse.move(start["x"] + 20, start["y"] + 20)
    page.mouse.down()
    page.mouse.move(start["x"] + 40, start["y"] + 40)
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2, steps=3)
    page.mouse.up()


def choose_step(page: Page, label: str) -> None:
    """Type into the menu of steps that has just opened, and take what is meant of all that is found."""
    search = page.get_by_placeholder("Search options…")
    expect(search).to_be_focused()
    page.keyboard.type(label)
    option = page.get_by_role("option", name=label, exact=True)
    expect(option).to_be_visible()
    for _other in range(page.get_by_role("option").count()):
        if option.get_attribute("aria-selected") == "true":
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(search).to_have_count(0)


def save(page: Page) -> Campaign:
    page.get_by_role("button", name="Save draft").click()
    expect(page.locator(".messages .success")).to_be_visible()
    return Campaign.objects.get().get_latest_revision_as_object()


def edited(browser: BrowserContext, steps: Steps, **media: str) -> Page:
    """The editor of a draft with these steps, with everything on the map in sight."""
    campaign = Campaign(name="Big", live=False, steps=with_ids(steps))
    campaign.save()
    campaign.save_revision()
    page = browser.new_page()
    page.set_viewport_size({"width": 1300, "height": 1300})
    page.emulate_media(reduced_motion="reduce", **media)
    log_in(page, "editor", "password")
    page.goto(reverse(Campaign.snippet_viewset.get_url_name("edit"), args=[campaign.pk]))
    page.locator(".wj-map").scroll_into_view_if_needed()
    page.locator(".wj-map").get_by_role("button", name="Fit").click()
    return page


def test_moved_with_the_mouse(browser: BrowserContext) -> None:
    """A step is dragged from one branch into another; every step keeps its id, and saving keeps the move."""
    page = edited(browser, [wait(1), branch([branch([wait(2)], [wait(3)])], [wait(4)]), leave("done")])
    before = set(step_ids(Campaign.objects.get().raw_steps))
    drag(page, box(page, "Wait 2 days"), place(page, "after “Wait 4 days”"))
    expect(box(page, "Wait 2 days")).to_have_attribute("data-arm", "no")
    expect(box(page, "Wait 2 days")).to_have_attribute("data-depth", "1")
    drag(page, box(page, "Wait 1 day"), place(page, "in “Yes” of “If"))
    expect(box(page, "Wait 1 day")).to_have_attribute("data-depth", "2")
    # A step does not go into itself.
    drag(page, box(page, "If").first, place(page, "before “Wait 3 days”"))
    expect(says(page)).to_contain_text("Not moved")

    # With the place chosen from the menu, for those who cannot drag.
    box(page, "Wait 4 days").focus()
    places = page.get_by_label("Move to")
    places.focus()
    places.select_option(places.locator("option", has_text="before “Exit").get_attribute("value"))
    page.get_by_role("button", name="Move", exact=True).click()
    expect(box(page, "Wait 4 days")).to_have_attribute("data-depth", "0")
    saved = save(page).raw_steps
    assert set(step_ids(saved)) == before
    outer, fourth, end = saved
    inner = outer["value"]["yes"][0]["value"]
    assert [step["value"]["amount"] for step in (*inner["yes"], *inner["no"])] == [1, 3]
    assert [step["value"]["amount"] for step in outer["value"]["no"]] == [2]
    assert (fourth["value"]["amount"], end["type"]) == (4, "exit")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_on_the_map(browser: BrowserContext, scheme: str) -> None:
    """With a chosen step, a finished move and the open list of keys, axe-core finds nothing serious."""
    page = edited(browser, [wait(1), branch([wait(2)], [wait(3)])], color_scheme=scheme)
    box(page, "Wait 1 day").focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(says(page)).to_contain_text("step 2 of 2")
    page.get_by_text("Keys and mouse").click()
    assert violations(page.main_frame) == []
