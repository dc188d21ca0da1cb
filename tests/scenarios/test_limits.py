"""How many emails a contact gets at most, told as stories (C4), and no email twice to one address (C5)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.story import Story, on_event, send, wait
from wagtail_journeys.contacts.models import Contact, Topic
from wagtail_journeys.models import Message, SendingLimit, Visit
from wagtail_journeys.reporting import campaigns as counting


@pytest.fixture
def news(db: None) -> Topic:
    return Topic.objects.create(name="News", slug="news", mode=Topic.Mode.OPT_OUT)


def mail(template: Any, when_full: str, amount: int = 2, unit: str = "days") -> dict[str, Any]:
    block = send(template)
    block["value"] |= {"when_full": when_full, "room_amount": amount, "room_unit": unit}
    return block


def at_most(most: int, period: int = 1, unit: str = "days", topic: Topic | None = None) -> SendingLimit:
    return SendingLimit.objects.create(most=most, period=period, unit=unit, topic=topic)


def test_who_waits_for_room_gets_the_email_when_there_is(story: Story, news: Topic) -> None:
    """The second email of a day waits until the first is a day old, and says so; what follows waits with it."""
    at_most(1)
    first, second = story.template("One"), story.template("Two")
    campaign = story.campaign(
        "Two", on_event("read"), mail(first, "wait"), mail(second, "wait"), wait(1), topic=news
    )
    ann = story.contact("ann@example.com")
    ann.did("read")
    story.after(minutes=2)
    assert ann.mails() == ["One"]
    assert ann.path(campaign) == ["send_email:passed", "send_email:"]
    held = Visit.objects.get(journey__campaign=campaign, left_at=None)
    assert "at most 1 email in 1 day" in held.reason
    story.after(hours=23, minutes=57)
    assert ann.mails() == ["One"]
    story.after(minutes=1)
    assert ann.mails() == ["One", "Two"]
    assert ann.path(campaign)[-1] == "wait:"
    assert "sending limit" in Visit.objects.get(pk=held.pk).reason
    counted = counting.numbers(campaign)
    assert sum(step.messages["capped"] for step in counted.steps.values()) == 1


def test_after_the_longest_wait_the_email_is_skipped(story: Story, news: Topic) -> None:
    """There is no room within an hour: it is not sent, and the journey goes on."""
    at_most(1)
    template = story.template("News")
    campaign = story.campaign(
        "Two",
        on_event("read"),
        mail(template, "wait"),
        mail(template, "wait", 1, "hours"),
        wait(1),
        topic=news,
    )
    ann = story.contact("ann@example.com")
    ann.did("read")
    story.after(minutes=2).after(minutes=58)
    assert ann.path(campaign) == ["send_email:passed", "send_email:skipped", "wait:"]
    story.after(days=3)
    assert ann.mails() == ["News"]


@pytest.mark.parametrize(
    ("choice", "last", "state"),
    [("skip", "send_email:skipped", "completed"), ("exit", "send_email:exited", "exited")],
)
def test_an_email_without_room_is_skipped_or_ends_the_journey(
    story: Story, news: Topic, choice: str, last: str, state: str
) -> None:
    """As the editor chose; the message is written down as not sent, with the limit as its reason."""
    at_most(2, 7)
    template = story.template("News")
    for name in ("First", "Second"):
        story.campaign(name, on_event("read"), mail(template, "skip"), topic=news)
    campaign = story.campaign("Third", on_event("bought"), mail(template, choice), topic=news)
    ann = story.contact("ann@example.com")
    ann.did("read")
    ann.did("bought")
    assert ann.mails() == ["News", "News"]
    assert ann.path(campaign) == [last]
    (journey,) = ann.journeys(campaign)
    assert journey.state == state
    message = Message.objects.get(campaign=campaign)
    assert (message.state, message.capped_at) == ("cancelled", story.now)
    assert "at most 2 emails in 7 days" in message.reason


def test_a_limit_of_one_topic_leaves_the_others_alone(story: Story, news: Topic) -> None:
    """And transactional email neither asks for room nor takes it."""
    offers = Topic.objects.create(name="Offers", slug="offers", mode=Topic.Mode.OPT_OUT)
    at_most(1, 30, topic=offers)
    template = story.template("Mail")
    for topic in (None, None, news, news, offers, offers):
        story.campaign(f"To {topic}", on_event("read"), mail(template, "skip"), topic=topic)
    ann = story.contact("ann@example.com")
    ann.did("read")
    story.after(minutes=2)
    assert len(ann.mails()) == 5
    assert Message.objects.filter(capped_at__isnull=False).count() == 1


def test_the_campaign_with_the_lowest_priority_number_gets_the_last_place(story: Story, news: Topic) -> None:
    """Two campaigns start with the same event; whichever was made first, the more important one sends."""
    at_most(1)
    for name, priority in (("Usual", 100), ("Important", 1)):
        template = story.template(name)
        story.campaign(name, on_event("read"), mail(template, "skip"), topic=news, priority=priority)
    ann = story.contact("ann@example.com")
    ann.did("read")
    story.after(minutes=2)
    assert ann.mails() == ["Important"]


def test_what_was_not_sent_takes_no_room(story: Story, news: Topic) -> None:
    """An email that cannot be filled in gives its place to the next."""
    at_most(1)
    broken, good = story.template("Hello {{ contact.first_name }}"), story.template("Good")
    story.campaign("Two", on_event("read"), mail(broken, "skip"), mail(good, "skip"), topic=news)
    ann = story.contact("ann@example.com")
    ann.did("read")
    story.after(minutes=2)
    assert ann.mails() == ["Good"]


# --- one address -----------------------------------------------------------------------------------------------------------


def same_address(story: Story) -> tuple[Any, Any]:
    """Two contacts with one address, as a careless import in SQL leaves them."""
    ann, twin = story.contact("ann@example.com"), story.contact("twin@example.com")
    Contact.objects.filter(email="twin@example.com").update(email="ANN@example.com")
    twin.email = "ANN@example.com"
    return ann, twin


def did(story: Story, contact: Contact, name: str) -> None:
    from wagtail_journeys.events.inbox import Incoming, accept

    accept(Incoming(source="t", name=name, occurred_at=story.now, contact_id=contact.pk), story.now)


def test_one_send_reaches_an_address_once(story: Story) -> None:
    """The second contact of the same address goes on without the email, which says why (C5)."""
    template = story.template("News")
    campaign = story.campaign("News", on_event("read"), send(template), wait(1))
    ann, twin = same_address(story)
    for person in (ann, twin):
        did(story, person.contact, "read")
    story.run()
    assert sorted(Message.objects.values_list("state", flat=True)) == ["cancelled", "sent"]
    assert "another contact" in Message.objects.get(state="cancelled").reason
    assert twin.path(campaign) == ["send_email:passed", "wait:"]


def test_another_send_of_the_same_step_may_reach_it_again(story: Story) -> None:
    """Where contacts may enter every time, each event is a send of its own."""
    template = story.template("News")
    story.campaign("News", on_event("read"), send(template), frequency="every_time")
    ann = story.contact("ann@example.com")
    for _time in range(3):
        ann.did("read")
    assert ann.mails() == ["News"] * 3


def test_a_step_of_the_same_template_is_another_send(story: Story) -> None:
    """A reminder with the same template is sent, too."""
    template = story.template("News")
    story.campaign("News", on_event("read"), send(template), send(template))
    ann = story.contact("ann@example.com")
    ann.did("read")
    assert ann.mails() == ["News"] * 2
