"""From the form at the foot of the site to the last unsubscribe, as somebody without JavaScript would go."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.scenarios.story import Story, on_event, send
from tests.support.browsing import browsing
from tests.support.site import RunningSite
from wagtail_journeys import pipeline
from wagtail_journeys.contacts.models import ConsentState, Contact, Topic, TopicText
from wagtail_journeys.emails.links import Urls
from wagtail_journeys.models import Message

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def newest_link(part: str) -> str:
    return re.findall(rf"https?://\S+/{part}/\S+/", str(mail.outbox[-1].body))[-1]


def test_from_signing_up_to_unsubscribing(chromium_path: str, live_site: RunningSite) -> None:
    """A Dutch visitor signs up, confirms, gets a letter, chooses, pauses and leaves; each time a button did it."""
    news = Topic.objects.create(name="Newsletter", slug="newsletter", wording="Yes, the newsletter")
    TopicText.objects.create(topic=news, language="nl", name="Nieuwsbrief", wording="Ja, de nieuwsbrief")
    Topic.objects.create(name="Tips", slug="tips", sort_order=1)
    story = Story()
    story.now = timezone.now()
    story.campaign("Welcome", on_event("consent_changed"), send(story.template("Hello")), topic=news)
    with browsing(chromium_path, live_site.url, java_script_enabled=False) as visitor:
        go_all_the_way(visitor.new_page())


def go_all_the_way(page: Page) -> None:
    page.goto("/nl/")
    form = page.locator("footer form")
    expect(form).to_contain_text("Ja, de nieuwsbrief")
    form.locator("input[type=email]").fill("eva@example.org")
    form.locator("button").click()
    page.wait_for_url("**/sign-up/sent/**")
    assert page.locator("html").get_attribute("lang") == "nl"
    pipeline.tick(timezone.now())
    assert not Contact.objects.exists()

    page.goto(newest_link("sign-up/confirm"))
    expect(page.locator("main")).to_contain_text("Ja, de nieuwsbrief")
    page.locator("main button").click()
    expect(page.locator("main [role=status]")).to_be_visible()
    eva = Contact.objects.get(email="eva@example.org")
    assert (eva.locale, ConsentState.objects.get(contact=eva).state) == ("nl", "granted")
    pipeline.tick(timezone.now())
    letter = Message.objects.get(contact=eva)
    assert letter.state == "sent"

    page.goto(Urls("preferences")(letter.uuid, ""))
    expect(page.get_by_label("Nieuwsbrief")).to_be_checked()
    page.get_by_label("Tips").check()
    page.locator("button[value=save]").click()
    expect(page.get_by_label("Tips")).to_be_checked()
    page.locator("button[value=pause]").click()
    expect(page.locator("button[value=resume]")).to_be_visible()
    page.locator("button[value=resume]").click()
    page.locator("button[value=stop]").click()
    expect(page.get_by_label("Tips")).not_to_be_checked()
    assert set(ConsentState.objects.filter(contact=eva).values_list("state", flat=True)) == {"refused"}

    page.goto(Urls("unsubscribe")(letter.uuid, ""))
    expect(page.locator("main [role=status]")).to_be_visible()
