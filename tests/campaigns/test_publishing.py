from __future__ import annotations

import pytest

from tests.scenarios.story import Story, branch, on_event, speaks, update, wait
from wagtail_journeys.journeys import publishing
from wagtail_journeys.models import Campaign, CampaignVersion, Journey
from wagtail_journeys.streams import raw, with_ids

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> Story:
    return Story()


def edited(story: Story, campaign: Campaign, steps: list[dict]) -> CampaignVersion:
    campaign = Campaign.objects.get(pk=campaign.pk)
    campaign.steps = with_ids(steps)
    campaign.save()
    version = publishing.published(campaign, story.now)
    story.run()
    return version


def test_publishing_twice_makes_one_version(story: Story):
    """Publishing without a change adds no version; a change adds the next number."""
    campaign = story.campaign("C", on_event("page_view"), wait(1))
    publishing.published(campaign, story.now)
    assert CampaignVersion.objects.count() == 1
    edited(story, campaign, [*raw(campaign.steps), wait(2)])
    assert list(campaign.versions.values_list("number", flat=True)) == [1, 2]


def test_a_draft_changes_nothing_that_runs(story: Story):
    """Saving a draft leaves the contacts and the version alone (P1)."""
    campaign = story.campaign("C", on_event("page_view"), wait(1))
    kim = story.contact("kim@example.com")
    kim.did("page_view")
    draft = Campaign.objects.get(pk=campaign.pk)
    draft.steps = with_ids([update("points", "increment", "5")])
    draft.save_revision()
    story.after(days=1)
    assert kim.path(campaign) == ["wait:passed"]
    assert CampaignVersion.objects.count() == 1


def test_publishing_a_revision_does_not_turn_back_the_state_of_the_campaign(story: Story):
    """A revision saved while the campaign ran does not start it again when it is published while paused."""
    campaign = story.campaign("C", on_event("page_view"), wait(1))
    revision = Campaign.objects.get(pk=campaign.pk).save_revision()
    Campaign.objects.filter(pk=campaign.pk).update(state="paused")
    revision.publish()
    campaign.refresh_from_db()
    assert campaign.state == "paused"
    assert campaign.live_since == story.now


def test_a_shortened_wait_acts_at_once(story: Story):
    """Contacts inside follow the new version: a wait made shorter ends now (P3)."""
    campaign = story.campaign("C", on_event("page_view"), wait(5), update("points", "increment", "1"))
    kim = story.contact("kim@example.com")
    kim.did("page_view")
    story.after(days=2)
    steps = raw(Campaign.objects.get(pk=campaign.pk).steps)
    steps[0] = {**steps[0], "value": {**steps[0]["value"], "amount": 1}}
    edited(story, campaign, steps)
    assert kim.path(campaign) == ["wait:passed", "update_contact:passed"]


def test_a_lengthened_wait_goes_on_waiting_from_the_arrival(story: Story):
    """A wait made longer counts from when the contact came to it (P3)."""
    campaign = story.campaign("C", on_event("page_view"), wait(2))
    kim = story.contact("kim@example.com")
    kim.did("page_view")
    entered = story.now
    story.after(days=1)
    steps = raw(Campaign.objects.get(pk=campaign.pk).steps)
    steps[0] = {**steps[0], "value": {**steps[0]["value"], "amount": 4}}
    edited(story, campaign, steps)
    assert (kim.journeys()[0].due_at - entered).days == 4


def test_contacts_at_a_removed_step_go_on_to_the_next_that_is_left(story: Story):
    """A step taken away with people in it: they go on to the next surviving step, and the visit says so (P3)."""
    campaign = story.campaign(
        "C", on_event("page_view"), wait(5), wait(1), update("points", "increment", "1")
    )
    kim = story.contact("kim@example.com")
    kim.did("page_view")
    steps = raw(Campaign.objects.get(pk=campaign.pk).steps)
    edited(story, campaign, steps[2:])
    assert kim.path(campaign) == ["wait:skipped", "update_contact:passed"]
    assert "removed" in kim.journeys()[0].visits.first().reason
    assert kim.contact.points == 1


def test_contacts_at_the_last_step_that_is_removed_are_done(story: Story):
    """When no later step survives the journey is completed, with that reason (P3)."""
    campaign = story.campaign("C", on_event("page_view"), update("points", "increment", "1"), wait(5))
    kim = story.contact("kim@example.com")
    kim.did("page_view")
    edited(story, campaign, raw(Campaign.objects.get(pk=campaign.pk).steps)[:1])
    (journey,) = kim.journeys()
    assert journey.state == Journey.State.COMPLETED
    assert "removed" in journey.end_reason


def test_the_past_never_runs_again(story: Story):
    """A step already done that an edit puts in front of the contact again is passed without being done (P3)."""
    campaign = story.campaign("C", on_event("page_view"), update("points", "increment", "1"), wait(1))
    kim = story.contact("kim@example.com")
    kim.did("page_view")
    done, waiting = raw(Campaign.objects.get(pk=campaign.pk).steps)
    edited(story, campaign, [waiting, done])
    story.after(days=1)
    assert kim.contact.points == 1
    assert kim.journeys()[0].state == Journey.State.COMPLETED


def test_a_step_in_an_arm_that_is_removed_leads_to_the_step_after_the_branch(story: Story):
    """Who stands in an arm that is emptied goes on after the branch (P3)."""
    campaign = story.campaign(
        "C", on_event("page_view"), branch(speaks("nl"), yes=[wait(5)]), update("points", "increment", "1")
    )
    kim = story.contact("kim@example.com", locale="nl")
    kim.did("page_view")
    steps = raw(Campaign.objects.get(pk=campaign.pk).steps)
    steps[0] = {**steps[0], "value": {**steps[0]["value"], "yes": []}}
    edited(story, campaign, steps)
    assert kim.path(campaign) == ["branch:yes", "wait:skipped", "update_contact:passed"]


def test_unpublishing_parks_and_publishing_again_goes_on(story: Story):
    """A campaign taken off line lets nobody in and moves nobody; what happened meanwhile does not start it (E5)."""
    campaign = story.campaign("C", on_event("page_view"), wait(1))
    kim, ada = story.contact("kim@example.com"), story.contact("ada@example.com")
    kim.did("page_view")
    Campaign.objects.get(pk=campaign.pk).unpublish()
    ada.did("page_view")
    meanwhile = story.now
    story.after(days=2)
    assert kim.path(campaign) == ["wait:"]
    campaign = Campaign.objects.get(pk=campaign.pk)
    campaign.live = True
    campaign.save()
    publishing.published(campaign, story.now)
    story.run()
    ada.did("page_view", occurred_at=meanwhile)
    assert kim.path(campaign) == ["wait:passed"]
    assert ada.journeys() == []


def test_a_draft_saved_late_does_not_take_back_what_was_published(story: Story):
    """A save of a draft that was on its way when Publish was clicked leaves the campaign live."""
    campaign = Campaign(
        name="C", live=False, trigger=with_ids([on_event("page_view")]), steps=with_ids([wait(1)])
    )
    campaign.save()
    campaign.save_revision()
    late = Campaign.objects.get(pk=campaign.pk).get_latest_revision_as_object()
    Campaign.objects.get(pk=campaign.pk).get_latest_revision().publish()
    late.name = "Typed at the last moment"
    late.save()
    late.save_revision()
    campaign = Campaign.objects.get(pk=campaign.pk)
    assert campaign.live
    assert campaign.name == "C"
    assert campaign.get_latest_revision_as_object().name == "Typed at the last moment"
    campaign.unpublish()
    assert not Campaign.objects.get(pk=campaign.pk).live
    draft = Campaign.objects.get(pk=campaign.pk).get_latest_revision_as_object()
    draft.name = "Mended"
    draft.save()
    assert Campaign.objects.get(pk=campaign.pk).name == "Mended"
