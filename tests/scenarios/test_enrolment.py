"""Contacts who are added: by people, from a segment, on going live; in parts, and never twice."""

from __future__ import annotations

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.scenarios.story import Story, on_entering, on_event, speaks, wait, when_added
from wagtail_journeys import pipeline
from wagtail_journeys.exceptions import EnrolRefused
from wagtail_journeys.journeys import enrolment
from wagtail_journeys.models import (
    Campaign,
    Contact,
    EnrolRequest,
    Journey,
    Membership,
    PendingEntry,
    Refusal,
)

Source, State = EnrolRequest.Source, EnrolRequest.State


def crowd(story: Story, number: int, **fields: object) -> list[int]:
    start = Contact.objects.count()
    people = [
        Contact(email=f"p{start + n}@example.com", created_at=story.now, **fields) for n in range(number)
    ]
    return [contact.pk for contact in Contact.objects.bulk_create(people)]


def ask(story: Story, campaign: Campaign, contacts: list[int], **given: object) -> EnrolRequest:
    skip = bool(given.pop("skip_trigger", False))
    request = enrolment.draft(campaign, Source.PASTED, story.now, contacts=contacts, **given)
    return enrolment.ask(request, skip_trigger=skip)


def again(request: EnrolRequest) -> EnrolRequest:
    request.refresh_from_db()
    return request


def entered(campaign: Campaign) -> int:
    return Journey.objects.filter(campaign=campaign).count()


def test_everybody_who_is_added_goes_through_the_checks(story: Story):
    """Filters and frequency refuse as ever, with the reason; the request counts both (E8)."""
    campaign = story.campaign("Dutch tips", when_added(), wait(1), filters=[speaks("nl")])
    dutch, others = crowd(story, 3, locale="nl"), crowd(story, 2, locale="en")
    request = ask(story, campaign, dutch + others)
    story.run()
    assert (again(request).state, request.entered, request.refused) == (State.DONE, 3, {"filters": 2})
    assert not PendingEntry.objects.exists()
    request = ask(story, campaign, dutch)
    story.run()
    assert (again(request).entered, request.refused) == (0, {"frequency": 3})
    assert entered(campaign) == 3
    assert set(Refusal.objects.values_list("reason", flat=True)) == {"filters", "frequency"}


def test_the_forecast_is_what_happens(story: Story):
    """The dry run writes nothing, and its numbers are those of the run (E8)."""
    campaign = story.campaign("Dutch tips", when_added(), wait(1), filters=[speaks("nl")], entry_cap=3)
    people = crowd(story, 4, locale="nl") + crowd(story, 2, locale="en")
    request = enrolment.draft(campaign, Source.PASTED, story.now, contacts=people)
    told = enrolment.forecast(request, story.now)
    assert (told.total, told.looked_at, told.entering, told.refused) == (6, 6, 3, {"filters": 2, "cap": 1})
    assert not Refusal.objects.exists() and not Journey.objects.exists()
    enrolment.ask(request)
    story.run()
    assert (again(request).entered, request.refused) == (told.entering, told.refused)


def test_a_campaign_with_a_trigger_of_its_own_is_entered_past_it_only_when_that_is_said(story: Story):
    """Skipping the trigger is a choice that somebody makes."""
    campaign = story.campaign("Downloads", on_event("document_download"), wait(1))
    people = crowd(story, 1)
    with pytest.raises(EnrolRefused, match="trigger"):
        ask(story, campaign, people)
    ask(story, campaign, people, skip_trigger=True)
    story.run()
    assert entered(campaign) == 1


def test_what_is_not_live_takes_nobody(story: Story):
    """Neither a draft nor a paused campaign is asked; one that is paused meanwhile goes on with its request later."""
    campaign = story.campaign("Tips", when_added(), wait(1))
    people = crowd(story, 2)
    request = ask(story, campaign, people)
    Campaign.objects.filter(pk=campaign.pk).update(state=Campaign.State.PAUSED)
    with pytest.raises(EnrolRefused, match="not live"):
        ask(story, campaign, people)
    story.run()
    assert (again(request).state, entered(campaign)) == (State.WAITING, 0)
    Campaign.objects.filter(pk=campaign.pk).update(state=Campaign.State.RUNNING)
    story.run()
    assert (again(request).state, entered(campaign)) == (State.DONE, 2)


def test_a_request_ends_with_its_campaign(story: Story):
    """Nothing is collected for a campaign that does not run: a request does not wake up with the next start (E5)."""
    campaign = story.campaign("Tips", when_added(), wait(1))
    request = ask(story, campaign, crowd(story, 2))
    Campaign.objects.filter(pk=campaign.pk).update(live=False)
    story.run()
    assert again(request).state == State.CANCELLED
    Campaign.objects.filter(pk=campaign.pk).update(live=True)
    story.run()
    assert entered(campaign) == 0


def test_who_is_killed_in_the_middle_goes_on_and_adds_nobody_twice(
    story: Story, monkeypatch: pytest.MonkeyPatch
):
    """A part is done or not; every contact enters once, also where a campaign may be entered every time (E4)."""
    campaign = story.campaign("Tips", when_added(), wait(1), frequency="every_time", may_overlap=True)
    request = ask(story, campaign, crowd(story, 25))
    assert pipeline.enrol(story.now, 10) == 10

    class Killed(BaseException):
        pass

    def die(part: object, now: datetime.datetime) -> None:
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(enrolment, "settle", die)
        pipeline.enrol(story.now, 10)
    assert entered(campaign) == 10
    assert (again(request).entered, request.state) == (10, State.WAITING)
    while pipeline.enrol(story.now, 10):
        pass
    assert (again(request).entered, request.state, entered(campaign)) == (25, State.DONE, 25)
    EnrolRequest.objects.update(state=State.WAITING, cursor=0)  # as if nobody had noted that it was done
    pipeline.enrol(story.now)
    assert entered(campaign) == 25


def test_cancelling_keeps_those_who_are_in_and_lets_in_nobody_else(story: Story):
    """Cancelled halfway, half are inside."""
    campaign = story.campaign("Tips", when_added(), wait(1))
    request = ask(story, campaign, crowd(story, 20))
    pipeline.enrol(story.now, 10)
    assert enrolment.cancel(request, story.now)
    story.run()
    assert (again(request).state, request.entered, entered(campaign)) == (State.CANCELLED, 10, 10)
    assert not enrolment.cancel(request, story.now)


def test_a_small_request_does_not_wait_for_a_large_one(story: Story):
    """Whoever adds one contact sees it inside while a thousand others are being added."""
    campaign = story.campaign("Tips", when_added(), wait(1))
    ask(story, campaign, crowd(story, 30))
    pipeline.enrol(story.now, 10)
    (single,) = crowd(story, 1)
    ask(story, campaign, [single])
    pipeline.enrol(story.now, 10)
    assert Journey.objects.filter(contact=single).exists()


def test_the_statements_of_a_part_do_not_depend_on_its_contacts(story: Story):
    """Ten contacts or two hundred (design rule 2)."""
    campaign = story.campaign(
        "Tips", when_added(), wait(1), filters=[speaks("nl")], frequency="interval", interval=3, entry_cap=900
    )
    counted = []
    for number in (10, 10, 200):
        ask(story, campaign, crowd(story, number, locale="nl"))
        with CaptureQueriesContext(connection) as captured:
            assert pipeline.enrol(story.now, 1000) == number
        counted.append(len(captured))
    assert entered(campaign) == 220
    assert counted[1] == counted[2] <= 25


def test_going_live_takes_in_who_is_there_only_when_that_is_chosen(story: Story):
    """Future only is the default; else those who are in the segment at the moment of publishing enter as well (E5)."""
    dutch = story.segment("Dutch", speaks("nl"))
    people = [story.contact(f"p{n}@example.com", locale="en") for n in range(3)]
    for person in people:
        person.says(locale="nl")
    future = story.campaign("Future", on_entering(dutch), wait(1))
    both = story.campaign("Both", on_entering(dutch), wait(1))
    assert enrolment.present(both) == 3
    request = enrolment.enrol_present(both, story.now)
    assert enrolment.enrol_present(both, story.now) == request
    story.after(minutes=1)
    late = story.contact("late@example.com", locale="en")
    late.says(locale="nl")
    assert (entered(future), entered(both)) == (1, 4)
    assert again(request).entered == 3
    assert len(late.journeys()) == 2
    assert "went live" in people[0].journeys(both)[0].note


def test_the_baseline_is_the_moment_of_publishing(story: Story):
    """Who comes into the segment after it enters by the trigger; who has left before its turn stays outside (E5)."""
    dutch = story.segment("Dutch", speaks("nl"))
    ann, bob = (story.contact(f"{name}@example.com", locale="en") for name in ("ann", "bob"))
    ann.says(locale="nl")
    campaign = story.campaign(
        "Welcome", on_entering(dutch), wait(1), frequency="every_time", may_overlap=True
    )
    enrolment.enrol_present(campaign, story.now)
    story.now += datetime.timedelta(seconds=1)
    Membership.objects.filter(contact=ann.contact).update(left_at=story.now)
    bob.says(locale="nl")
    assert len(bob.journeys(campaign)) == 1
    assert ann.journeys(campaign) == []


def test_a_campaign_with_another_trigger_has_nobody_present(story: Story):
    """There is no segment to take contacts from."""
    campaign = story.campaign("Downloads", on_event("document_download"), wait(1))
    assert (enrolment.present(campaign), enrolment.enrol_present(campaign, story.now)) == (0, None)


def test_entering_a_segment_before_matching_the_filters_has_a_second_chance(story: Story):
    """As with an event: tested again on every change until the window is over (E3)."""
    dutch = story.segment("Dutch", speaks("nl"))
    campaign = story.campaign("Named", on_entering(dutch), wait(1), filters=[named("Kim")])
    kim = story.contact("kim@example.com", locale="en")
    kim.says(locale="nl")
    story.after(minutes=4)
    kim.says(first_name="Kim")
    assert len(kim.journeys(campaign)) == 1
    assert PendingEntry.objects.get().reason == "entered after 4 min"
    lou = story.contact("lou@example.com", locale="en")
    lou.says(locale="nl")
    story.after(minutes=31)
    lou.says(first_name="Kim")
    assert lou.journeys(campaign) == []
    assert PendingEntry.objects.get(contact=lou.contact).state == PendingEntry.State.GAVE_UP


def test_who_has_left_the_segment_meanwhile_has_no_second_chance(story: Story):
    """Matching the filters is not enough where the segment was what it was about (E3, E7)."""
    dutch = story.segment("Dutch", speaks("nl"))
    campaign = story.campaign("Named", on_entering(dutch), wait(1), filters=[named("Kim")])
    kim = story.contact("kim@example.com", locale="en")
    kim.says(locale="nl")
    story.after(minutes=2)
    kim.says(locale="en")
    kim.says(first_name="Kim")
    assert kim.journeys(campaign) == []
    assert "no longer" in PendingEntry.objects.get().reason


def test_who_is_added_by_a_step_to_a_paused_campaign_is_told(story: Story):
    """Added by name and not let in: the reason stands on the timeline (E8)."""
    from tests.scenarios.story import start

    paused = story.campaign("Follow-up", when_added(), wait(1))
    Campaign.objects.filter(pk=paused.pk).update(state=Campaign.State.PAUSED)
    story.campaign("Webinar", on_event("webinar_seen"), start(paused))
    ann = story.contact("ann@example.com")
    ann.did("webinar_seen")
    story.run()
    assert ann.journeys(paused) == []
    assert Refusal.objects.get(campaign=paused).reason == Refusal.Reason.NOT_LIVE


def named(name: str) -> dict:
    from tests.scenarios.story import attribute

    return attribute("first_name", "is", name)
