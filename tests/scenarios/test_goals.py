"""Goals and ways out: when a journey has reached what it is for, and what else ends it."""

from __future__ import annotations

import pytest
from django.core.mail.backends.base import BaseEmailBackend

from tests.scenarios.story import (
    Story,
    belongs,
    did,
    on_entering,
    on_event,
    send,
    speaks,
    wait,
)
from wagtail_journeys.models import Event, Journey, Message

pytestmark = pytest.mark.django_db


class Down(BaseEmailBackend):
    """A mail server that cannot be reached."""

    def open(self) -> bool:
        raise ConnectionRefusedError


@pytest.fixture
def story() -> Story:
    return Story()


def test_a_goal_is_counted_once_per_journey(story: Story) -> None:
    """The first order converts; the second changes nothing (G1)."""
    campaign = story.campaign("Cart", on_event("cart_left"), wait(5), goal=[on_event("order_completed")])
    ann = story.visitor("ann@example.com")
    ann.submits_form()
    ann.did("cart_left")
    story.after(hours=2)
    ann.did("order_completed")
    first = ann.journeys(campaign)[0].converted_at
    story.after(hours=2)
    ann.did("order_completed")
    (journey,) = ann.journeys(campaign)
    assert first is not None
    assert journey.converted_at == first
    assert journey.state == "active"
    assert Event.objects.filter(name="journey_converted", contact=ann.contact).count() == 1


def test_a_goal_counts_after_the_last_step_until_its_window_closes(story: Story) -> None:
    """Within 30 days of the entry, also when the steps are long over; not on the 31st day (G1)."""
    campaign = story.campaign("Guide", on_event("guide_read"), wait(1), goal=[on_event("order_completed")])
    early, late = story.visitor("early@example.com"), story.visitor("late@example.com")
    for person in (early, late):
        person.submits_form()
        person.did("guide_read")
    story.after(days=29)
    early.did("order_completed")
    story.after(days=2)
    late.did("order_completed")
    assert early.journeys(campaign)[0].state == "completed"
    assert early.journeys(campaign)[0].converted_at is not None
    assert late.journeys(campaign)[0].converted_at is None


def test_stopping_at_the_goal_ends_the_journey_wherever_it_waits(story: Story) -> None:
    """Nothing is sent to who has ordered (G2)."""
    template = story.template("Did you forget something?")
    campaign = story.campaign(
        "Cart",
        on_event("cart_left"),
        wait(1),
        send(template),
        goal=[on_event("order_completed")],
        stop_on_goal=True,
    )
    buyer, ditherer = story.visitor("buyer@example.com"), story.visitor("ditherer@example.com")
    for person in (buyer, ditherer):
        person.submits_form()
        person.did("cart_left")
    story.after(hours=3)
    buyer.did("order_completed")
    story.after(days=2)
    assert buyer.mails() == []
    assert ditherer.mails() == ["Did you forget something?"]
    (journey,) = buyer.journeys(campaign)
    assert (journey.state, journey.end_reason) == ("exited", "reached the goal")


def test_what_was_queued_is_not_sent_after_the_goal(story: Story, settings) -> None:
    """The mail server was down; the goal is reached before the message could go out (G2, G4)."""
    settings.EMAIL_BACKEND = "tests.scenarios.test_goals.Down"
    template = story.template("Did you forget something?")
    story.campaign(
        "Cart", on_event("cart_left"), send(template), goal=[on_event("order_completed")], stop_on_goal=True
    )
    ann = story.visitor("ann@example.com")
    ann.submits_form()
    ann.did("cart_left")
    assert Message.objects.get().state == "queued"
    ann.did("order_completed")
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    story.after(hours=1)
    assert ann.mails() == []
    assert Message.objects.get().state == "cancelled"


def test_a_goal_may_be_a_segment(story: Story) -> None:
    """Entering the segment is the goal (G1)."""
    buyers = story.segment("Buyers", did("order_completed"))
    campaign = story.campaign("Guide", on_event("guide_read"), wait(5), goal=[on_entering(buyers)])
    ann = story.visitor("ann@example.com")
    ann.submits_form()
    ann.did("guide_read")
    story.after(hours=1)
    ann.did("order_completed")
    assert ann.journeys(campaign)[0].converted_at == story.now


def test_the_last_message_before_the_goal_gets_the_credit(story: Story) -> None:
    """Not the one that comes after it (G5)."""
    first, second = story.template("First"), story.template("Second")
    campaign = story.campaign(
        "Guide",
        on_event("guide_read"),
        send(first),
        wait(2),
        send(second),
        goal=[on_event("order_completed")],
    )
    ann = story.visitor("ann@example.com")
    ann.submits_form()
    ann.did("guide_read")
    story.after(days=1)
    ann.did("order_completed")
    story.after(days=2)
    (journey,) = ann.journeys(campaign)
    assert ann.mails() == ["First", "Second"]
    assert Message.objects.get(pk=journey.converted_message_id).subject == "First"


def test_a_goal_in_the_same_batch_as_the_entry_counts(story: Story) -> None:
    """Both arrive together; the order came after the event that started the journey."""
    campaign = story.campaign("Guide", on_event("guide_read"), wait(5), goal=[on_event("order_completed")])
    ann = story.visitor("ann@example.com")
    ann.submits_form()
    ann.did("guide_read", run=False)
    ann.did("order_completed")
    assert ann.journeys(campaign)[0].converted_at is not None


def test_what_happened_before_the_entry_is_no_conversion(story: Story) -> None:
    campaign = story.campaign("Guide", on_event("guide_read"), wait(5), goal=[on_event("order_completed")])
    ann = story.visitor("ann@example.com")
    ann.submits_form()
    ann.did("order_completed")
    story.after(hours=1)
    ann.did("guide_read")
    assert ann.journeys(campaign)[0].converted_at is None


def test_any_event_can_be_a_way_out(story: Story) -> None:
    """Cancelling the subscription ends the journey with that reason (G3)."""
    campaign = story.campaign("Onboarding", on_event("signed_up"), wait(5), exits=[on_event("cancelled")])
    ann = story.visitor("ann@example.com")
    ann.submits_form()
    ann.did("signed_up")
    story.after(days=1)
    ann.did("cancelled")
    (journey,) = ann.journeys(campaign)
    assert journey.state == "exited"
    assert "cancelled" in journey.end_reason


def test_who_no_longer_matches_the_filters_leaves_if_the_campaign_says_so(story: Story) -> None:
    """One campaign watches its filters, the other does not (G3)."""
    trigger = on_event("signed_up")
    watching = story.campaign("Watching", trigger, wait(5), filters=[speaks("nl")], exit_unmatched=True)
    patient = story.campaign("Patient", trigger, wait(5), filters=[speaks("nl")])
    ann = story.visitor("ann@example.com")
    ann.says(locale="nl")
    ann.did("signed_up")
    story.after(days=1)
    ann.says(locale="en")
    assert [j.state for j in ann.journeys(watching)] == ["exited"]
    assert [j.state for j in ann.journeys(patient)] == ["active"]


def test_within_the_grace_a_contact_may_come_back(story: Story) -> None:
    """Who matches again within two hours stays; who does not leaves when they are over (G3)."""
    readers = story.segment("Dutch readers", speaks("nl"))
    campaign = story.campaign(
        "Welcome",
        on_entering(readers),
        wait(9),
        exit_unmatched=True,
        exit_grace=2,
        filters=[belongs(readers)],
    )
    back, gone = story.visitor("back@example.com"), story.visitor("gone@example.com")
    for person in (back, gone):
        person.says(locale="nl")
        person.says(locale="en")
    story.after(hours=1)
    back.says(locale="nl")
    assert [j.state for j in Journey.objects.filter(campaign=campaign)] == ["active", "active"]
    story.after(hours=2)
    assert [j.state for j in back.journeys(campaign)] == ["active"]
    (journey,) = gone.journeys(campaign)
    assert (journey.state, journey.end_reason) == ("exited", "does not match the filters any more")
