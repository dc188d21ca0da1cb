"""A contact who has paused emails: marketing waits or is skipped, as its step says; what ignores topics goes out (C4)."""

from __future__ import annotations

import datetime

import pytest

from tests.scenarios.story import Story, on_event, wait
from tests.scenarios.test_limits import mail
from wagtail_journeys.contacts.models import Contact, Topic
from wagtail_journeys.models import Message, Visit


@pytest.fixture
def story(db: None) -> Story:
    return Story()


def test_a_pause(story: Story) -> None:
    """One step waits until the pause is over, one skips its email and goes on, one asks nobody; editors read why."""
    news = Topic.objects.create(name="News", slug="news", mode=Topic.Mode.OPT_OUT)
    template = story.template("Waited for")
    waits = story.campaign("Waits", on_event("read"), mail(template, "wait", 20), wait(1), topic=news)
    skips = story.campaign(
        "Skips", on_event("read"), mail(story.template("Skipped"), "skip"), wait(1), topic=news
    )
    story.campaign("Receipt", on_event("read"), mail(story.template("Receipt"), "skip"), topic=None)
    ann = story.contact("ann@example.com")
    paused = Contact.objects.filter(email="ann@example.com")
    paused.update(paused_until=story.now + datetime.timedelta(days=10))
    ann.did("read")
    story.after(minutes=1)
    assert ann.mails() == ["Receipt"]
    assert ann.path(waits) == ["send_email:"]
    held = Visit.objects.get(journey__campaign=waits, left_at=None)
    assert "paused emails until" in held.reason
    assert ann.path(skips)[-1] == "wait:"
    assert "paused emails until" in Message.objects.get(campaign=skips).reason
    story.after(days=9)
    assert ann.mails() == ["Receipt"]
    story.after(days=1)
    assert ann.mails() == ["Receipt", "Waited for"]
