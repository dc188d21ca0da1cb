from __future__ import annotations

import datetime

import pytest

from tests.scenarios.story import START, Person, Story, on_entering, on_event, send, speaks, wait
from wagtail_journeys.contacts import consent, suppression
from wagtail_journeys.models import Campaign, Journey, Refusal, Topic


def refusals(campaign: Campaign) -> list[str]:
    return list(Refusal.objects.filter(campaign=campaign).order_by("pk").values_list("reason", flat=True))


def bought(story: Story, **properties: object) -> Person:
    person = story.contact(f"p{len(properties)}{len(str(properties))}@example.com")
    person.did("order_completed", properties=properties)
    return person


def where(name: str, operator: str, value: str = "") -> dict:
    return {"type": "item", "value": {"property": name, "operator": operator, "value": value}}


def test_the_event_itself_is_filtered(story: Story):
    """Properties of the triggering event decide, all of them; the contact may change as it likes afterwards (E2)."""
    rules = [where("total", "at_least", "100"), where("country", "is", "NL")]
    campaign = story.campaign("Big orders", on_event("order_completed", properties=rules), wait(1))
    people = [
        bought(story, total=120, country="NL"),
        bought(story, total=99, country="NL", a=1),
        bought(story, total=120, country="BE", a=1, b=2),
        bought(story, country="NL"),
    ]
    assert [len(person.journeys(campaign)) for person in people] == [1, 0, 0, 0]


def test_leaving_a_segment_and_entering_it_again_starts_again(story: Story):
    """With "every time", a stay in the segment is one start, and a second stay is a second one (E7)."""
    dutch = story.segment("Dutch", speaks("nl"))
    campaign = story.campaign("Welcome", on_entering(dutch), wait(1), frequency="every_time")
    kim = story.contact("kim@example.com", locale="en")
    kim.says(locale="nl")
    kim.says(first_name="Kim")
    assert len(kim.journeys(campaign)) == 1
    story.after(days=2)
    kim.says(locale="en")
    assert len(kim.journeys(campaign)) == 1
    kim.says(locale="nl")
    assert [journey.state for journey in kim.journeys(campaign)] == ["completed", "active"]


@pytest.mark.parametrize(
    ("dates", "reason"),
    [
        ({"starts_at": START + datetime.timedelta(hours=1)}, Refusal.Reason.NOT_STARTED),
        ({"ends_at": START - datetime.timedelta(hours=1)}, Refusal.Reason.ENDED),
    ],
)
def test_outside_of_its_dates_a_campaign_lets_nobody_in(story: Story, dates: dict, reason: str):
    """Before its start and after its end a campaign refuses, and says which (E8)."""
    campaign = story.campaign("Spring", on_event("page_view"), wait(1), **dates)
    kim = story.contact("kim@example.com")
    kim.did("page_view")
    assert kim.journeys(campaign) == []
    assert refusals(campaign) == [reason]


def test_the_first_check_that_fails_is_the_reason(story: Story):
    """Dates, then filters, then frequency, then consent: one reason is recorded, that of the first (E8)."""
    topic = Topic.objects.create(name="Tips", slug="tips", mode=Topic.Mode.OPT_IN)
    kim = story.contact("kim@example.com", locale="en")
    campaign = story.campaign(
        "Tips",
        on_event("page_view"),
        wait(1),
        filters=[speaks("nl")],
        matching_window=0,
        topic=topic,
        ends_at=START + datetime.timedelta(days=9),
    )
    kim.did("page_view")
    assert refusals(campaign) == [Refusal.Reason.FILTERS]
    kim.says(locale="nl")
    kim.did("page_view")
    assert refusals(campaign) == [Refusal.Reason.FILTERS, Refusal.Reason.CONSENT]
    consent.record([kim.contact], topic, consent.GRANTED, "form", story.now)
    kim.did("page_view")
    assert len(kim.journeys(campaign)) == 1
    story.after(days=2)
    consent.record([kim.contact], topic, consent.REFUSED, "form", story.now)
    kim.did("page_view")
    assert refusals(campaign)[2:] == [Refusal.Reason.FREQUENCY]
    story.after(days=9)
    kim.did("page_view")
    assert refusals(campaign)[3:] == [Refusal.Reason.ENDED]


def test_a_suppressed_address_enters_nothing(story: Story):
    """Also a campaign that ignores topics refuses a contact whose address is suppressed (C1, E8)."""
    template = story.template("Receipt")
    campaign = story.campaign("Receipts", on_event("order_completed"), send(template))
    kim = story.contact("kim@example.com")
    suppression.suppress("Kim@Example.com", "hard_bounce", "", story.now)
    kim.did("order_completed")
    assert kim.journeys(campaign) == []
    assert refusals(campaign) == [Refusal.Reason.SUPPRESSED]


def test_a_campaign_that_is_stopping_finishes_with_those_inside(story: Story):
    """Stopping: nobody enters, and whoever is inside comes to the end (P2)."""
    campaign = story.campaign("Slow", on_event("page_view"), wait(1))
    kim, ada = story.contact("kim@example.com"), story.contact("ada@example.com")
    kim.did("page_view")
    Campaign.objects.filter(pk=campaign.pk).update(state=Campaign.State.STOPPING)
    ada.did("page_view")
    story.after(days=1)
    assert [journey.state for journey in kim.journeys()] == [Journey.State.COMPLETED]
    assert ada.journeys() == []


def test_after_an_outage_everything_overdue_goes_on(story: Story):
    """Clusters that were away for a week find what is due, and each contact goes on by as much as its waits allow (T3)."""
    template = story.template("Tips")
    campaign = story.campaign("Series", on_event("page_view"), wait(1), send(template), wait(30))
    people = [story.contact(f"p{n}@example.com") for n in range(3)]
    for person in people:
        person.did("page_view")
    story.after(days=7)
    for person in people:
        assert person.path(campaign) == ["wait:passed", "send_email:passed", "wait:"]
        assert person.mails() == ["Tips"]
    due = Journey.objects.order_by().values_list("due_at", flat=True).distinct()
    assert list(due) == [story.now + datetime.timedelta(days=30)]
