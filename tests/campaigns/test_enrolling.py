"""Adding contacts to a campaign in the admin: from a contact, a segment and the campaign; who may, and what is told before."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from wagtail.models import ModelLogEntry

from tests.scenarios.story import Story, on_event, speaks, wait, when_added
from wagtail_journeys.models import Campaign, EnrolRequest, Journey, Segment

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> Story:
    return Story()


def log_in(client: Client, *codenames: str) -> Client:
    """As somebody who may do just this; without names as one who may do everything."""
    users = get_user_model().objects
    if not codenames:
        client.force_login(users.create_superuser("boss", "boss@example.com", "x"))
        return client
    user = users.create_user("kim", "kim@site.example", "x")
    user.user_permissions.add(*Permission.objects.filter(codename__in=["access_admin", *codenames]))
    client.force_login(user)
    return client


@pytest.fixture
def admin(client: Client) -> Client:
    return log_in(client)


def enrol_url(campaign: Campaign, query: str = "") -> str:
    return reverse("journeys_enrol", args=[campaign.pk]) + query


def words(response: Any) -> str:
    assert response.status_code == 200, response
    return " ".join(response.content.decode().split())


def test_from_a_segment_with_the_numbers_first(story: Story, admin: Client):
    """The page of the segment leads to the campaigns, those to the numbers; only the confirmation adds anybody."""
    dutch = story.segment("Dutch", speaks("nl"))
    for n in range(3):
        story.contact(f"p{n}@example.com", locale="en").says(locale="nl")
    campaign = story.campaign("Tips", when_added(), wait(1), entry_cap=2)
    page = words(admin.get(reverse(Segment.snippet_viewset.get_url_name("inspect"), args=[dutch.pk])))
    choose = f"{reverse('journeys_enrol_choose')}?segment={dutch.pk}"
    assert "Add the 3 members to a campaign" in page and choose in page
    check = enrol_url(campaign, f"?segment={dutch.pk}")
    assert check in words(admin.get(choose))
    page = words(admin.get(check))
    assert "<strong>2</strong> contacts of 3 enter." in page
    assert "the campaign has let in as many as it may</th><td>1</td>" in page
    assert not EnrolRequest.objects.exists()
    answer = admin.post(enrol_url(campaign), {"segment": dutch.pk, "confirm": "1"})
    request = EnrolRequest.objects.get()
    assert answer["Location"] == reverse("journeys_enrolment", args=[request.pk])
    assert "Add nobody else" in words(admin.get(answer["Location"]))
    story.run()
    page = words(admin.get(answer["Location"]))
    assert "Done" in page and "as many as it may" in page
    assert Journey.objects.filter(campaign=campaign).count() == 2
    assert "added by boss from the segment “Dutch”" in Journey.objects.filter(campaign=campaign)[0].note
    entry = ModelLogEntry.objects.get(action="wagtail_journeys.enrol")
    assert (entry.user.get_username(), entry.message) == (
        "boss",
        "3 contacts of the segment “Dutch” were added",
    )


def test_pasted_addresses(story: Story, admin: Client):
    """Addresses that nobody has are told; going back changes nothing."""
    campaign = story.campaign("Tips", when_added(), wait(1))
    kim = story.contact("kim@example.com")
    text = "Kim <kim@example.com>, nobody@example.com"
    page = words(admin.post(enrol_url(campaign), {"addresses": text}))
    assert "<strong>1</strong> contact of 1 enters." in page
    assert "nobody@example.com" in page
    assert not EnrolRequest.objects.exists()
    admin.post(enrol_url(campaign), {"addresses": text, "confirm": "1"})
    story.run()
    assert len(kim.journeys(campaign)) == 1
    assert "Say whom to add" in words(admin.post(enrol_url(campaign), {}))


def test_a_contact_past_the_trigger(story: Story, admin: Client):
    """A campaign that starts by something else has to be confirmed apart; the box is not ticked."""
    campaign = story.campaign("Downloads", on_event("document_download"), wait(1))
    kim = story.contact("kim@example.com")
    pk = kim.contact.pk
    choose = f"{reverse('journeys_enrol_choose')}?contact={pk}"
    assert choose in words(admin.get(reverse("journeys_contacts:inspect", args=[pk])))
    assert "Campaigns that start by something else" in words(admin.get(choose))
    page = words(admin.get(enrol_url(campaign, f"?contact={pk}")))
    assert 'name="skip_trigger" value="1" required' in page and "checked" not in page
    assert "Say that they may skip it" in words(
        admin.post(enrol_url(campaign), {"contact": pk, "confirm": "1"})
    )
    admin.post(enrol_url(campaign), {"contact": pk, "confirm": "1", "skip_trigger": "1"})
    story.run()
    assert len(kim.journeys(campaign)) == 1


def test_cancelling_is_logged(story: Story, admin: Client):
    """Who has entered stays; a second click finds it over."""
    campaign = story.campaign("Tips", when_added(), wait(1))
    story.contact("kim@example.com")
    admin.post(enrol_url(campaign), {"addresses": "kim@example.com", "confirm": "1"})
    request = EnrolRequest.objects.get()
    page = reverse("journeys_enrolment", args=[request.pk])
    assert "Nobody else is added" in words(admin.post(page, follow=True))
    assert "It was over already" in words(admin.post(page, follow=True))
    request.refresh_from_db()
    assert request.state == EnrolRequest.State.CANCELLED
    assert ModelLogEntry.objects.filter(action="wagtail_journeys.enrol_cancelled").count() == 1


def test_what_lets_nobody_in_offers_nothing(story: Story, admin: Client):
    """A paused campaign has no button and no form."""
    campaign = story.campaign("Tips", when_added(), wait(1))
    edit = reverse(Campaign.snippet_viewset.get_url_name("edit"), args=[campaign.pk])
    assert enrol_url(campaign) in words(admin.get(edit))
    Campaign.objects.update(state=Campaign.State.PAUSED)
    assert enrol_url(campaign) not in words(admin.get(edit))
    assert "lets nobody in at the moment" in words(admin.get(enrol_url(campaign)))


def test_who_may_edit_and_publish_may_not_add_contacts(story: Story, client: Client):
    """The right to add contacts is one of its own (403 without it, and no buttons)."""
    campaign = story.campaign("Tips", when_added(), wait(1))
    kim = story.contact("kim@example.com")
    log_in(client, "change_campaign", "publish_campaign", "view_contact")
    for url in (enrol_url(campaign), reverse("journeys_enrol_choose") + f"?contact={kim.contact.pk}"):
        assert client.get(url).status_code in (302, 403)
    client.post(enrol_url(campaign), {"addresses": "kim@example.com", "confirm": "1"})
    assert not EnrolRequest.objects.exists()
    edit = reverse(Campaign.snippet_viewset.get_url_name("edit"), args=[campaign.pk])
    assert enrol_url(campaign) not in words(client.get(edit))


def test_who_may_not_see_contacts_adds_segments_only(story: Story, client: Client):
    """Whether an address is known is nothing to be found out by pasting it."""
    dutch = story.segment("Dutch", speaks("nl"))
    story.contact("kim@example.com", locale="en").says(locale="nl")
    campaign = story.campaign("Tips", when_added(), wait(1))
    log_in(client, "enrol_campaign", "view_segment")
    page = words(client.get(enrol_url(campaign)))
    assert 'name="addresses"' not in page and "Dutch (1)" in page
    client.post(enrol_url(campaign), {"addresses": "kim@example.com", "confirm": "1"})
    assert not EnrolRequest.objects.exists()
    client.post(enrol_url(campaign), {"segment": dutch.pk, "confirm": "1"})
    assert EnrolRequest.objects.get().user.get_username() == "kim"
