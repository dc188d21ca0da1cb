"""Colleagues who pause, resume and end a campaign at the same moment, and while its contacts are being moved."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connections
from wagtail.models import ModelLogEntry

from tests.scenarios.story import Story, on_event, points, record, send, wait
from tests.support.database import Database
from wagtail_journeys import pipeline
from wagtail_journeys.campaigns.states import Phase
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.emails.models import Message
from wagtail_journeys.events.inbox import Incoming, accept_many
from wagtail_journeys.exceptions import NotPossible
from wagtail_journeys.journeys import endings, lifecycle
from wagtail_journeys.models import Campaign, Journey, Visit

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

PEOPLE = 60
AT_ONCE = 4


def crowd(story: Story, *steps: dict) -> Campaign:
    """A live campaign whose event has happened to everybody and has not been looked at."""
    campaign = story.campaign("C", on_event("page_view"), *steps)
    Contact.objects.bulk_create(Contact(email=f"c{n}@example.com") for n in range(PEOPLE))
    events = [
        Incoming("test", "page_view", story.now, f"m{n}", claims={"email": f"c{n}@example.com"})
        for n in range(PEOPLE)
    ]
    accept_many(events, story.now, wake=False)
    return campaign


def at_once(*acts: Callable[[], object]) -> list[object]:
    """What each returned or why it was refused; all begin together."""
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        start.wait(30)
        try:
            return act()
        except NotPossible as refused:
            return refused
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result(120) for future in [pool.submit(run, act) for act in acts]]


def logged(campaign: Campaign) -> Counter[str]:
    return Counter(ModelLogEntry.objects.filter(object_id=campaign.pk).values_list("action", flat=True))


def test_what_several_do_at_once_is_done_once(own_database: Database) -> None:
    """One of those who press the same button does it; of those who press different ones each is told what holds then."""
    story = Story()
    campaign = crowd(story, wait(1), points(1))
    story.run()

    paused = at_once(*[lambda: lifecycle.pause(campaign, None, story.now)] * AT_ONCE)
    assert [done.changed for done in paused].count(True) == 1
    story.after(days=2)
    resumed = at_once(*[lambda: lifecycle.resume(campaign, None, story.now, lifecycle.SKIP)] * AT_ONCE)
    assert [done.changed for done in resumed].count(True) == 1
    assert logged(campaign)["journeys.pause"] == logged(campaign)["journeys.resume"] == 1

    mixed = at_once(
        lambda: lifecycle.pause(campaign, None, story.now),
        lambda: lifecycle.end(campaign, None, story.now),
        lambda: lifecycle.stop(campaign, None, story.now),
        lambda: lifecycle.end(campaign, None, story.now),
        story.run,
    )
    ended = [done for done in (mixed[1], mixed[3]) if done.changed]
    assert len(ended) == logged(campaign)["journeys.end"] == 1
    story.run()
    campaign.refresh_from_db()
    assert (campaign.phase, campaign.paused_at) == (Phase.ENDED, None)
    assert not Journey.objects.filter(state=Journey.State.ACTIVE).exists()
    assert Journey.objects.count() == PEOPLE
    assert not Contact.objects.filter(points__gt=0).exists()


def test_paused_and_ended_while_contacts_are_being_moved(own_database: Database, settings) -> None:
    """Two workers are in the middle of it. After the pause nothing moves, after the resumption nobody does anything twice,
    and after the end nobody is inside and nothing is queued.
    """
    settings.JOURNEYS_DRAIN_BATCH = settings.JOURNEYS_ADVANCE_BATCH = 7
    story = Story()
    mail = send(story.template("Hello"))
    campaign = crowd(
        story, points(1), wait(1, "minutes"), record("passed"), points(10), mail, wait(1), points(100)
    )
    enough, moving = threading.Event(), threading.Event()

    def work() -> None:
        try:
            while not enough.is_set():
                try:
                    pipeline.tick(story.now)
                    moving.set()
                except OperationalError:  # as in a cluster: the next task finds the rows as they were
                    connections.close_all()
        finally:
            connections.close_all()

    def stand() -> tuple[object, ...]:
        return (
            sorted(Contact.objects.values_list("email", "points")),
            sorted(Visit.objects.values_list("journey_id", "step_id", "outcome")),
            Counter(Message.objects.values_list("state", flat=True)),
        )

    with ThreadPoolExecutor(2) as workers:
        busy = [workers.submit(work) for _worker in range(2)]
        assert moving.wait(60)
        lifecycle.pause(campaign, None, story.now)
        enough.set()
        [worker.result(60) for worker in busy]
    before = stand()
    story.after(hours=1)
    assert stand() == before

    lifecycle.resume(campaign, None, story.now)
    # Who had not been let in before the pause is not let in by what happened then.
    story.run()
    inside = Journey.objects.count()
    enough.clear()
    moving.clear()
    with ThreadPoolExecutor(2) as workers:
        busy = [workers.submit(work) for _worker in range(2)]
        assert moving.wait(60)
        lifecycle.end(campaign, None, story.now)
        enough.set()
        [worker.result(60) for worker in busy]
    story.run()
    assert Campaign.objects.get().phase == Phase.ENDED
    assert not Journey.objects.filter(state=Journey.State.ACTIVE).exists()
    assert not Message.objects.filter(state=Message.State.QUEUED).exists()
    assert Journey.objects.count() == inside
    assert set(Contact.objects.values_list("points", flat=True)) <= {0, 1, 11}
    visits = Counter(Visit.objects.values_list("journey_id", "step_id"))
    assert set(visits.values()) == {1}


def test_a_great_many_leave_in_lots(own_database: Database, monkeypatch) -> None:
    """However many are inside, only so many at a time are held in memory."""
    story = Story()
    campaign = crowd(story, wait(1), points(1))
    story.run()
    monkeypatch.setattr(endings, "LOT", 25)
    done = lifecycle.end(campaign, None, story.now)
    assert (done.left, Journey.objects.filter(state=Journey.State.EXITED).count()) == (PEOPLE, PEOPLE)
    story.run()
    assert Visit.objects.filter(outcome=Visit.Outcome.EXITED).count() == PEOPLE
