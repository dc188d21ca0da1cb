"""What the sweep looks at, what a rebuild holds in memory, and how changes reach campaigns a part at a time."""

from __future__ import annotations

import datetime
from unittest import mock

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.benchmarks.crowd import did, group
from tests.scenarios.story import START, Story, attribute, belongs, on_entering, wait
from wagtail_journeys import pipeline
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events.inbox import Incoming, accept_many
from wagtail_journeys.models import Journey, Membership, Segment
from wagtail_journeys.segments import diff, membership

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> Story:
    return Story()


def inside(segment: Segment) -> set[int]:
    stays = Membership.objects.filter(segment=segment, left_at=None)
    return set(stays.values_list("contact_id", flat=True))


def happened(contact: Contact, name: str, at: datetime.datetime) -> None:
    accept_many([Incoming(source="t", name=name, occurred_at=at, contact_id=contact.pk)], at, wake=False)
    pipeline.drain(at)


def test_a_sweep_asks_about_those_whom_the_clock_concerns(story: Story):
    """A day after the visit its contact leaves; nobody else is looked at, and nothing is compared as a whole."""
    segment = story.segment("Recent", did("visit", days=1))
    outer = story.segment("Not recent", belongs(segment, "not_in"))
    early, late = (Contact.objects.create(email=f"{n}@example.com", created_at=START) for n in "ab")
    happened(early, "visit", START)
    happened(late, "visit", START + datetime.timedelta(hours=3))
    pipeline.sweep(START + datetime.timedelta(hours=23))
    assert inside(segment) == {early.pk, late.pk}
    later = START + datetime.timedelta(hours=25)
    with mock.patch.object(diff, "apply", side_effect=AssertionError("compared as a whole")):
        pipeline.sweep(later)
    assert inside(segment) == {late.pk}
    assert inside(outer) == {early.pk}
    assert Membership.objects.get(segment=segment, contact=early).left_at == later


def test_a_sweep_without_a_predecessor_looks_at_everybody(story: Story):
    """After a long rest of the site, whatever has changed meanwhile is found."""
    segment = story.segment("Recent", did("visit", days=30))
    kim = Contact.objects.create(email="kim@example.com", created_at=START)
    happened(kim, "visit", START)
    pipeline.sweep(START + datetime.timedelta(seconds=1))
    pipeline.sweep(START + datetime.timedelta(days=40))
    assert inside(segment) == set()


def test_a_rule_that_breaks_when_asked_whom_the_clock_concerns_is_looked_at_as_a_whole(
    story: Story, monkeypatch: pytest.MonkeyPatch
):
    """The sweep goes on, and the segment is right all the same."""
    from wagtail_journeys.segments.conditions import registry

    segment = story.segment("Recent", did("visit", days=1))
    kim = Contact.objects.create(email="kim@example.com", created_at=START)
    happened(kim, "visit", START)
    pipeline.sweep(START + datetime.timedelta(hours=1))

    def explode(*args: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(registry["event"], "due", explode)
    pipeline.sweep(START + datetime.timedelta(hours=25))
    assert inside(segment) == set()


def test_a_whole_segment_is_compared_by_a_constant_number_of_statements(story: Story):
    """3 or 300 contacts enter and leave by the same statements, and who stays is not touched."""
    segment = story.segment("Fans", attribute("points", "at_least", "1"))
    counts = []
    for count, start in ((3, 0), (300, 100)):
        Contact.objects.bulk_create(
            Contact(email=f"p{n}@example.com", points=n % 2 + 1, created_at=START)
            for n in range(start, start + count)
        )
        with CaptureQueriesContext(connection) as captured:
            made = membership.rebuild(segment, START)
        counts.append(len(captured))
        assert (made.entered, made.left) == (count, 0)
    assert counts[0] == counts[1]
    before = set(Membership.objects.values_list("pk", "entered_at"))
    Contact.objects.filter(points=2).update(points=0)
    made = membership.rebuild(segment, START + datetime.timedelta(days=1))
    assert (made.entered, made.left) == (0, 151)
    assert {change.entered for change in made.changes(100)} == {False}
    assert set(Membership.objects.values_list("pk", "entered_at")) == before


def test_campaigns_see_the_changes_of_a_rebuild_a_part_at_a_time(story: Story):
    """However many enter, each starts once, and never more than a part of the changes is in memory."""
    segment = story.segment("Fans", attribute("points", "at_least", "1"))
    campaign = story.campaign("Welcome", on_entering(segment), wait(1))
    Contact.objects.bulk_create(
        Contact(email=f"p{n}@example.com", points=1, created_at=START) for n in range(25)
    )
    parts: list[int] = []
    original = diff.Moves.parts

    def small(self: diff.Moves, size: int = 10):  # type: ignore[no-untyped-def]
        for part in original(self, size):
            parts.append(len(part))
            yield part

    Segment.objects.filter(pk=segment.pk).update(rebuild_requested_at=START)
    with mock.patch.object(diff.Moves, "parts", small):
        pipeline.rebuild(START)
    assert parts[:3] == [10, 10, 5]
    assert Journey.objects.filter(campaign=campaign).count() == 25


def test_rules_are_read_again_only_after_an_edit(story: Story, django_assert_num_queries):  # type: ignore[no-untyped-def]
    """A batch costs one statement for all live rules, and an edit is seen by the next one."""
    segment = story.segment("S", group("any", did("visit"), attribute("points", "at_least", "1")))
    with django_assert_num_queries(1):
        first = membership.live_rules()
    assert membership.live_rules()[0] is first[0]
    Segment.objects.filter(pk=segment.pk).update(match="none")
    assert membership.live_rules()[0].match == "none"
