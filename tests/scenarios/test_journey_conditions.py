"""Steps that ask about the journey itself: its event, its emails, its earlier steps."""

from __future__ import annotations

from typing import Any

from tests.scenarios.story import Story, branch, on_event, points, send, speaks, until, wait
from wagtail_journeys.campaigns import boxes, checks, event_needs
from wagtail_journeys.events.inbox import Incoming, accept
from wagtail_journeys.models import Campaign, Journey, Visit


def this_email(action: str, step: str = "", did: str = "did", machines: bool = False) -> dict[str, Any]:
    value = {"did": did, "action": action, "step": step, "link": "", "machines": machines}
    return {"type": "this_email", "value": value}


def this_event(name: str, operator: str, value: str = "") -> dict[str, Any]:
    item = {"type": "item", "value": {"property": name, "operator": operator, "value": value}}
    return {
        "type": "this_event",
        "value": {"page": None, "section": None, "document": None, "properties": [item]},
    }


def this_did(name: str, did: str = "did", count: int = 1) -> dict[str, Any]:
    value = {"did": did, "event": name, "page": None, "section": None, "document": None, "properties": []}
    return {"type": "this_did", "value": {**value, "count": count}}


def opened(story: Story, journey: Journey, step: str, verdict: str = "human") -> None:
    """The mail server's door tells of an open."""
    properties = {"journey": journey.pk, "step": step, "verdict": verdict}
    incoming = Incoming(
        source="mail",
        name="email_opened",
        occurred_at=story.now,
        contact_id=journey.contact_id,
        properties=properties,
    )
    accept(incoming, story.now)
    story.run()


def test_the_event_that_started_the_journey_decides(story: Story) -> None:
    """Each of two journeys of one contact is asked about its own event."""
    campaign = story.campaign(
        "Order",
        on_event("order"),
        branch(this_event("total", "at_least", "100"), yes=[points(10)], no=[points(1)]),
        frequency="every_time",
        may_overlap=True,
    )
    ann = story.contact("ann@example.com")
    ann.did("order", properties={"total": 150}, run=False)
    ann.did("order", properties={"total": 20}, run=False)
    story.run()
    visits = Visit.objects.filter(journey__campaign=campaign).exclude(arm="").order_by("journey_id")
    assert list(visits.values_list("arm", flat=True)) == ["yes", "no"]
    assert ann.contact.points == 11


def test_an_open_of_this_journey_ends_the_wait(story: Story) -> None:
    """An open of another email, or one by a machine, does not; that of this step does, at once (S3)."""
    template = story.template("News")
    first = {**send(template), "id": "11111111-1111-4111-8111-111111111111"}
    campaign = story.campaign(
        "News",
        on_event("signed_up"),
        first,
        until(this_email("opened", first["id"]), happened=[points(5)], timed_out=[points(1)]),
    )
    ann = story.contact("ann@example.com")
    ann.did("signed_up")
    (journey,) = ann.journeys(campaign)
    story.after(hours=1)
    opened(story, journey, "another-step")
    opened(story, journey, first["id"], "automated")
    assert ann.path(campaign)[-1] == "wait_condition:"
    opened(story, journey, first["id"])
    assert ann.path(campaign)[1:] == ["wait_condition:happened", "points:passed"]


def test_an_open_of_an_earlier_journey_does_not_count(story: Story) -> None:
    """Who opened the email of the last run has not opened that of this one."""
    template = story.template("News")
    campaign = story.campaign(
        "News",
        on_event("signed_up"),
        send(template),
        wait(1),
        branch(this_email("opened"), yes=[points(5)], no=[points(1)]),
        frequency="every_time",
    )
    ann = story.contact("ann@example.com")
    ann.did("signed_up")
    opened(story, ann.journeys(campaign)[0], "")
    story.after(days=1)
    ann.did("signed_up")
    story.after(days=1)
    arms = Visit.objects.filter(journey__campaign=campaign).exclude(arm="").order_by("pk")
    assert list(arms.values_list("arm", flat=True)) == ["yes", "no"]


def test_what_was_sent_is_known_to_the_next_step(story: Story) -> None:
    """A reminder goes only to those whom the first email reached."""
    first, second = story.template("Hello {{ contact.first_name }}"), story.template("Reminder")
    story.campaign("Hello", on_event("signed_up"), send(first), wait(1), send(second, this_email("sent")))
    ann, bob = story.contact("ann@example.com", first_name="Ann"), story.contact("bob@example.com")
    for person in (ann, bob):
        person.did("signed_up")
    story.after(days=1)
    assert (ann.mails(), bob.mails()) == (["Hello Ann", "Reminder"], [])


def test_an_earlier_way_is_remembered(story: Story) -> None:
    """Two arms have met again; a later step still knows who took which."""
    fork = {**branch(speaks("nl")), "id": "22222222-2222-4222-8222-222222222222"}
    took = {"type": "this_step", "value": {"mode": "arm", "step": fork["id"], "arm": "yes"}}
    campaign = story.campaign("Fork", on_event("read"), fork, wait(1), branch(took, yes=[points(7)]))
    ann, bob = story.contact("ann@example.com", locale="nl"), story.contact("bob@example.com", locale="en")
    for person in (ann, bob):
        person.did("read")
    ann.says(locale="en")
    story.after(days=1)
    assert (ann.contact.points, bob.contact.points) == (7, 0)
    sentences = [node.sentence for node in boxes.read(campaign.raw_steps)]
    assert sentences[2].startswith("If took “Yes” at “if language is")


def test_what_happened_since_entering(story: Story) -> None:
    """What was done before, and the event that started the journey, do not count."""
    campaign = story.campaign(
        "Cart", on_event("cart"), wait(1), branch(this_did("cart"), yes=[points(5)], no=[points(1)])
    )
    ann, bob = story.contact("ann@example.com"), story.contact("bob@example.com")
    for person in (ann, bob):
        person.did("cart")
    story.after(hours=2)
    bob.did("cart")
    story.after(days=1)
    assert (ann.contact.points, bob.contact.points) == (1, 5)
    assert Campaign.objects.get(pk=campaign.pk).live is True


def test_events_that_steps_ask_about_are_known_to_the_catalogue(story: Story) -> None:
    """A condition on the journey that names an event is a need for it, like any other."""
    campaign = story.campaign("Cart", on_event("cart"), branch(this_did("paid"), yes=[points(1)]))
    assert event_needs.names_of(campaign) == ({"cart"}, {"paid"})


def test_a_journey_condition_of_a_host_app(story: Story) -> None:
    """One file of the site's own, found by its name, stands beside ours."""
    monday = {"type": "hostapp_entered_on", "value": {"weekday": 1}}
    campaign = story.campaign("Day", on_event("read"), branch(monday, yes=[points(2)], no=[points(1)]))
    ann, bob = story.contact("ann@example.com"), story.contact("bob@example.com")
    ann.did("read")
    story.after(days=1)
    bob.did("read")
    assert (ann.contact.points, bob.contact.points) == (2, 1)
    assert "day 1 of the week" in boxes.read(campaign.raw_steps)[0].sentence


def test_a_step_that_asks_about_the_journey_can_go_live(story: Story) -> None:
    """The review finds nothing wrong with it, and says what cannot be read."""
    campaign = story.campaign("Cart", on_event("cart"), branch(this_did("paid"), yes=[points(1)]))
    found = list(checks.registry["conditions"].findings(checks.Draft(campaign, story.now)))
    assert found == []
    broken = story.campaign(
        "Broken", on_event("cart"), branch(speaks("nl"), this_event("total", "no_such"), yes=[points(1)])
    )
    (finding,) = checks.registry["conditions"].findings(checks.Draft(broken, story.now))
    assert (finding.level, "this_event" in finding.message) == ("error", True)
