"""From a draft with a mistake to a live campaign, and an edit while somebody is inside, in a real browser."""

from __future__ import annotations

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import BrowserContext, expect

from tests.browser.editing import confirm, part, publish
from tests.browser.test_accessibility import violations
from tests.browser.test_campaign_keyboard import WATCHED
from tests.scenarios.story import Story, branch, locale, on_event, speaks, wait
from tests.scenarios.story import points as give
from tests.support.browsing import log_in
from wagtail_journeys import pipeline
from wagtail_journeys.models import Campaign, Journey
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


def test_an_edit_while_people_are_inside(browser: BrowserContext) -> None:
    """One step is removed and one shortened while contacts stand there and the form saves itself; what the review says and
    what was chosen happens, and nothing is refused on the way.
    """
    story = Story()
    story.now = timezone.now() - datetime.timedelta(days=7)
    campaign = story.campaign("Series", on_event("page_view"), wait(5), give(1), wait(3), give(10))
    kim, ada = story.contact("kim@example.com"), story.contact("ada@example.com")
    ada.did("page_view")
    story.after(days=5).after(days=2, minutes=-1)
    kim.did("page_view")
    campaign = Campaign.objects.get(pk=campaign.pk)
    campaign.save_revision()
    removed, _given, shortened, _more = (step["id"] for step in campaign.raw_steps)

    page = browser.new_page()
    page.add_init_script(WATCHED)
    refused: list[str] = []
    page.on(
        "response",
        lambda answer: refused.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None,
    )
    log_in(page, "editor", "password")
    page.goto(address(campaign))
    page.wait_for_function("window.watched")
    # Seen by the autosave and on its way when somebody goes on.
    with page.expect_request(
        lambda request: request.method == "POST" and request.url.endswith(address(campaign))
    ):
        part(page, removed).get_by_role("button", name="Delete").first.click()
    part(part(page, shortened), "amount").get_by_role("spinbutton").fill("1")
    publish(page)
    inside = page.get_by_role("region", name="Contacts inside").first
    expect(inside).to_contain_text("2 contacts are inside now.")
    gone = inside.get_by_role("row", name="Wait 5 days")
    expect(gone.get_by_role("cell")).to_have_text(["removed", "1", "1", "0"])
    sooner = inside.get_by_role("row", name="Wait 1 day")
    expect(sooner).to_contain_text("before: wait 3 days")
    expect(sooner.get_by_role("cell")).to_have_text(["changed", "1", "1", "1"])
    assert violations(page.main_frame) == []
    page.get_by_role("radio", name="leave the campaign").check()
    confirm(page)
    assert refused == []
    pipeline.tick(timezone.now())
    assert [journey.state for journey in ada.journeys()] == [Journey.State.COMPLETED]
    assert ada.contact.points == 11
    (journey,) = kim.journeys()
    assert (journey.state, kim.contact.points) == (Journey.State.EXITED, 0)
