"""The list of segments and the page of one: sizes, growth, who uses it, what it shares with others."""

from __future__ import annotations

import datetime

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.scenarios.story import START, Story, attribute, belongs, on_entering, wait
from wagtail_journeys import pipeline
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.models import Membership, Segment, SegmentSize
from wagtail_journeys.segments import charts, members, sizes

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("boss", "boss@example.com", "x"))
    return client


def url(name: str, *args: object) -> str:
    return reverse(Segment.snippet_viewset.get_url_name(name), args=args)


def stay(segment: Segment, contact: Contact, entered: int, left: int | None = None) -> None:
    """A stay, in days since START."""
    Membership.objects.create(
        segment=segment,
        contact=contact,
        entered_at=START + datetime.timedelta(days=entered),
        left_at=None if left is None else START + datetime.timedelta(days=left),
    )


def crowd(count: int) -> list[Contact]:
    return [Contact.objects.create(email=f"p{n}@example.com", created_at=START) for n in range(count)]


def test_sizes_are_told_from_the_stays_day_by_day():
    """Looked at late, the past is filled in; looked at daily, it comes to the same."""
    people = crowd(3)
    late, daily = (Segment.objects.create(name=name, kind="static") for name in ("Late", "Daily"))
    for day in range(6):
        now = START + datetime.timedelta(days=day, hours=1)
        for segment in (late, daily):
            if day == 0:
                stay(segment, people[0], 0)
                stay(segment, people[1], 0)
            if day == 2:
                Membership.objects.filter(segment=segment, contact=people[0]).update(left_at=now)
                stay(segment, people[2], 2)
            if day == 4:
                Membership.objects.filter(segment=segment, contact=people[2]).update(left_at=now)
        sizes.take(now, [daily.pk])
    sizes.take(now, [late.pk])
    told = {
        segment: list(
            SegmentSize.objects.filter(segment=segment)
            .order_by("day")
            .values_list("members", "entered", "left")
        )
        for segment in (late, daily)
    }
    assert told[late] == told[daily] == [(2, 2, 0), (2, 0, 0), (2, 1, 1), (2, 0, 0), (1, 0, 1), (1, 0, 0)]
    assert [day.members for day in sizes.growth(daily.pk, sizes.day_of(now), 3)] == [2, 1, 1]


def test_a_rebuild_and_a_sweep_note_the_sizes(story: Story):
    """Whoever publishes a segment sees its size at once, and the sweep keeps it."""
    Contact.objects.create(email="kim@example.com", points=3, created_at=START)
    segment = story.segment("Fans", attribute("points", "at_least", "1"))
    assert SegmentSize.objects.get(segment=segment).members == 1
    story.after(days=1)
    assert SegmentSize.objects.filter(segment=segment).count() == 2


def test_a_listing_counts_small_segments_and_looks_large_ones_up(monkeypatch: pytest.MonkeyPatch):
    """Above the limit the last noted size is shown; a segment that has shrunk since is counted."""
    monkeypatch.setattr(sizes, "COUNTED", 2)
    small, large = (Segment.objects.create(name=name, kind="static") for name in ("Small", "Large"))
    people = crowd(5)
    stay(small, people[0], 0)
    for person in people:
        stay(large, person, 0)
    sizes.take(START, [small.pk, large.pk])
    Membership.objects.filter(segment=large, contact=people[0]).delete()
    stay(small, people[1], 0)
    shown = {segment.name: segment.members for segment in sizes.with_members(Segment.objects.all())}
    assert shown == {"Small": 2, "Large": 5}


def test_the_list_costs_the_same_number_of_statements_however_long_it_is(admin: Client, story: Story):
    """Twenty more segments with sizes, users and trends cost no statement more, once their rules have been put in words."""
    inner = story.segment("Inner", attribute("points", "at_least", "1"))
    story.campaign("Greeting", on_entering(inner), wait(1))
    counts = []
    for round_ in range(2):
        for n in range(2 if round_ == 0 else 20):
            segment = story.segment(f"Outer {round_} {n}", belongs(inner))
            sizes.take(story.now, [segment.pk])
        admin.get(url("list"))
        with CaptureQueriesContext(connection) as captured:
            answer = admin.get(url("list"))
        counts.append(len(captured))
    assert answer.status_code == 200
    assert "Greeting" in answer.content.decode()
    assert counts[0] == counts[1]


def test_the_list_is_narrowed_to_what_is_used_or_not(admin: Client, story: Story):
    """Used means: asked for by another segment, or by a live campaign."""
    asked = story.segment("Asked for", attribute("points", "at_least", "1"))
    story.segment("Asking", belongs(asked))
    started = story.segment("Starting", attribute("points", "at_least", "2"))
    story.campaign("Greeting", on_entering(started), wait(1))
    for used, names in (("yes", {"Asked for", "Starting"}), ("no", {"Asking"})):
        shown = admin.get(url("list"), {"used": used}).context["object_list"]
        assert {segment.name for segment in shown} == names


def test_what_is_used_is_neither_deleted_nor_unpublished(admin: Client, story: Story):
    """The refusal names who uses it, one by one and in bulk."""
    inner = story.segment("Inner", attribute("points", "at_least", "1"))
    started = story.segment("Starting", attribute("points", "at_least", "2"))
    story.segment("Outer", belongs(inner))
    story.campaign("Greeting", on_entering(started), wait(1))
    refused = admin.post(url("delete", inner.pk), follow=True).content.decode()
    assert "“Outer”" in refused
    bulk = reverse("wagtail_bulk_action", args=["wagtail_journeys", "segment", "delete"])
    both = admin.post(f"{bulk}?id={inner.pk}&id={started.pk}", follow=True).content.decode()
    assert "“Outer”" in both
    assert "“Greeting”" in both
    left = admin.post(url("unpublish", inner.pk), follow=True).content.decode()
    assert "“Outer”" in left
    assert set(Segment.objects.filter(live=True).values_list("name", flat=True)) == {
        "Inner",
        "Starting",
        "Outer",
    }


def test_the_page_of_a_segment_shows_how_it_grew_who_uses_it_and_whom_it_shares(admin: Client, story: Story):
    """One page, a constant number of statements; the chart comes with a table of the same numbers."""
    people = crowd(4)
    first, second = (Segment.objects.create(name=name, kind="static") for name in ("First", "Second"))
    for person in people:
        stay(first, person, 0)
    for person in people[:3]:
        stay(second, person, 0)
    story.segment("Outer", belongs(first))
    pipeline.sweep(story.now)
    answer = admin.get(url("inspect", first.pk))
    overlap = answer.context["overlaps"][0]
    assert (overlap.segment.name, overlap.shared, overlap.percent) in [("Second", 3, 75), ("Outer", 4, 100)]
    assert {each.segment.name for each in answer.context["overlaps"]} == {"Second", "Outer"}
    page = answer.content.decode()
    assert "Outer" in page
    assert "p0@example.com" in page


def test_overlaps_of_a_large_segment_are_estimated_from_a_part(monkeypatch: pytest.MonkeyPatch):
    """Every n-th contact is looked at, and what is found is told as an estimate."""
    monkeypatch.setattr(members, "SAMPLE", 10)
    first, second = (Segment.objects.create(name=name, kind="static") for name in ("First", "Second"))
    for person in crowd(40):
        stay(first, person, 0)
        stay(second, person, 0)
    found, estimated = members.overlaps(first, 40)
    assert estimated
    assert found[0].shared == 40
    assert found[0].percent == 100


def test_a_drawing_says_in_words_what_it_shows():
    """Screen readers hear the first and last size; one day alone is no trend."""
    day = datetime.date(2026, 3, 2)
    days = [sizes.Day(day, 10, 10, 0), sizes.Day(day + datetime.timedelta(days=1), 25, 15, 0)]
    assert "from 10 to 25 in 2 days" in charts.sparkline(days)
    assert "<polyline" in charts.sparkline(days)
    assert "<polyline" not in charts.sparkline(days[:1])
    assert charts.growth([]) == ""
