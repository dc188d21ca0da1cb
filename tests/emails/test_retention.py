from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.emails.making import NOW, make_contact, make_template, queue
from wagtail_journeys import pipeline
from wagtail_journeys.contacts.sign_up_models import SignUp
from wagtail_journeys.emails import retention
from wagtail_journeys.emails.kept import content
from wagtail_journeys.emails.models import Message

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)


def aged(days: float, state: str = Message.State.SENT) -> Message:
    (message,) = queue(make_template(), make_contact())
    kept = {"context": {"contact": {"first_name": "Ann"}}, "merge": {"defaults": {"a": "b"}}}
    Message.objects.filter(pk=message.pk).update(
        created_at=NOW - days * DAY, state=state, due_at=None, **kept
    )
    return message


def is_empty(message: Message) -> bool:
    message.refresh_from_db()
    return message.context == {} and message.merge == {} and message.emptied_at is not None


def test_the_content_is_thrown_away_after_ninety_days() -> None:
    """Once a day; one that may still be sent keeps it, and loses it when that is over. The page says what has happened."""
    old, waiting, older, young = aged(91), aged(95, "queued"), aged(93), aged(89)
    assert retention.look(NOW) == 2
    assert [is_empty(each) for each in (old, waiting, older, young)] == [True, False, True, False]
    assert "thrown away" in content(old).problem
    Message.objects.filter(pk=waiting.pk).update(state="cancelled")
    assert retention.look(NOW + DAY / 2) == 0
    assert retention.look(NOW + DAY) == 1
    assert is_empty(waiting)
    assert retention.look(NOW + 2 * DAY) == 1
    assert is_empty(young)
    SignUp.objects.create(address="a@b.c", address_hash="x", source="test", created_at=NOW - 40 * DAY)
    pipeline.tick(NOW + 4 * DAY)
    assert not SignUp.objects.exists()


def test_a_little_at_a_time(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many messages take several looks, each of so many statements; with the setting 0 everything is kept."""
    monkeypatch.setattr(retention, "BATCH", 3)
    monkeypatch.setattr(retention, "TIMES", 2)
    messages = [aged(100) for _number in range(14)]
    settings.JOURNEYS_MESSAGE_BODIES_DAYS = 0
    assert retention.look(NOW - 2 * DAY) == 0
    settings.JOURNEYS_MESSAGE_BODIES_DAYS = 90
    counts = []
    for expected in (6, 6, 2, 0):
        with CaptureQueriesContext(connection) as captured:
            assert retention.look(NOW) == expected
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 8
    assert counts[3] == 1
    assert all(is_empty(each) for each in messages)
