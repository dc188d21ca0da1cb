"""Between queueing and hand-over: what is true at the last moment decides (G4)."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest
from django.core import mail
from django.db.models import Q

from tests.scenarios.story import Person, Story, on_event, send, wait
from wagtail_journeys import pipeline
from wagtail_journeys.contacts import consent, suppression
from wagtail_journeys.contacts.models import Topic
from wagtail_journeys.emails import delivery
from wagtail_journeys.journeys import endings
from wagtail_journeys.journeys.gate import JourneyGate
from wagtail_journeys.models import Campaign, Journey, Message


def bought(story: Story, ann: Person, topic: Topic) -> None:
    ann.did("bought", run=False)
    pipeline.drain(story.now)


def left(story: Story, ann: Person, topic: Topic) -> None:
    ann.did("moved", run=False)
    pipeline.drain(story.now)


def unsubscribed(story: Story, ann: Person, topic: Topic) -> None:
    consent.record([ann.contact.pk], topic, consent.REFUSED, "test", story.now)


def blocked(story: Story, ann: Person, topic: Topic) -> None:
    suppression.suppress(ann.email, "hard_bounce", "", story.now)


def taken_out(story: Story, ann: Person, topic: Topic) -> None:
    endings.end(Journey.objects.filter(contact=ann.contact), "by hand", story.now)


def unpublished(story: Story, ann: Person, topic: Topic) -> None:
    Campaign.objects.update(live=False)


def paused(story: Story, ann: Person, topic: Topic) -> None:
    Campaign.objects.update(state=Campaign.State.PAUSED)


#: What becomes of the message, and a word of its reason.
HAPPENINGS = [
    (bought, "cancelled", "ended"),
    (left, "cancelled", "ended"),
    (unsubscribed, "cancelled", "agreed to the topic"),
    (blocked, "cancelled", "suppressed"),
    (taken_out, "cancelled", "ended"),
    (unpublished, "queued", ""),
    (paused, "queued", ""),
]


def queued(story: Story) -> tuple[Person, Topic]:
    """A message in the queue of a contact who waits at the next step."""
    topic = Topic.objects.create(name="News", slug="news", mode=Topic.Mode.OPT_OUT)
    story.campaign(
        "News",
        on_event("read"),
        send(story.template("News")),
        wait(1),
        topic=topic,
        goal=[on_event("bought")],
        stop_on_goal=True,
        exits=[on_event("moved")],
    )
    ann = story.contact("ann@example.com")
    ann.did("read", run=False)
    pipeline.drain(story.now)
    pipeline.advance(story.now)
    assert Message.objects.get().state == "queued"
    return ann, topic


@pytest.mark.parametrize(
    ("happening", "state", "said"), HAPPENINGS, ids=lambda each: getattr(each, "__name__", "")
)
def test_what_happens_after_the_claim_keeps_the_message(
    story: Story, happening: Callable[..., None], state: str, said: str
) -> None:
    """The message is claimed and filled in; then it happens; the statement that would mark it finds out."""

    class Meanwhile(JourneyGate):
        def allowed(self, now: datetime.datetime) -> Q:
            happening(story, ann, topic)
            return super().allowed(now)

    ann, topic = queued(story)
    delivery.deliver(lambda: story.now, Meanwhile(), 10)
    message = Message.objects.get()
    assert (message.state, said in message.reason) == (state, True)
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("happening", "state", "said"), HAPPENINGS, ids=lambda each: getattr(each, "__name__", "")
)
def test_what_happens_in_the_queue_keeps_the_message(
    story: Story, happening: Callable[..., None], state: str, said: str
) -> None:
    """The same while the message waits to be claimed; a campaign that stands still keeps it in the queue."""
    ann, topic = queued(story)
    happening(story, ann, topic)
    pipeline.deliver(story.now)
    message = Message.objects.get()
    assert (message.state, said in message.reason) == (state, True)
    assert mail.outbox == []
