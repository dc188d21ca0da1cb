"""How a condition is put into SQL is remembered from batch to batch: the answers are those of the moment all the same."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.test import override_settings
from wagtail.models import Page

from example_site.website.models import TextPage
from tests.scenarios.story import START, did
from wagtail_journeys.contacts.models import Contact, Topic
from wagtail_journeys.models import Event
from wagtail_journeys.segments import asking, compiler

pytestmark = pytest.mark.django_db

HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)


@pytest.fixture
def kim() -> Contact:
    return Contact.objects.create(email="kim@example.com", created_at=START)


def belongs(rule: dict[str, Any], contact: Contact, now: datetime.datetime) -> bool:
    return bool(compiler.evaluate({1: compiler.Question("all", [rule], {contact.pk})}, now)[1])


def happened(contact: Contact, name: str, at: datetime.datetime, **fields: Any) -> None:
    number = str(Event.objects.count())
    Event.objects.create(
        source="t", message_id=number, name=name, contact=contact, occurred_at=at, received_at=at, **fields
    )


def test_a_period_moves_with_the_clock(kim: Contact) -> None:
    """The same rule, asked again later, is about the last days as they are then."""
    happened(kim, "login", START)
    rule = did("login", period="last", amount=2, unit="days")
    answers = [belongs(rule, kim, START + hours * HOUR) for hours in (-1, 0, 47, 48, 49, 10_000)]
    assert answers == [False, True, True, False, False, False]


def test_a_day_begins_when_it_begins(kim: Contact) -> None:
    """What goes by days of the calendar is not moved with the clock by the hour."""
    Contact.objects.filter(pk=kim.pk).update(attributes={"renewal": "2026-03-03"})
    rule = {"type": "date", "value": {"attribute": "renewal", "operator": "today", "days": None}}
    begins = datetime.datetime(2026, 3, 2, 23, 0, tzinfo=datetime.UTC)  # midnight in Amsterdam
    moments = (begins - HOUR, begins, begins + 23 * HOUR, begins + 24 * HOUR)
    assert [belongs(rule, kim, at) for at in moments] == [False, True, True, False]
    between = did("login", period="between", start="2026-03-03", end="2026-03-03")
    happened(kim, "login", begins)
    assert belongs(between, kim, begins + DAY)
    with override_settings(TIME_ZONE="America/New_York"):
        assert not belongs(between, kim, begins + DAY)


def test_what_stands_elsewhere_is_looked_up_each_time(kim: Contact) -> None:
    """Pages that were moved, and topics that were edited, mean what they mean now."""
    home = Page.objects.get(depth=2)
    section = home.add_child(instance=TextPage(title="Section", slug="section"))
    page = home.add_child(instance=TextPage(title="Page", slug="page"))
    happened(kim, "page_view", START, page_id=page.pk)
    viewed = {"type": "viewed", "value": {"did": "did", "count": 1, "period": "ever", "section": section.pk}}
    assert not belongs(viewed, kim, START)
    page.move(section, pos="last-child")
    assert belongs(viewed, kim, START)

    topic = Topic.objects.create(name="News", slug="news", mode=Topic.Mode.OPT_IN)
    may = {"type": "consent", "value": {"topic": topic.pk, "state": "may"}}
    assert not belongs(may, kim, START)
    Topic.objects.update(mode=Topic.Mode.OPT_OUT)
    assert belongs(may, kim, START)


def test_rules_are_put_into_sql_once(kim: Contact, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second batch, however much later, puts nothing into SQL again."""
    asking.forget()
    rule = did("login", period="last", amount=3, unit="weeks")
    belongs(rule, kim, START)
    put: list[object] = []
    compile_ = asking._compile
    monkeypatch.setattr(asking, "_compile", lambda *args: put.append(args) or compile_(*args))
    happened(kim, "login", START + DAY)
    assert belongs(rule, kim, START + 2 * DAY)
    assert put == []
