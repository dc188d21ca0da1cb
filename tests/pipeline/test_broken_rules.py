"""A condition that is not installed any more, or that raises, harms nothing but what asks it."""

from __future__ import annotations

import pytest

from tests.scenarios.story import Story, attribute, on_event, wait
from wagtail_journeys import pipeline
from wagtail_journeys.models import InboxItem, Membership, Refusal, Segment
from wagtail_journeys.segments import membership
from wagtail_journeys.segments.conditions import registry

BROKEN = {"type": "hostapp_mail_domain", "value": {"domain": "example.com"}}


@pytest.fixture
def story(db: None) -> Story:
    return Story()


@pytest.fixture
def uninstalled(monkeypatch: pytest.MonkeyPatch):
    """Call it, and the host app's condition is gone."""
    return lambda: monkeypatch.delitem(registry._kinds, "hostapp_mail_domain")


def test_members_stay_when_a_condition_is_uninstalled(story: Story, uninstalled):
    """A segment that cannot be read keeps its members, lets nobody in, and others go on."""
    staff = story.segment("Staff", BROKEN)
    fans = story.segment("Fans", attribute("points", "at_least", "1"))
    story.visitor("ada@example.com").submits_form()
    uninstalled()
    Segment.objects.update(rebuild_requested_at=story.now)
    bob = story.visitor("bob@example.com")
    bob.submits_form()
    pipeline.sweep(story.now)
    assert [m.contact.email for m in Membership.objects.filter(segment=staff, left_at=None)] == [
        "ada@example.com"
    ]
    assert not Membership.objects.filter(segment=fans).exists()
    assert not InboxItem.objects.exists()
    assert bob.contact.events.count() == 1


def test_a_filter_that_cannot_be_read_lets_nobody_in(story: Story, uninstalled):
    """A campaign whose filter is gone refuses, with that reason; the event is kept and other campaigns enter."""
    broken = story.campaign("Broken", on_event("page_view"), wait(1), filters=[BROKEN], matching_window=0)
    sound = story.campaign("Sound", on_event("page_view"), wait(1))
    uninstalled()
    ada = story.contact("ada@example.com")
    ada.did("page_view")
    assert ada.journeys(broken) == []
    assert len(ada.journeys(sound)) == 1
    assert "cannot be read" in Refusal.objects.get(campaign=broken).detail


def test_a_condition_that_raises_is_the_same(story: Story, monkeypatch: pytest.MonkeyPatch):
    """Whatever a site's condition raises, the batch goes on without the segment that asks it."""
    staff = story.segment("Staff", BROKEN)

    def explode(params, now):
        raise RuntimeError("broken")

    monkeypatch.setattr(registry["hostapp_mail_domain"], "q", explode)
    ada = story.visitor("ada@example.com")
    ada.submits_form()
    assert ada.contact.events.count() == 1
    assert not Membership.objects.filter(segment=staff).exists()


def test_a_stage_that_fails_does_not_stop_the_others(story: Story, monkeypatch: pytest.MonkeyPatch):
    """Events are drained and journeys move though a sweep of segments fails."""

    def explode(now, since):
        raise RuntimeError("broken")

    monkeypatch.setattr(membership, "sweep", explode)
    campaign = story.campaign("C", on_event("page_view"), wait(1))
    ada = story.contact("ada@example.com")
    ada.did("page_view")
    story.after(days=1)
    assert ada.path(campaign) == ["wait:passed"]
