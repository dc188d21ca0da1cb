"""Emails sent and journeys are events: segments hear of them at once, once, and loops of campaigns end."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.scenarios.story import Story, leave, on_entering, on_event, send, wait
from wagtail_journeys import pipeline
from wagtail_journeys.emails import delivery
from wagtail_journeys.models import (
    Campaign,
    EmailTemplate,
    Event,
    Journey,
    Membership,
    Message,
    Refusal,
    Segment,
)

pytestmark = pytest.mark.django_db

USUAL = {"did": "did", "occasion": "any", "how_often": "at_least", "count": 1, "period": "ever"}
WEEK = {"period": "last", "amount": 7, "unit": "days"}


def email(
    action: str, template: EmailTemplate | None = None, campaign: Campaign | None = None, **more: object
) -> dict:
    named = {"template": template and template.pk, "campaign": campaign and campaign.pk}
    return {
        "type": "email",
        "value": {**USUAL, "action": action, **named, "link": "", "machines": False, **more},
    }


def campaign(mode: str, which: Campaign | None = None, **more: object) -> dict:
    return {
        "type": "campaign",
        "value": {"mode": mode, "campaign": which and which.pk, "period": "ever", **more},
    }


def inside(segment: Segment) -> set[str]:
    return set(
        Membership.objects.filter(segment=segment, left_at=None).values_list("contact__email", flat=True)
    )


def test_who_was_sent_an_email_is_in_the_segment_until_the_period_is_over() -> None:
    """Sending makes one event per message, which changes segments in the same look; time takes the contact out."""
    story = Story()
    kim, max_ = story.contact("kim@example.com", locale="nl"), story.contact("max@example.com")
    template = story.template("Hello", nl="Hallo")
    drip = story.campaign("Drip", on_event("signed_up"), send(template), wait(30))
    dutch = EmailTemplate.objects.get(subject="Hallo")
    sent = story.segment("Sent", email("sent", dutch, **WEEK))
    of_campaign = story.segment("Of the campaign", email("sent", campaign=drip))
    never = story.segment("Never", email("sent", did="did_not"))
    kim.did("signed_up")
    max_.did("visited")
    assert inside(sent) == inside(of_campaign) == {"kim@example.com"}
    assert inside(never) == {"max@example.com"}
    event = Event.objects.get(name="email_sent")
    message = Message.objects.get()
    assert (event.source, event.contact.email, event.occurred_at) == (
        "engine",
        "kim@example.com",
        message.settled_at,
    )
    assert event.properties == {
        "message": str(message.uuid), "template": template.pk, "template_name": "Hello", "campaign": drip.pk,
        "campaign_name": "Drip", "journey": Journey.objects.get().pk, "step": message.step_id, "chain": 1,
    }  # fmt: skip
    assert (message.claim, message.due_at) == ("", None)
    story.after(days=8)
    assert inside(sent) == set()
    assert inside(of_campaign) == {"kim@example.com"}


def test_a_worker_that_dies_before_telling_leaves_it_to_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that was sent but not told is told later, and one that is told twice is one event."""
    story = Story()
    story.campaign("Drip", on_event("signed_up"), send(story.template("Hello")))
    tell = delivery.telling.tell
    monkeypatch.setattr(delivery.telling, "tell", lambda ids, now: None)
    story.contact("kim@example.com").did("signed_up")
    assert Message.objects.get().state == "sent"
    assert not Event.objects.filter(name="email_sent").exists()
    monkeypatch.setattr(delivery.telling, "tell", tell)
    story.after(minutes=1)
    assert not Event.objects.filter(name="email_sent").exists()  # the worker may still be at it
    story.after(minutes=2)
    tell([Message.objects.get().pk], story.now)
    story.run()
    assert Event.objects.filter(name="email_sent").count() == 1
    assert Message.objects.get().due_at is None


def test_telling_costs_the_same_for_any_number_of_messages() -> None:
    """A batch of sent messages is told with a few statements."""
    counts = []
    for number in (2, 20):
        story = Story()
        drip = story.campaign(
            f"Drip {number}", on_event(f"signed_up_{number}"), send(story.template("Hello"))
        )
        for n in range(number):
            story.contact(f"c{number}-{n}@example.com").did(f"signed_up_{number}", run=False)
        while pipeline.drain(story.now) or pipeline.advance(story.now):
            pass
        ids = list(Message.objects.filter(campaign=drip).values_list("pk", flat=True))
        Message.objects.filter(pk__in=ids).update(state="sent", settled_at=story.now)
        with CaptureQueriesContext(connection) as captured:
            delivery.telling.tell(ids, story.now)
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 5


def test_being_in_a_campaign() -> None:
    """In, completed, left, entered, never: told by the journeys' events, also where there are no steps to take."""
    story = Story()
    kim, max_ = story.contact("kim@example.com"), story.contact("max@example.com")
    drip = story.campaign("Drip", on_event("signed_up"), wait(2))
    segments = {
        mode: story.segment(mode, campaign(mode, drip))
        for mode in ("in", "not_in", "entered", "never", "completed", "left")
    }
    kim.did("signed_up")
    max_.did("visited")
    one, other = {"kim@example.com"}, {"max@example.com"}
    found = {mode: inside(segment) for mode, segment in segments.items()}
    assert found == {
        "in": one, "not_in": other, "entered": one, "never": other, "completed": set(), "left": set(),
    }  # fmt: skip
    story.after(days=2)
    found = {mode: inside(segment) for mode, segment in segments.items()}
    assert found == {
        "in": set(), "not_in": one | other, "entered": one, "never": other, "completed": one, "left": set(),
    }  # fmt: skip
    over = Event.objects.get(name="journey_ended").properties
    assert (over["outcome"], over["campaign_name"], over["version"]) == (
        "completed",
        "Drip",
        drip.current_version.pk,
    )


def test_leaving_and_a_campaign_without_steps() -> None:
    """An exit is no completion; a campaign without steps is entered and completed at once."""
    story = Story()
    exits = story.campaign("Exits", on_event("signed_up"), leave("enough"))
    empty = story.campaign("Empty", on_event("signed_up"))
    left = story.segment("left", campaign("left", exits))
    completed = story.segment("completed", campaign("completed", empty))
    still = story.segment("in", campaign("in"))
    story.contact("kim@example.com").did("signed_up")
    assert inside(left) == inside(completed) == {"kim@example.com"}
    assert inside(still) == set()
    assert (
        Event.objects.get(name="journey_ended", properties__campaign=exits.pk).properties["reason"]
        == "enough"
    )


def test_campaigns_that_start_themselves_come_to_an_end() -> None:
    """A campaign that listens to its own journeys, directly or by way of a segment, is cut with a reason (S7)."""
    story = Story()
    story.campaign("Echo", on_event("journey_ended"), frequency="every_time")
    fresh = story.segment("Sent just now", email("sent"))
    story.campaign("Once", on_entering(fresh), leave())
    story.campaign("Start", on_event("signed_up"), leave())
    story.contact("kim@example.com").did("signed_up")
    story.run()
    assert Journey.objects.filter(campaign__name="Echo").count() <= 11
    assert Refusal.objects.filter(campaign__name="Echo", reason="chain").exists()


def test_opens_and_clicks_are_those_of_people_unless_machines_are_asked_for() -> None:
    """Human by default; a link is found by a part of its address."""
    story = Story()
    human, any_, link = (
        story.segment("human", email("opened")),
        story.segment("machines too", email("opened", machines=True)),
        story.segment("link", email("clicked", link="/shop")),
    )
    for who, name, verdict in (
        ("kim", "email_opened", "human"), ("max", "email_opened", "machine"), ("ada", "email_clicked", "human"),
        ("bob", "email_clicked", "machine"),
    ):  # fmt: skip
        properties = {"verdict": verdict, "url": "https://example.com/shop/chairs/"}
        story.contact(f"{who}@example.com").did(name, properties=properties)
    assert inside(human) == {"kim@example.com"}
    assert inside(any_) == {"kim@example.com", "max@example.com"}
    assert inside(link) == {"ada@example.com"}
