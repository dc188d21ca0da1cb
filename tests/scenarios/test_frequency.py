"""How often: gaps, separate counts, limits, and the triggers that are not events."""

from __future__ import annotations

import pytest

from tests.scenarios.story import Story, on_event, on_leaving, speaks, start, update, wait, when_added
from wagtail_journeys.models import Campaign, Event, Journey, Refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> Story:
    return Story()


def reasons(campaign: Campaign) -> list[str]:
    return sorted(Refusal.objects.filter(campaign=campaign).values_list("reason", flat=True))


def test_a_gap_between_two_entries(story: Story) -> None:
    """Every time, but not within three hours of the last time (E6)."""
    campaign = story.campaign(
        "Thanks", on_event("order_completed"), frequency="every_time", gap=3, gap_unit="hours"
    )
    ann = story.visitor("ann@example.com")
    ann.submits_form()
    ann.did("order_completed")
    story.after(hours=2)
    ann.did("order_completed")
    assert len(ann.journeys(campaign)) == 1
    assert reasons(campaign) == ["gap"]
    story.after(hours=1)
    ann.did("order_completed")
    assert len(ann.journeys(campaign)) == 2


def test_a_run_key_counts_each_order_apart(story: Story) -> None:
    """Once per order, two orders at the same time, and not twice for one order (E6)."""
    campaign = story.campaign("Order", on_event("order_paid"), wait(5), frequency="once", run_key="order_id")
    ann = story.visitor("ann@example.com")
    ann.submits_form()
    for order in ("1001", "1002", "1001"):
        ann.did("order_paid", properties={"order_id": order})
    assert sorted(journey.run_key for journey in ann.journeys(campaign)) == ["1001", "1002"]
    assert reasons(campaign) == ["frequency"]


def test_orders_that_arrive_together_each_start_a_journey_of_their_own(story: Story) -> None:
    """Two orders in one batch: each journey knows its own event, and each is told of once (E6)."""
    campaign = story.campaign("Order", on_event("order_paid"), wait(5), frequency="once", run_key="order_id")
    ann = story.visitor("ann@example.com")
    ann.submits_form()
    for order in ("1001", "1002"):
        ann.did("order_paid", properties={"order_id": order}, run=False)
    story.run()
    journeys = ann.journeys(campaign)
    orders = {event.pk: event.properties["order_id"] for event in Event.objects.filter(name="order_paid")}
    assert {orders[journey.entry_event_id]: journey.run_key for journey in journeys} == {
        "1001": "1001",
        "1002": "1002",
    }
    told = Event.objects.filter(name="journey_entered").values_list("message_id", flat=True)
    assert set(told) == {f"journey_entered:{journey.pk}" for journey in journeys}


def test_a_run_key_keeps_concurrency_apart(story: Story) -> None:
    """Inside for one order, a contact may enter for another, and not for the same (E6)."""
    campaign = story.campaign(
        "Order", on_event("order_paid"), wait(5), frequency="every_time", run_key="order_id"
    )
    ann = story.visitor("ann@example.com")
    ann.submits_form()
    for order in ("1001", "1001", "1002"):
        ann.did("order_paid", properties={"order_id": order})
    assert len(ann.journeys(campaign)) == 2
    assert reasons(campaign) == ["active"]


def test_a_campaign_that_is_full(story: Story) -> None:
    """The first two get in, the third is told why not (E8)."""
    campaign = story.campaign("Offer", on_event("offer_opened"), wait(1), entry_cap=2)
    people = [story.visitor(f"{name}@example.com") for name in ("ann", "bob", "cas")]
    for person in people:
        person.submits_form()
        person.did("offer_opened")
    assert [len(person.journeys(campaign)) for person in people] == [1, 1, 0]
    assert reasons(campaign) == ["cap"]


def test_a_limit_per_hour(story: Story) -> None:
    """A script that fires a hundred times starts two journeys in an hour, and another one later (E8)."""
    campaign = story.campaign("Alert", on_event("alert"), frequency="every_time", hourly_cap=2)
    ann = story.visitor("ann@example.com")
    ann.submits_form()
    for _again in range(6):
        ann.did("alert")
    assert len(ann.journeys(campaign)) == 2
    assert reasons(campaign) == ["hourly"]
    story.after(hours=1, seconds=1)
    ann.did("alert")
    assert len(ann.journeys(campaign)) == 3


def test_leaving_a_segment_starts_a_journey(story: Story) -> None:
    """Not entering it, and again only after having been inside again (E1, E7)."""
    readers = story.segment("Dutch readers", speaks("nl"))
    campaign = story.campaign("Goodbye", on_leaving(readers), frequency="every_time")
    ann = story.visitor("ann@example.com")
    ann.says(locale="nl")
    assert ann.journeys(campaign) == []
    ann.says(locale="en")
    assert len(ann.journeys(campaign)) == 1
    ann.says(locale="nl")
    ann.says(locale="de")
    assert len(ann.journeys(campaign)) == 2


def test_a_step_of_another_campaign_adds_a_contact(story: Story) -> None:
    """The campaign that contacts are added to lets them in like any other, and refuses like any other (E1, S7)."""
    added = story.campaign("Follow-up", when_added(), wait(1))
    story.campaign("Webinar", on_event("webinar_seen"), start(added), frequency="every_time")
    ann = story.visitor("ann@example.com")
    ann.submits_form()
    ann.did("webinar_seen")
    story.run()
    assert len(ann.journeys(added)) == 1
    ann.did("webinar_seen")
    story.run()
    assert len(ann.journeys(added)) == 1
    assert reasons(added) == ["frequency"]


def test_campaigns_that_start_each_other_are_cut(story: Story) -> None:
    """After ten campaigns in a row the next one is refused, and says so (S7)."""
    campaign = story.campaign(
        "Echo", when_added(), update("points", "increment", "1"), frequency="every_time"
    )
    other = story.campaign("Reply", when_added(), start(campaign), frequency="every_time")
    campaign.steps = [*campaign.raw_steps, start(other)]
    campaign.save()
    from wagtail_journeys.journeys import publishing

    publishing.published(campaign, story.now)
    story.campaign("Call", on_event("called"), start(campaign))
    ann = story.visitor("ann@example.com")
    ann.submits_form()
    ann.did("called")
    for _again in range(5):
        story.after(minutes=1)
    assert ann.contact.points <= 10
    assert Journey.objects.filter(campaign__in=[campaign, other], state="active").count() == 0
    assert "chain" in reasons(campaign) + reasons(other)
