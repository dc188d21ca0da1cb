"""From a draft with a mistake to a live campaign, and an edit while somebody is inside, in a real browser."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import BrowserContext, expect

from tests.browser.editing import confirm, part, publish
from tests.browser.test_accessibility import violations
from tests.scenarios.story import Story, branch, locale, on_event, send, speaks, wait
from tests.support.browsing import log_in
from wagtail_journeys import pipeline
from wagtail_journeys.models import Campaign, EmailTemplate, Journey
from wagtail_journeys.streams import with_ids

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def address(campaign: Campaign, name: str = "edit") -> str:
    return reverse(Campaign.snippet_viewset.get_url_name(name), args=[campaign.pk])


def test_a_mistake_is_found_mended_and_published(browser: BrowserContext) -> None:
    """Publish leads to the review, its link to the step deep in an arm, where the message stands; mended, it goes live."""
    locale("en")
    broken = wait(2)
    broken["value"]["amount"] = None
    campaign = Campaign(name="Series", live=False, trigger=with_ids([on_event("page_view")]))
    campaign.steps = with_ids([wait(1), branch(speaks("nl"), yes=[broken])])
    campaign.save()
    campaign.save_revision()
    inner = campaign.raw_steps[1]["value"]["yes"][0]["id"]

    page = browser.new_page()
    log_in(page, "editor", "password")
    page.goto(address(campaign))
    publish(page)
    errors = page.get_by_role("region", name="Mend these first")
    expect(errors).to_contain_text("Amount: This field is required.")
    expect(page.get_by_role("button", name="Publish")).to_have_count(0)
    assert violations(page.main_frame) == []

    link = errors.get_by_role("link", name="Go there")
    link.focus()
    page.keyboard.press("Enter")
    step = part(page, inner)
    expect(step).to_be_in_viewport()
    expect(step).to_contain_text("Amount: This field is required.")
    part(step, "amount").get_by_role("spinbutton").fill("3")
    publish(page)
    expect(page.get_by_role("table")).to_contain_text("Wait 3 days")
    assert violations(page.main_frame) == []
    confirm(page)
    assert Campaign.objects.get().live


def test_an_edit_while_somebody_is_inside(browser: BrowserContext) -> None:
    """The review has the numbers and the choice, and what was chosen happens."""
    story = Story()
    story.now = timezone.now()
    template = story.template("Welcome")
    campaign = story.campaign("Series", on_event("page_view"), wait(5), send(template))
    story.contact("kim@example.com").did("page_view")
    campaign = Campaign.objects.get(pk=campaign.pk)
    campaign.save_revision()
    step = campaign.raw_steps[0]["id"]

    page = browser.new_page()
    log_in(page, "editor", "password")
    page.goto(address(campaign))
    part(page, step).get_by_role("button", name="Delete").first.click()
    publish(page)
    inside = page.get_by_role("region", name="Contacts inside").first
    expect(inside).to_contain_text("1 contact is inside now.")
    expect(inside.get_by_role("row", name="Wait 5 days")).to_contain_text("removed")
    page.get_by_role("radio", name="leave the campaign").check()
    assert violations(page.main_frame) == []
    confirm(page)
    pipeline.tick(timezone.now())
    assert Journey.objects.get().state == Journey.State.EXITED
    assert EmailTemplate.objects.get().live
