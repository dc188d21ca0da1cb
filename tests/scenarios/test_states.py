"""The life of a campaign: paused, resumed, stopped, ended, archived, and started again (semantics P2)."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from wagtail.models import ModelLogEntry

from tests.scenarios.story import Person, Story, on_event, points, send, until, wait
from tests.scenarios.story import did as has_done
from wagtail_journeys import pipeline
from wagtail_journeys.campaigns.states import Phase
from wagtail_journeys.emails.models import Message
from wagtail_journeys.exceptions import NotPossible
from wagtail_journeys.journeys import lifecycle, publishing
from wagtail_journeys.models import Campaign, Journey

pytestmark = pytest.mark.django_db

ALWAYS_OPEN = {
    "type": "wait_window",
    "value": {"weekdays": [str(day) for day in range(7)], "from_time": "00:00:00", "to_time": "23:59:00"},
}


def phase(campaign: Campaign) -> Phase:
    return Campaign.objects.get(pk=campaign.pk).phase


def inside(story: Story, *steps: dict[str, Any], **fields: Any) -> tuple[Campaign, Person]:
    campaign = story.campaign("C", on_event("page_view"), *steps, **fields)
    kim = story.contact("kim@example.com")
    kim.did("page_view")
    return campaign, kim


def with_a_queued_email(story: Story) -> tuple[Campaign, Person]:
    """Kim is through, and her email waits for somebody to hand it over."""
    campaign = story.campaign("C", on_event("page_view"), send(story.template("Hello")))
    kim = story.contact("kim@example.com")
    kim.did("page_view", run=False)
    pipeline.drain(story.now)
    pipeline.advance(story.now)
    return campaign, kim


# --- paused ----------------------------------------------------------------------------------------------------------------


def test_a_timer_goes_on_while_the_campaign_is_paused(story: Story) -> None:
    """Whose time has not come when it is resumed goes on at the time that it had before."""
    campaign, kim = inside(story, wait(5), points(1))
    story.after(days=1)
    lifecycle.pause(campaign, None, story.now)
    story.after(days=2)
    done = lifecycle.resume(campaign, None, story.now, lifecycle.EXIT)
    assert (done.numbers.inside, done.numbers.waiting, done.numbers.overdue, done.left) == (1, 1, 0, 0)
    story.after(days=1)
    assert kim.contact.points == 0
    story.after(days=1)
    assert kim.contact.points == 1


@pytest.mark.parametrize(
    ("choice", "at_once", "at_the_end", "state"),
    [
        (lifecycle.NOW, 1, 11, Journey.State.COMPLETED),
        (lifecycle.SKIP, 0, 10, Journey.State.COMPLETED),
        (lifecycle.EXIT, 0, 0, Journey.State.EXITED),
    ],
)
@pytest.mark.parametrize("do", [lifecycle.resume, lifecycle.stop])
def test_those_who_are_overdue(
    story: Story, do: Any, choice: str, at_once: int, at_the_end: int, state: str
) -> None:
    """Do it now, leave out the step that was due, or leave: chosen when the campaign is resumed or let finish."""
    campaign, kim = inside(story, wait(1), points(1), wait(1), points(10))
    lifecycle.pause(campaign, None, story.now)
    story.after(days=3)
    assert kim.contact.points == 0
    done = do(campaign, None, story.now, choice)
    story.run()
    assert done.numbers.overdue == 1
    assert kim.contact.points == at_once
    story.after(days=1).after(minutes=1)
    assert kim.contact.points == at_the_end
    assert kim.journeys()[0].state == state


def test_a_step_that_is_left_out_says_so(story: Story) -> None:
    """Its visit is skipped, with the reason."""
    campaign, kim = inside(story, wait(1), points(1))
    lifecycle.pause(campaign, None, story.now)
    story.after(days=2)
    lifecycle.resume(campaign, None, story.now, lifecycle.SKIP)
    story.run()
    assert kim.path(campaign) == ["wait:passed", "points:skipped"]
    assert "overdue" in kim.journeys()[0].visits.get(outcome="skipped").reason


def test_a_delivery_window_holds_the_step_that_is_left_out(story: Story) -> None:
    """What was due is what comes behind the window, not the window."""
    campaign, kim = inside(story, wait(1), ALWAYS_OPEN, points(1), points(10))
    lifecycle.pause(campaign, None, story.now)
    story.after(days=2)
    lifecycle.resume(campaign, None, story.now, lifecycle.SKIP)
    story.run()
    assert kim.contact.points == 10


def test_another_wait_behind_the_overdue_one_is_waited_for(story: Story) -> None:
    """Nothing was due behind it, so nothing is left out."""
    campaign, kim = inside(story, wait(1), wait(5), points(1))
    lifecycle.pause(campaign, None, story.now)
    story.after(days=2)
    lifecycle.resume(campaign, None, story.now, lifecycle.SKIP)
    story.run()
    story.after(days=4)
    assert kim.contact.points == 0
    story.after(days=1)
    assert kim.contact.points == 1


def test_who_was_due_before_the_pause_is_not_overdue(story: Story) -> None:
    """They were only not looked at yet: whatever is chosen, they go on."""
    campaign, kim = inside(story, wait(1), points(1))
    story.now += datetime.timedelta(days=1)
    lifecycle.pause(campaign, None, story.now)
    story.after(days=1)
    assert lifecycle.resume(campaign, None, story.now, lifecycle.EXIT).numbers.overdue == 0
    story.run()
    assert kim.contact.points == 1


def test_what_happens_during_the_pause_is_seen_after_it(story: Story) -> None:
    """A wait for something ends by what happened meanwhile, when the campaign goes on."""
    campaign, kim = inside(
        story, until(has_done("bought"), happened=[points(1)], timed_out=[points(10)], amount=5)
    )
    lifecycle.pause(campaign, None, story.now)
    story.after(days=1)
    kim.did("bought")
    assert kim.contact.points == 0
    lifecycle.resume(campaign, None, story.now)
    story.run()
    assert kim.contact.points == 1


def test_what_happened_during_a_pause_starts_nothing(story: Story) -> None:
    """An event that is told of late counts by when it happened: before a pause it starts the campaign, within one it does not."""
    campaign = story.campaign("C", on_event("page_view"), points(1), frequency="every_time")
    kim = story.contact("kim@example.com")
    before = story.now
    pauses = []
    for _pause in range(2):
        story.after(hours=1)
        lifecycle.pause(campaign, None, story.now)
        pauses.append(story.now)
        story.after(hours=1)
        lifecycle.resume(campaign, None, story.now)
    for moment in pauses:
        kim.did("page_view", occurred_at=moment)
        kim.did("page_view", occurred_at=moment + datetime.timedelta(minutes=59))
    assert kim.journeys() == []
    assert {refusal.reason for refusal in kim.contact.refusals.all()} == {"paused"}
    kim.did("page_view", occurred_at=before)
    kim.did("page_view", occurred_at=pauses[0] + datetime.timedelta(hours=1))
    assert len(kim.journeys()) == 2

    # What is published anew has a new beginning.
    lifecycle.pause(campaign, None, story.now)
    lifecycle.end(campaign, None, story.now)
    publishing.published(Campaign.objects.get(pk=campaign.pk), story.after(hours=1).now)
    assert Campaign.objects.get(pk=campaign.pk).pauses == []


def test_a_goal_counts_during_the_pause(story: Story) -> None:
    """Pausing holds what the campaign does, not what contacts do."""
    campaign, kim = inside(story, wait(5), goal=[on_event("bought")], stop_on_goal=True)
    lifecycle.pause(campaign, None, story.now)
    kim.did("bought")
    (journey,) = kim.journeys()
    assert journey.converted_at == story.now
    assert journey.state == Journey.State.EXITED


def test_what_is_queued_stays_queued_while_paused(story: Story) -> None:
    """And goes out when the campaign goes on."""
    campaign, kim = with_a_queued_email(story)
    assert lifecycle.pause(campaign, None, story.now).numbers.messages == 1
    story.after(days=1)
    assert kim.mails() == []
    lifecycle.resume(campaign, None, story.now)
    story.run()
    assert kim.mails() == ["Hello"]


# --- stopping and ended ----------------------------------------------------------------------------------------------------


def test_who_is_inside_finishes_and_then_it_has_ended(story: Story) -> None:
    """Nobody enters; the last email still goes out; then the campaign is not live any more, by itself."""
    campaign, kim = inside(story, wait(1), send(story.template("Hello")))
    lifecycle.stop(campaign, None, story.now)
    ada = story.contact("ada@example.com")
    ada.did("page_view")
    assert ada.journeys() == []
    assert phase(campaign) == Phase.STOPPING
    story.after(days=1)
    assert kim.mails() == ["Hello"]
    story.run()
    assert phase(campaign) == Phase.ENDED
    row = Campaign.objects.get(pk=campaign.pk)
    assert (row.live, row.ended_at) == (False, story.now)


def test_the_last_email_goes_out_although_the_campaign_has_ended_meanwhile(story: Story) -> None:
    """A campaign that ended by itself takes nothing back."""
    campaign, kim = with_a_queued_email(story)
    lifecycle.stop(campaign, None, story.now)
    assert lifecycle.settle(story.now) == 1
    story.run()
    assert kim.mails() == ["Hello"]


def test_ending_takes_everybody_out(story: Story) -> None:
    """With that reason, in the journey and in the visit; nobody enters any more."""
    campaign, kim = inside(story, wait(1), points(1))
    done = lifecycle.end(campaign, None, story.now)
    assert (done.left, phase(campaign)) == (1, Phase.ENDED)
    story.after(days=2)
    (journey,) = kim.journeys()
    assert (journey.state, journey.end_reason) == (Journey.State.EXITED, "the campaign was ended")
    assert kim.path(campaign) == ["wait:exited"]
    assert kim.contact.points == 0
    kim.did("page_view")
    assert len(kim.journeys()) == 1


def test_ending_calls_back_what_is_queued(story: Story) -> None:
    """Also from those who are through already."""
    campaign, kim = with_a_queued_email(story)
    assert lifecycle.end(campaign, None, story.now).messages == 1
    story.run()
    assert kim.mails() == []
    message = Message.objects.get()
    assert (message.state, message.reason) == (Message.State.CANCELLED, "the campaign was ended")


def test_a_goal_counts_after_the_end(story: Story) -> None:
    """Until the window of the journey closes."""
    campaign, kim = inside(story, points(1), goal=[on_event("bought")], goal_window=10)
    ada = story.contact("ada@example.com")
    ada.did("page_view")
    lifecycle.end(campaign, None, story.now)
    story.after(days=9)
    kim.did("bought")
    story.after(days=2)
    ada.did("bought")
    assert kim.journeys()[0].converted_at is not None
    assert ada.journeys()[0].converted_at is None


def test_who_comes_in_late_leaves(story: Story) -> None:
    """A batch that had not heard of the end may still let somebody in, who then leaves like the others."""
    campaign, kim = inside(story, wait(5))
    lifecycle.end(campaign, None, story.now)
    Journey.objects.update(state=Journey.State.ACTIVE, ended_at=None, due_at=story.now)
    story.run()
    assert kim.journeys()[0].state == Journey.State.EXITED


def test_an_expired_campaign_stops(story: Story) -> None:
    """What Wagtail's schedule takes off line lets nobody in and lets those inside finish."""
    campaign, kim = inside(story, wait(1), points(1))
    Campaign.objects.get(pk=campaign.pk).unpublish(set_expired=True)
    assert phase(campaign) == Phase.STOPPING
    ada = story.contact("ada@example.com")
    ada.did("page_view")
    story.after(days=1)
    assert ada.journeys() == []
    assert kim.contact.points == 1
    story.run()
    assert phase(campaign) == Phase.ENDED


def test_publishing_starts_an_ended_campaign_again(story: Story) -> None:
    """With nobody inside, and only for what happens from then on."""
    campaign, kim = inside(story, wait(5), frequency="every_time")
    lifecycle.end(campaign, None, story.now)
    story.after(days=1)
    row = Campaign.objects.get(pk=campaign.pk)
    row.live = True
    row.save()
    publishing.published(row, story.now)
    assert phase(campaign) == Phase.LIVE
    kim.did("page_view", occurred_at=story.now - datetime.timedelta(hours=1))
    assert len(kim.journeys()) == 1
    kim.did("page_view")
    assert [journey.state for journey in kim.journeys()] == ["exited", "active"]


# --- archived, refused, done twice -----------------------------------------------------------------------------------------


def test_the_archive_is_for_what_is_over(story: Story) -> None:
    """A campaign that runs is refused, one that has ended comes back as what it was."""
    campaign, _kim = inside(story, wait(5))
    with pytest.raises(NotPossible, match="End it first"):
        lifecycle.archive(campaign, None, story.now)
    lifecycle.end(campaign, None, story.now)
    lifecycle.archive(campaign, None, story.now)
    assert phase(campaign) == Phase.ARCHIVED
    lifecycle.restore(campaign, None, story.now)
    assert phase(campaign) == Phase.ENDED


def test_taken_off_line_with_contacts_inside_it_is_not_archived(story: Story) -> None:
    """They would stay where they are for ever: it has to be ended first."""
    campaign, kim = inside(story, wait(5))
    Campaign.objects.get(pk=campaign.pk).unpublish()
    with pytest.raises(NotPossible, match="1 contact is still inside"):
        lifecycle.archive(campaign, None, story.now)
    lifecycle.end(campaign, None, story.now)
    assert kim.journeys()[0].state == Journey.State.EXITED
    assert lifecycle.archive(campaign, None, story.now).changed


def test_done_twice_is_done_once(story: Story) -> None:
    """A second click changes nothing and is not in the log."""
    campaign, _kim = inside(story, wait(5))
    for do in (lifecycle.pause, lifecycle.resume, lifecycle.stop, lifecycle.end, lifecycle.archive):
        assert do(campaign, None, story.now).changed
        assert not do(campaign, None, story.now).changed
    actions = ModelLogEntry.objects.for_instance(campaign).filter(action__startswith="journeys.")
    assert sorted(actions.exclude(action="journeys.ignores_topics").values_list("action", flat=True)) == [
        "journeys.archive",
        "journeys.end",
        "journeys.pause",
        "journeys.resume",
        "journeys.stop",
    ]


@pytest.mark.parametrize(
    ("do", "says"),
    [
        (lifecycle.pause, "publish it first"),
        (lifecycle.resume, "publish it first"),
        (lifecycle.end, "publish it first"),
    ],
)
def test_what_makes_no_sense_is_refused(story: Story, do: Any, says: str) -> None:
    """With what to do instead."""
    campaign = Campaign.objects.create(name="Draft", live=False)
    with pytest.raises(NotPossible, match=says):
        do(campaign, None, story.now)


def test_a_save_that_comes_late_does_not_take_back_a_pause(story: Story) -> None:
    """Whoever had read the campaign before saves what it says, not whether it runs."""
    campaign, _kim = inside(story, wait(5))
    stale = Campaign.objects.get(pk=campaign.pk)
    lifecycle.pause(campaign, None, story.now)
    stale.name = "Another name"
    stale.save()
    row = Campaign.objects.get(pk=campaign.pk)
    assert (row.name, row.phase, row.paused_at) == ("Another name", Phase.PAUSED, story.now)


@pytest.mark.parametrize("choice", [lifecycle.SKIP, lifecycle.EXIT])
def test_it_costs_the_same_for_many_contacts(
    story: Story, django_assert_max_num_queries: Any, choice: str
) -> None:
    """Pausing, resuming and ending take as many statements for two contacts as for forty."""
    costs = []
    for number, crowd in enumerate([2, 40]):
        campaign = story.campaign(f"C{number}", on_event(f"event_{number}"), wait(1), points(1), wait(9))
        for each in range(crowd):
            story.contact(f"c{number}-{each}@example.com").did(f"event_{number}", run=False)
        story.run()
        spent = 0
        for do in (lifecycle.pause, lifecycle.resume, lifecycle.end):
            chosen = [choice] if do is lifecycle.resume else []
            with django_assert_max_num_queries(60) as counted:
                do(campaign, None, story.now, *chosen)
            spent += len(counted)
            story.after(days=1 if do is lifecycle.resume else 2)
        costs.append(spent)
    assert costs[1] <= costs[0]
