"""Steps that speak of other steps, and of what their templates ask for, in a real browser."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Locator, expect

from tests.browser.editing import add_block, part
from tests.scenarios.story import Story, branch, on_event, send, speaks, split, wait
from tests.support.browsing import log_in
from wagtail_journeys.models import Campaign
from wagtail_journeys.streams import with_ids

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def options(select: Locator) -> list[str]:
    select.focus()
    return [option.strip() for option in select.locator("option").all_inner_texts()]


def unfold(step: Locator) -> None:
    """Open everything that is folded around the step's merge tags."""
    step.locator('[data-controller="wj-merge-tags"]').first.evaluate(
        """(list) => {
            for (let panel = list.closest("[data-panel]"); panel; panel = panel.parentElement.closest("[data-panel]")) {
                const toggle = panel.querySelector("[data-panel-toggle]");
                if (toggle.getAttribute("aria-expanded") === "false") toggle.click();
            }
        }"""
    )


def test_steps_and_merge_tags_are_offered(browser: BrowserContext) -> None:
    """Deep in a condition the campaign's steps and their ways out are chosen by name, and the choice is kept; a step in an
    arm lists what its template asks for, and a click says what to print without a value.
    """
    story = Story()
    tagged = story.template("Hello {{ contact.first_name }}, {{ event.title }}")
    other = story.template("Your points: {{ contact.points }}")
    campaign = Campaign(
        name="Choices",
        trigger=with_ids([on_event("read")]),
        steps=with_ids(
            [
                send(story.template("First")),
                split(("Long", 50, [wait(1)]), ("Short", 50, [])),
                branch(speaks("nl"), yes=[send(tagged)]),
            ]
        ),
        live=False,
    )
    campaign.save()
    campaign.save_revision()
    first, divided, asking = (block["id"] for block in campaign.raw_steps)
    page = browser.new_page()
    page.emulate_media(reduced_motion="reduce", color_scheme="dark")
    page.set_viewport_size({"width": 1300, "height": 1300})
    log_in(page, "editor", "password")
    edit = reverse(Campaign.snippet_viewset.get_url_name("edit"), args=[campaign.pk])
    page.goto(edit)
    steps = part(page, "steps")
    asks = steps.locator(f'[data-contentpath="{asking}"]')
    conditions = part(asks, "conditions")

    email = part(add_block(conditions, "Email of this journey"), "step").locator("select")
    found = options(email)
    assert found[0] == "any email of this journey"
    assert [words.partition(".")[0] for words in found[1:]] == ["1", "5"]
    assert "First" in found[1]
    email.select_option(index=1)

    earlier = add_block(conditions, "Earlier step")
    part(earlier, "mode").locator("select").select_option("arm")
    step, way = part(earlier, "step").locator("select"), part(earlier, "arm").locator("select")
    step.focus()
    step.select_option(asking)
    assert options(way)[1:] == ["Yes", "No"]
    step.select_option(divided)
    assert options(way)[1:] == ["Long", "Short"]
    way.select_option(label="Short")

    sending = part(asks, "yes")
    unfold(sending)
    tags = sending.get_by_role("list", name="Merge tags of the email")
    expect(tags.locator("code")).to_have_text(["contact.first_name", "event.title"])
    expect(tags.get_by_text("does not get this email")).to_have_count(2)
    tags.get_by_role("button", name="Add a default: event.title").click()
    default = sending.locator('input[name$="-defaults-0-value-default"]')
    expect(default).to_be_focused()
    default.fill("our news")
    page.keyboard.press("Tab")
    expect(tags.locator("li").nth(1)).to_contain_text("our news")
    expect(tags.get_by_text("does not get this email")).to_have_count(1)

    page.get_by_role("button", name="Save draft").click()
    expect(page.locator(".messages .success")).to_be_visible()
    campaign.refresh_from_db()
    saved = campaign.get_latest_revision().as_object().raw_steps[2]["value"]
    _language, opened, took = saved["conditions"]
    assert opened["value"]["step"] == first
    arms = campaign.raw_steps[1]["value"]["arms"]
    assert (took["value"]["step"], took["value"]["arm"]) == (divided, arms[1]["id"])
    assert [row["value"]["tag"] for row in saved["yes"][0]["value"]["defaults"]] == ["event.title"]

    page.goto(edit)
    expect(part(earlier, "arm").locator("select option:checked")).to_have_text("Short")
    expect(part(earlier, "step").locator("select option:checked")).to_contain_text("2.")

    # A step that comes later lists its tags too, as soon as it has a template.
    new = add_block(steps, "Send email")
    unfold(new)
    part(new, "template").locator("input").evaluate("(input, pk) => { input.value = pk; }", str(other.pk))
    expect(new.get_by_role("list", name="Merge tags of the email").locator("code")).to_have_text(
        "contact.points"
    )
