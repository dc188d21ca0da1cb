from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

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
    assert f'href="{url("start")}"' in page


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


def test_the_listing_shows_conversions_and_the_last_days(editor: Client) -> None:
    """Converted of those who entered, in percent; and entries day by day. Lists are sorted by either."""
    for name, converted in (("All", 2), ("Half", 1), ("Nobody", None)):
        campaign = campaign_of(name, goal=with_ids([{"type": "event", "value": {"event": "order"}}]))
        version = CampaignVersion.objects.create(campaign=campaign, number=1, graph={}, created_at=NOW)
        entered = timezone.now() - datetime.timedelta(days=2)
        for number in range(2 if converted is not None else 0):
            Journey.objects.create(
                campaign=campaign,
                version=version,
                contact=Contact.objects.create(email=f"{name}{number}@example.com"),
                entry_key="once",
                entered_at=entered,
                converted_at=entered if number < (converted or 0) else None,
            )
    response = editor.get(url("list"), {"ordering": "-rate"})
    assert [campaign.name for campaign in response.context["object_list"]] == ["All", "Half", "Nobody"]
    page = text_of(response)
    for words in ("100.0 %", "50.0 %", "2 in the last 30 days", "None in the last 30 days"):
        assert words in page


def test_the_switch_leads_to_where_it_is_changed(editor: Client) -> None:
    """A live campaign is on and can be paused, a paused one resumed, a draft opened; an ended one has no switch."""
    live, paused = campaign_of("Live"), campaign_of("Paused", state=Campaign.State.PAUSED)
    draft = campaign_of("Draft", live=False)
    campaign_of("Ended", live=False, state=Campaign.State.ENDED)
    page = text_of(editor.get(url("list")))
    assert f'href="{url("pause", live.pk)}?next=' in page
    assert f'href="{url("resume", paused.pk)}?next=' in page
    assert f'<a class="wj-switch" href="{url("edit", draft.pk)}"' in page
    assert page.count('role="switch"') == 3
    assert page.count('aria-checked="true"') == 1


def test_who_may_not_publish_sees_the_switch_only(client: Client) -> None:
    """Without the permission it says whether the campaign is on, and does nothing."""
    campaign_of("Live")
    user = get_user_model().objects.create_user("reader", "reader@example.com", "x", is_staff=True)
    user.user_permissions.add(
        *Permission.objects.filter(codename__in=["access_admin", "view_campaign", "change_campaign"])
    )
    client.force_login(user)
    page = text_of(client.get(url("list")))
    assert 'class="wj-switch wj-switch--on"' in page
    assert 'role="switch"' not in page
