"""What people do to journeys by hand."""

from __future__ import annotations

import datetime
import threading
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from tests.scenarios.story import (
    Person,
    Story,
    attribute,
    leave,
    on_event,
    points,
    record,
    send,
    until,
    wait,
)
from tests.support.database import Database
from wagtail_journeys import pipeline
from wagtail_journeys.journeys import acting
from wagtail_journeys.journeys.acting import By, Done
from wagtail_journeys.models import Campaign, Event, Intervention, Journey, Message, Visit

ANN = By(None, "Ann")
DAY = datetime.timedelta(days=1)
GREET = {"type": "hostapp_greet", "value": {"word": "Hi"}}


def place(person: Person) -> dict[int, str]:
    return {journey.pk: journey.step_id for journey in person.journeys()}


def waiting(story: Story, *steps: dict[str, Any], **fields: Any) -> tuple[Campaign, Person]:
    campaign = story.campaign("Welcome", on_event("page_view"), *steps, **fields)
    ada = story.contact("ada@example.com")
    ada.did("page_view")
    return campaign, ada


def failed(story: Story, **fields: Any) -> tuple[Campaign, Person]:
    campaign, ada = waiting(story, GREET, points(5), **fields)
    for _try in range(5):
        story.after(hours=2)
    assert ada.journeys()[0].state == "failed"
    return campaign, ada


# Moving on ------------------------------------------------------------------------------------------------------------


def test_a_wait_is_ended_by_hand(story: Story) -> None:
    """The contact goes on at once; the visit says that the wait was cut short, and the intervention by whom."""
    campaign, ada = waiting(story, wait(2), points(5), wait(1))
    done = acting.move_on(place(ada), ANN, story.now)
    story.run()

    assert done == Done([ada.journeys()[0].pk], {})
    assert ada.path(campaign) == ["wait:skipped", "points:passed", "wait:"]
    assert ada.contact.points == 5
    assert Visit.objects.earliest("pk").reason == "moved on by hand"
    noted = Intervention.objects.get()
    assert (noted.action, noted.by, noted.at) == ("moved", "Ann", story.now)


def test_the_way_out_of_a_wait_is_chosen(story: Story) -> None:
    """Where a step has several ways out one must be named, and the journey takes that one."""
    speaks_dutch = attribute("locale", "is", "nl")
    campaign, ada = waiting(
        story, until(speaks_dutch, happened=[points(1)], timed_out=[points(100)]), wait(1)
    )
    for wrong in ("", "sideways"):
        done = acting.move_on(place(ada), ANN, story.now, wrong)
        assert list(done.refused.values()) == ["the step has several ways out: choose one"]
    assert acting.move_on(place(ada), ANN, story.now, "timed_out").refused == {}
    story.run()

    assert ada.contact.points == 100
    assert ada.path(campaign)[0] == "wait_condition:timed_out"


def test_moving_on_from_the_last_step_is_the_end(story: Story) -> None:
    """A journey that is moved on from its last step has come to the end, and segments hear of it."""
    _campaign, ada = waiting(story, wait(2))
    acting.move_on(place(ada), ANN, story.now)
    story.run()

    assert ada.journeys()[0].state == "completed"
    assert Event.objects.get(name="journey_ended").properties["outcome"] == "completed"


def test_who_has_gone_on_meanwhile_is_left_alone(story: Story) -> None:
    """What was seen at one step is not done at another: the journey is refused with that reason."""
    campaign, ada = waiting(story, wait(1), wait(2), points(5))
    seen = place(ada)
    story.after(days=1)
    for act in (acting.move_on, acting.take_out, acting.try_again):
        assert list(act(seen, ANN, story.now).refused.values()) == [
            "it has gone on to another step meanwhile"
        ]
    assert ada.path(campaign) == ["wait:passed", "wait:"]
    assert not Intervention.objects.exists()


def test_moving_on_never_sends_what_was_sent(story: Story) -> None:
    """An email that went out before the wait goes out once, however often the contact is moved on."""
    _campaign, ada = waiting(story, send(story.template("Hello")), wait(1), wait(1), wait(1))
    seen = place(ada)
    for _again in range(3):
        acting.move_on(seen, ANN, story.now)
        story.run()
    assert ada.mails() == ["Hello"]
    assert len(Intervention.objects.all()) == 1


def test_moved_while_paused(story: Story) -> None:
    """In a campaign that is paused the contact changes its place, and stays there until the campaign goes on."""
    campaign, ada = waiting(story, wait(1), points(5))
    Campaign.objects.filter(pk=campaign.pk).update(state="paused")
    acting.move_on(place(ada), ANN, story.now)
    story.after(days=2)
    assert ada.contact.points == 0
    Campaign.objects.filter(pk=campaign.pk).update(state="running")
    story.run()
    assert ada.contact.points == 5


# Taking out -----------------------------------------------------------------------------------------------------------


def test_taken_out(story: Story) -> None:
    """The journey ends where it stands, with that reason."""
    campaign, ada = waiting(story, wait(2), points(5))
    assert acting.take_out(place(ada), ANN, story.now).refused == {}
    story.after(days=3)

    (journey,) = ada.journeys()
    assert (journey.state, journey.end_reason) == ("exited", "taken out by hand")
    assert ada.path(campaign) == ["wait:exited"]
    assert list(acting.take_out(place(ada), ANN, story.now).refused.values()) == ["it has ended meanwhile"]


def test_what_is_queued_is_not_sent_to_who_was_taken_out(story: Story) -> None:
    """The email that a journey had queued when it was taken out stays unsent, with its reason."""
    story.campaign("Welcome", on_event("page_view"), send(story.template("Hello")), wait(2))
    ada = story.contact("ada@example.com")
    ada.did("page_view", run=False)
    pipeline.drain(story.now)
    pipeline.advance(story.now)
    acting.take_out(place(ada), ANN, story.now)
    story.run()

    assert ada.mails() == []
    assert Message.objects.get().state == "cancelled"


# Trying again ---------------------------------------------------------------------------------------------------------


def test_a_failed_journey_comes_back_to_life(story: Story) -> None:
    """Once the cause is mended, the journey goes on from the step that failed; what it said before is kept."""
    campaign, ada = failed(story)
    ada.says(first_name="Ada")
    done = acting.try_again(place(ada), ANN, story.now)
    story.run()

    (journey,) = ada.journeys()
    assert done.journeys == [journey.pk]
    assert (journey.state, journey.end_reason) == ("completed", "")
    assert ada.path(campaign) == ["hostapp_greet:passed", "points:passed"]
    assert "nobody to greet" in Intervention.objects.get().detail
    outcomes = Event.objects.filter(name="journey_ended").order_by("pk")
    assert [event.properties["outcome"] for event in outcomes] == ["failed", "completed"]


def test_trying_again_has_all_its_tries(story: Story) -> None:
    """A step that fails again is tried as often as the first time before the journey is given up."""
    _campaign, ada = failed(story)
    acting.try_again(place(ada), ANN, story.now)
    story.run()
    assert (ada.journeys()[0].state, ada.journeys()[0].attempts) == ("active", 1)
    for _try in range(5):
        story.after(hours=2)
    assert ada.journeys()[0].state == "failed"


def test_a_resting_step_is_tried_at_once(story: Story) -> None:
    """Somebody who has mended the cause need not wait for the pause between two tries."""
    campaign, ada = waiting(story, GREET, wait(1))
    ada.says(first_name="Ada")
    assert ada.path(campaign) == ["hostapp_greet:"]
    acting.try_again(place(ada), ANN, story.now)
    story.run()
    assert ada.path(campaign) == ["hostapp_greet:passed", "wait:"]


def test_nothing_happens_twice_when_a_step_is_tried_again(story: Story) -> None:
    """What came before the failed step is not done again: its points are added once, its email is sent once."""
    campaign = story.campaign(
        "Welcome", on_event("page_view"), points(7), send(story.template("Hello")), GREET, record("greeted")
    )
    ada = story.contact("ada@example.com")
    ada.did("page_view")
    for _try in range(5):
        story.after(hours=2)
    ada.says(first_name="Ada")
    for _again in range(3):
        acting.try_again(place(ada), ANN, story.now)
        story.run()

    assert (ada.contact.points, ada.mails()) == (7, ["Hello"])
    assert Event.objects.filter(name="greeted").count() == 1
    assert ada.path(campaign)[-1] == "record_event:passed"


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("ended", "the campaign has ended"),
        ("inside", "the contact is inside the campaign again"),
        ("step", "its step was removed from the campaign"),
        ("goal", "it has reached the goal since"),
    ],
)
def test_what_forbids_coming_back(story: Story, what: str, why: str) -> None:
    """A failed journey stays failed, with a reason, where its campaign or contact has no place for it any more."""
    campaign, ada = failed(story, frequency="every_time")
    journey = ada.journeys()[0]
    if what == "ended":
        Campaign.objects.filter(pk=campaign.pk).update(state="ended")
    elif what == "inside":
        ada.did("page_view")
    elif what == "goal":
        Journey.objects.filter(pk=journey.pk).update(cut_at=story.now)
    else:
        campaign.versions.update(retired_at=story.now)
        campaign.steps = [{"type": "exit", "value": {"reason": ""}, "id": "other"}]
        campaign.save()
        from wagtail_journeys.journeys import publishing

        publishing.published(campaign, story.now)
    done = acting.try_again({journey.pk: journey.step_id}, ANN, story.now)

    assert done == Done([], {journey.pk: why})
    journey.refresh_from_db()
    assert journey.state == "failed"


def test_a_journey_that_waits_is_not_tried_again(story: Story) -> None:
    """Nothing has failed, so nothing is tried."""
    _campaign, ada = waiting(story, wait(2))
    assert list(acting.try_again(place(ada), ANN, story.now).refused.values()) == ["its step has not failed"]


# Many at once, and beside the engine ----------------------------------------------------------------------------------


@pytest.mark.parametrize("act", [acting.move_on, acting.take_out, acting.try_again])
def test_statements_do_not_depend_on_the_number(story: Story, act: Any) -> None:
    """Two hundred journeys take as many statements as two."""
    steps = (GREET,) if act is acting.try_again else (wait(2), leave("over"))
    campaign = story.campaign("Welcome", on_event("page_view"), *steps)
    taken = []
    for number in (2, 200):
        for each in range(number):
            story.contact(f"p{number}-{each}@example.com").did("page_view", run=False)
        story.run()
        places = dict(
            Journey.objects.filter(
                campaign=campaign, state="active", contact__email__startswith=f"p{number}-"
            ).values_list("pk", "step_id")
        )
        with CaptureQueriesContext(connection) as statements:
            done = act(places, ANN, story.now)
        assert len(done.journeys) == number
        taken.append(len(statements))
    assert taken[0] == taken[1] <= 14


@pytest.fixture
def shared(own_database: Database) -> Story:
    return Story()


@pytest.mark.postgres
@pytest.mark.parametrize("act", [acting.move_on, acting.take_out])
def test_a_worker_that_moves_the_same_journeys_is_waited_for(shared: Story, act: Any) -> None:
    """While the engine holds a journey, a person's wish waits; then the journey is elsewhere, and is left alone."""
    campaign, ada = waiting(shared, wait(1), points(5), wait(2))
    seen, found = place(ada), []

    def elsewhere() -> None:
        try:
            found.append(act(seen, ANN, shared.now))
        finally:
            connections.close_all()

    with transaction.atomic():
        pipeline.advance(shared.now + DAY)
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive() and not found
    thread.join(30)

    assert list(found[0].refused.values()) == ["it has gone on to another step meanwhile"]
    assert ada.path(campaign) == ["wait:passed", "points:passed", "wait:"]
    assert ada.contact.points == 5


@pytest.mark.postgres
def test_a_worker_passes_over_what_a_person_holds(shared: Story) -> None:
    """While a person moves a journey on, the engine leaves it alone; the step behind is done once."""
    campaign, ada = waiting(shared, wait(1), points(5), wait(2))
    seen, tomorrow, found = place(ada), shared.now + DAY, []

    def elsewhere() -> None:
        try:
            found.append(pipeline.advance(tomorrow))
        finally:
            connections.close_all()

    with transaction.atomic():
        acting.move_on(seen, ANN, tomorrow)
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join(30)
    assert found == [0]
    shared.after(days=1)

    assert ada.path(campaign) == ["wait:skipped", "points:passed", "wait:"]
    assert ada.contact.points == 5


@pytest.mark.postgres
def test_coming_back_while_the_contact_enters_again(shared: Story) -> None:
    """Somebody lets the contact in at the same moment: the failed journey stays failed, and nothing breaks."""
    campaign, ada = failed(shared, frequency="every_time")
    journey = ada.journeys()[0]
    found: list[Done] = []

    def elsewhere() -> None:
        try:
            found.append(acting.try_again({journey.pk: journey.step_id}, ANN, shared.now))
        finally:
            connections.close_all()

    ada.did("page_view", run=False)
    with transaction.atomic():
        pipeline.drain(shared.now)
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
    thread.join(30)

    assert found[0].refused == {journey.pk: "the contact is inside the campaign again"}
    assert [each.state for each in ada.journeys(campaign)] == ["failed", "active"]


def test_the_account_of_who_did_it_may_go(story: Story) -> None:
    """The name of who did it stays when the account is deleted."""
    user = get_user_model().objects.create_user("ann")
    _campaign, ada = waiting(story, wait(2))
    acting.move_on(place(ada), By(user.pk, "Ann"), story.now)
    user.delete()
    assert Intervention.objects.get().by == "Ann"
