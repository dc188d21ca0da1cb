"""Pausing and resuming a campaign by hand, with contacts inside, in a real browser."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.editing import open_menu
from tests.browser.test_accessibility import violations
from tests.scenarios.story import Story, on_event, points, wait
from tests.support.browsing import log_in
from wagtail_journeys import pipeline
from wagtail_journeys.models import Campaign, Journey

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def from_the_menu(page: Page, action: str) -> None:
    open_menu(page, "Journeys", "Campaigns")
    row = page.get_by_role("row", name="Slow welcome")
    row.get_by_role("button", name="More").click()
    page.get_by_role("link", name=f"{action}: Slow welcome").click()


def test_pause_and_resume_with_a_choice(browser: BrowserContext) -> None:
    """Who became overdue while the campaign was paused skips that step, because the editor said so; the other waits on."""
    story = Story()
    story.now = timezone.now() - datetime.timedelta(days=3)
    campaign = story.campaign("Slow welcome", on_event("page_view"), wait(2), points(5))
    campaign.save_revision()
    kim, ada = story.contact("kim@example.com"), story.contact("ada@example.com")
    kim.did("page_view")
    story.after(days=2, hours=-1)
    ada.did("page_view")
    page = browser.new_page()
    log_in(page, "editor", "password")

    from_the_menu(page, "Pause")
    expect(page.get_by_role("heading", name="Pause this campaign?")).to_be_visible()
    expect(page.locator(".wj-facts")).to_contain_text("2")
    page.get_by_role("button", name="Yes, pause it").click()
    expect(page.locator(".messages .success")).to_contain_text("2 contacts stay where they are")
    # As if that had been two days ago: Kim's wait ended an hour later.
    Campaign.objects.filter(pk=campaign.pk).update(paused_at=story.now)

    from_the_menu(page, "Resume")
    question = page.get_by_role("group", name="What becomes of the 1 contact that is overdue?")
    expect(question.get_by_role("radio", name="do it now")).to_be_checked()
    question.get_by_role("radio", name="leave out the step").check()
    page.get_by_role("button", name="Yes, resume it").click()
    expect(page.locator(".messages .success")).to_contain_text("2 contacts go on. 1 was overdue.")

    pipeline.tick(timezone.now())
    assert kim.path(campaign) == ["wait:passed", "points:skipped"]
    assert ada.path(campaign) == ["wait:"]
    assert Journey.objects.get(contact__email="ada@example.com").state == Journey.State.ACTIVE


def test_why_it_is_here_and_on_it_goes(browser: BrowserContext) -> None:
    """From the campaign to who is where, to the reason, with the keyboard to "Move on now", and the contact has gone on."""
    story = Story()
    story.now = timezone.now() - datetime.timedelta(hours=1)
    campaign = story.campaign("Slow welcome", on_event("page_view"), wait(2), points(5), wait(1))
    campaign.save_revision()
    Campaign.objects.update(first_published_at=story.now)
    kim = story.contact("kim@example.com")
    kim.did("page_view")
    page = browser.new_page()
    log_in(page, "editor", "password")

    open_menu(page, "Journeys", "Campaigns")
    page.get_by_role("link", name="Slow welcome").first.click()
    page.get_by_role("link", name="Who is where").click()
    row = page.get_by_role("row", name="kim@example.com")
    expect(row).to_contain_text("wait 2 days")
    row.get_by_role("link", name="kim@example.com").click()
    now = page.get_by_role("region", name="kim@example.com in “Slow welcome”")
    expect(now).to_contain_text("Wait")
    assert violations(page.main_frame) == []
    act = now.get_by_role("link", name="Move on now")
    act.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("listitem").filter(has_text="1 × ")).to_contain_text("wait 2 days")
    assert kim.path(campaign) == ["wait:"]
    button = page.get_by_role("button", name="Move on now")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".messages .success")).to_contain_text("1 contact was moved on.")
    pipeline.tick(timezone.now())
    assert kim.path(campaign) == ["wait:skipped", "points:passed", "wait:"]
    page.reload()
    expect(page.locator("main")).to_contain_text("Moved on by")
