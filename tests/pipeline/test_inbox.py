from __future__ import annotations

import pytest

from tests.scenarios.story import START, Story, on_event, wait
from wagtail_journeys import pipeline, signals
from wagtail_journeys.events.inbox import Incoming, accept, accept_many
from wagtail_journeys.events.models import Event, InboxItem
from wagtail_journeys.journeys import entries, lifecycle
from wagtail_journeys.models import Journey

pytestmark = pytest.mark.django_db


def event(number: int, **fields) -> Incoming:
    fields.setdefault("claims", {"email": "kim@example.com"})
    return Incoming(source="test", name="page_view", message_id=f"m{number}", occurred_at=START, **fields)


def drain_all() -> None:
    while pipeline.drain(START):
        pass


def test_an_event_told_five_times_is_one_event():
    """The same message id of the same source is in the log once, however often and in whatever order it comes."""
    for number in (2, 1, 2, 3, 1):
        accept(event(number), START)
    drain_all()
    accept_many([event(1), event(2), event(3)], START)
    drain_all()
    assert sorted(Event.objects.values_list("message_id", flat=True)) == ["m1", "m2", "m3"]
    assert not InboxItem.objects.exists()


def test_the_same_id_from_another_source_is_another_event():
    """Message ids are unique per source only."""
    accept(event(1), START)
    accept(Incoming(source="shop", name="page_view", message_id="m1", occurred_at=START), START)
    drain_all()
    assert Event.objects.count() == 2


@pytest.mark.parametrize(
    ("payload", "word"),
    [
        ([], "object"),
        ({}, "occurred_at"),
        ({"source": "s", "message_id": "m", "name": "n", "occurred_at": "yesterday"}, "occurred_at"),
        ({"source": "s", "message_id": "m", "name": "n", "occurred_at": "2026-03-02T09:00:00"}, "time zone"),
        ({"source": "s", "message_id": "m", "name": "", "occurred_at": START.isoformat()}, "name"),
        ({"source": "s", "message_id": "m" * 101, "name": "n", "occurred_at": START.isoformat()}, "100"),
        (
            {"source": "s", "message_id": "m", "name": "n", "occurred_at": START.isoformat(), "page_id": "3"},
            "page_id",
        ),
        (
            {"source": "s", "message_id": "m", "name": "n", "occurred_at": START.isoformat(), "claims": 7},
            "claims",
        ),
    ],
)
def test_what_cannot_be_read_is_kept_with_the_reason(payload, word):
    """An item that is no event becomes a dead letter that says why; the others of its batch go on."""
    InboxItem.objects.create(partition=0, received_at=START, payload=payload)
    InboxItem.objects.create(partition=0, received_at=START, payload=event(1).payload())
    drain_all()
    letter = InboxItem.objects.get()
    assert letter.dead_at == START
    assert word in letter.error
    assert Event.objects.count() == 1


def test_an_item_that_breaks_its_batch_stands_alone_in_the_end(monkeypatch):
    """A batch that fails is halved until the poisonous item is a dead letter and all the others are events."""
    real = entries.consider

    def explode(events, *args, **kwargs):
        if any(event.message_id == "m13" for event in events):
            raise ZeroDivisionError("poison")
        return real(events, *args, **kwargs)

    monkeypatch.setattr(entries, "consider", explode)
    accept_many([event(n) for n in range(40)], START)
    drain_all()
    letter = InboxItem.objects.get()
    assert letter.payload["message_id"] == "m13"
    assert "ZeroDivisionError: poison" in letter.error
    assert Event.objects.count() == 39


def test_a_dead_letter_is_left_alone():
    """What is dead is not tried again, and does not keep others from being processed."""
    InboxItem.objects.create(partition=0, received_at=START, payload={"name": 1}, dead_at=START, error="bad")
    accept(event(1), START)
    drain_all()
    assert (InboxItem.objects.count(), Event.objects.count()) == (1, 1)


def test_sites_are_told_of_new_events_only(django_capture_on_commit_callbacks):
    """The signal events_recorded brings each event once, after the commit."""
    heard: list[str] = []

    def listen(sender, events, **kwargs):
        heard.extend(event.message_id for event in events)

    signals.events_recorded.connect(listen)
    try:
        accept_many([event(1), event(2), event(1)], START)
        with django_capture_on_commit_callbacks(execute=True):
            drain_all()
        accept(event(1), START)
        with django_capture_on_commit_callbacks(execute=True):
            drain_all()
    finally:
        signals.events_recorded.disconnect(listen)
    assert sorted(heard) == ["m1", "m2"]


def test_sites_are_told_of_journeys_that_begin_and_end(django_capture_on_commit_callbacks):
    """The signals journeys_entered and journeys_ended bring each journey once, with what became of it."""
    heard: list[tuple[str, str]] = []

    def entered(sender, journeys, **kwargs):
        heard.extend(("entered", journey.state) for journey in journeys)

    def ended(sender, journeys, **kwargs):
        heard.extend(("ended", journey.state) for journey in journeys)

    signals.journeys_entered.connect(entered)
    signals.journeys_ended.connect(ended)
    try:
        story = Story()
        story.campaign("Slow", on_event("page_view"), wait(1))
        with django_capture_on_commit_callbacks(execute=True):
            story.contact("kim@example.com").did("page_view")
        with django_capture_on_commit_callbacks(execute=True):
            story.after(days=1)
            story.after(days=1)
    finally:
        signals.journeys_entered.disconnect(entered)
        signals.journeys_ended.disconnect(ended)
    assert heard == [("entered", "active"), ("ended", "completed")]


def test_journeys_of_a_paused_campaign_stay_where_they_are():
    """Nobody enters a paused campaign, and those inside go on when it runs again, from where they were (P2)."""
    story = Story()
    campaign = story.campaign("Slow", on_event("page_view"), wait(1), wait(1))
    kim, ada = story.contact("kim@example.com"), story.contact("ada@example.com")
    kim.did("page_view")
    lifecycle.pause(campaign, None, story.now)
    ada.did("page_view")
    story.after(days=3)
    assert kim.path(campaign) == ["wait:"]
    assert ada.journeys() == []
    lifecycle.resume(campaign, None, story.now)
    story.run()
    assert kim.path(campaign) == ["wait:passed", "wait:"]
    assert Journey.objects.get().due_at > story.now
