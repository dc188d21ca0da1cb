"""Campaigns to start from, on the example site and on a site without anything."""

from __future__ import annotations

import re
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.models import Locale, Page

from tests.support.processes import ROOT
from wagtail_journeys.campaigns import checks, starters
from wagtail_journeys.campaigns.checks import Draft
from wagtail_journeys.campaigns.models import Campaign, CampaignVersion
from wagtail_journeys.campaigns.starting import start
from wagtail_journeys.campaigns.triggers import registry as triggers
from wagtail_journeys.contacts.models import Topic
from wagtail_journeys.emails.models import EmailTemplate
from wagtail_journeys.segments.models import Segment

pytestmark = pytest.mark.django_db

KEYS = [
    "abandoned_cart", "birthday", "content_finished", "guide_follow_up", "inactivity", "loyalty", "review_request",
    "webinar", "welcome",
]  # fmt: skip


def url(name: str, *args: Any) -> str:
    return reverse(Campaign.snippet_viewset.get_url_name(name), args=args)


@pytest.fixture
def editor(client: Client) -> Client:
    Locale.objects.get_or_create(language_code="en")
    client.force_login(get_user_model().objects.create_superuser("ed", "ed@example.com", "x"))
    return client


def test_there_is_one_for_each_of_these() -> None:
    """The nine that editors ask for."""
    assert sorted(key for key, _starter in starters.registry.items() if not key.startswith("hostapp")) == KEYS


def test_every_starter_is_a_campaign_that_can_go_live(db: None) -> None:
    """On a site with content: once its emails and segments are published, nothing keeps the draft from running."""
    call_command("load_site", stdout=StringIO())
    Topic.objects.create(name="News", slug="news")
    forms = {
        page.pk: page.slug
        for page in Page.objects.filter(slug__in=["newsletter", "webinar"], locale__language_code="en")
    }
    for key in KEYS:
        campaign, todos = start(starters.registry[key])
        assert not campaign.live
        assert all(todo in campaign.description for todo in todos)
        assert campaign.topic is not None
        for thing in (*EmailTemplate.objects.filter(live=False), *Segment.objects.filter(live=False)):
            thing.get_latest_revision().publish()
        trigger = campaign.raw_trigger
        assert trigger is not None
        assert triggers[trigger["type"]].problems(trigger["value"]) == [], key
        assert triggers[trigger["type"]].describe(trigger["value"])
        found = [finding.message for finding in checks.errors(Draft(campaign, timezone.now()))]
        assert found == [], key
        for field in ("trigger", "steps", "goal"):
            value = getattr(campaign, field)
            value.stream_block.clean(value)
        if key in ("welcome", "webinar"):
            assert forms[trigger["value"]["page"]] == {"welcome": "newsletter"}.get(key, key)
        campaign.get_latest_revision().publish()
        graph = CampaignVersion.objects.get(campaign=campaign).graph
        assert graph["nodes"]


def test_emails_are_made_once() -> None:
    """Starting with the same twice makes a second campaign, with the drafts of emails that are there already."""
    Locale.objects.get_or_create(language_code="en")
    start(starters.registry["welcome"])
    names = sorted(EmailTemplate.objects.values_list("name", flat=True))
    assert names == ["Welcome series: a question", "Welcome series: the best of", "Welcome series: welcome"]
    assert not EmailTemplate.objects.filter(live=True).exists()
    start(starters.registry["welcome"])
    assert EmailTemplate.objects.count() == 3
    assert Campaign.objects.count() == 2


def test_what_is_missing_is_left_empty_and_said(editor: Client) -> None:
    """Without forms and topics the draft has empty fields, and its editor opens with what is left to do."""
    response = editor.post(url("start"), {"starter": "welcome"}, follow=True)
    campaign = Campaign.objects.get()
    assert response.redirect_chain[-1][0] == url("edit", campaign.pk)
    page = " ".join(response.content.decode().split())
    assert "no form was found on the site" in page
    assert "Make a topic that contacts can agree to" in page
    assert campaign.raw_trigger is not None and campaign.raw_trigger["value"]["page"] is None
    assert campaign.topic is None
    assert not campaign.live
    assert "To do:" in campaign.description


def test_the_start_page_offers_them_all_and_an_empty_campaign(editor: Client) -> None:
    """It is where "Add campaign" leads."""
    assert f'href="{url("start")}"' in editor.get(url("list")).content.decode()
    page = editor.get(url("start")).content.decode()
    assert f'href="{url("add")}"' in page
    for key in KEYS:
        assert f'value="{key}"' in page
    assert editor.post(url("start"), {"starter": "nonsense"}).status_code == 400
    assert not Campaign.objects.exists()


def test_who_may_not_add_campaigns_starts_none(client: Client) -> None:
    """The page is closed; and who may add campaigns, but no emails, gets a draft without them."""
    Locale.objects.get_or_create(language_code="en")
    user = get_user_model().objects.create_user("reader", "reader@example.com", "x", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=["access_admin", "view_campaign"]))
    client.force_login(user)
    assert client.post(url("start"), {"starter": "welcome"}).status_code in (302, 403)
    assert not Campaign.objects.exists()
    user.user_permissions.add(*Permission.objects.filter(codename__in=["add_campaign", "change_campaign"]))
    client.post(url("start"), {"starter": "welcome"})
    assert not EmailTemplate.objects.exists()
    assert "you may not make one" in Campaign.objects.get().description


def test_the_example_starter_works() -> None:
    """The class in docs/extending.md makes a draft."""
    Locale.objects.get_or_create(language_code="en")
    list(starters.registry)
    (code,) = re.findall(r"```python\n(# mysite/.*?)```", (ROOT / "docs/extending.md").read_text(), re.DOTALL)
    exec(compile(code, "docs/extending.md", "exec"), {"__name__": "mysite"})  # noqa: S102  # our own page
    try:
        campaign, todos = start(starters.registry["mysite_after_a_visit"])
    finally:
        starters.registry.unregister("mysite_after_a_visit")
    assert [step["type"] for step in campaign.raw_steps] == ["wait", "send_email"]
    assert "Choose the booking form in the trigger." in todos
