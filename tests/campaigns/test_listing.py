from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from wagtail_journeys.campaigns.models import Campaign, CampaignVersion
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.journeys.models import Journey
from wagtail_journeys.streams import with_ids

pytestmark = pytest.mark.django_db

NOW = datetime.datetime(2026, 5, 4, 9, 0, tzinfo=datetime.UTC)
DUTCH = {"type": "attribute", "value": {"field": "locale", "attribute": "", "operator": "is", "value": "nl"}}


def url(name: str, *args: Any) -> str:
    return reverse(Campaign.snippet_viewset.get_url_name(name), args=args)


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("ed", "ed@example.com", "x"))
    return client


def campaign_of(name: str, *, live: bool = True, **fields: Any) -> Campaign:
    campaign = Campaign.objects.create(
        name=name,
        trigger=with_ids(
            [
                {
                    "type": "event",
                    "value": {
                        "event": "login",
                        "page": None,
                        "section": None,
                        "document": None,
                        "properties": [],
                    },
                }
            ]
        ),
        steps=with_ids(
            [
                {
                    "type": "branch",
                    "value": {
                        "match": "all",
                        "conditions": [DUTCH],
                        "yes": [{"type": "wait", "value": {"amount": 1, "unit": "days", "at": None}}],
                        "no": [],
                    },
                }
            ]
        ),
        live=live,
        **fields,
    )
    campaign.save_revision()
    return campaign


def test_the_listing_counts_journeys(editor: Client) -> None:
    """Each line says what starts the campaign, how many entered and how many are inside."""
    campaign = campaign_of("Login", topic=None)
    version = CampaignVersion.objects.create(campaign=campaign, number=1, graph={}, created_at=NOW)
    for number, state in enumerate(["active", "active", "completed"]):
        contact = Contact.objects.create(email=f"c{number}@example.com")
        Journey.objects.create(
            campaign=campaign, version=version, contact=contact, entry_key="once", state=state, entered_at=NOW
        )
    campaign_of("Other")
    response = editor.get(url("list"))
    counts = {found.name: (found.entered, found.active) for found in response.context["object_list"]}
    assert counts == {"Login": (3, 2), "Other": (0, 0)}
    assert "logged in" in text_of(response)


def test_a_paused_campaign_says_so_in_the_listing(editor: Client) -> None:
    """What a live campaign is doing is its status."""
    campaign_of("Login", state=Campaign.State.PAUSED)
    assert "paused" in text_of(editor.get(url("list")))


def test_the_listing_costs_the_same_for_many_campaigns(
    editor: Client, django_assert_max_num_queries: Any
) -> None:
    """Journeys of all campaigns are counted in one statement."""
    campaign_of("first")
    editor.get(url("list"))
    with django_assert_max_num_queries(100) as few:
        editor.get(url("list"))
    for number in range(8):
        campaign_of(f"c{number}")
    with django_assert_max_num_queries(len(few)):
        editor.get(url("list"))


def test_without_campaigns_the_listing_offers_to_start_one(editor: Client) -> None:
    """The empty state explains campaigns and has a start button."""
    page = text_of(editor.get(url("list")))
    assert "No campaigns yet" in page
    assert f'href="{url("add")}"' in page


def test_a_copy_has_steps_with_ids_of_their_own(editor: Client) -> None:
    """Every step of a copy, nested ones too, has a new id; what the steps say is the same."""
    campaign = campaign_of("Login")
    copied = editor.get(url("copy", campaign.pk)).context["form"].instance

    def ids(steps: list[Any]) -> set[str]:
        found = set()
        for block in steps:
            found |= (
                {block["id"]}
                | ids(block["value"].get("yes") or [])
                | ids(block["value"].get("conditions") or [])
            )
        return found

    assert len(ids(copied.raw_steps)) == 3
    assert not ids(copied.raw_steps) & ids(campaign.raw_steps)
    assert (
        copied.raw_steps[0]["value"]["yes"][0]["value"] == campaign.raw_steps[0]["value"]["yes"][0]["value"]
    )
    assert copied.raw_trigger["id"] != campaign.raw_trigger["id"]


def test_statistics_are_one_click_away(editor: Client) -> None:
    """The editor and the listing link to the statistics of a campaign."""
    campaign = campaign_of("Login")
    link = f'href="{url("stats", campaign.pk)}"'
    assert link in text_of(editor.get(url("edit", campaign.pk)))
    assert link in text_of(editor.get(url("list")))
