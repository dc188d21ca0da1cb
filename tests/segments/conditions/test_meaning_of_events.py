"""Conditions about events mean the same in every way of asking, and in a plain reading, while time goes by."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.test import TestCase
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from tests.scenarios.story import START
from tests.segments.naive import Happened, Person
from tests.segments.naive_events import NAIVE
from wagtail_journeys import pipeline
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events.inbox import Incoming, accept_many
from wagtail_journeys.models import Event, Membership, Segment
from wagtail_journeys.segments import compiler, membership
from wagtail_journeys.segments.conditions import population, registry
from wagtail_journeys.streams import with_ids

DAYS = 6


class OneMeaning(HypothesisTestCase):
    """A test for every condition; see below."""


def check(key: str, params: dict[str, Any], crowd: list[list[tuple[int, dict[str, Any]]]]) -> None:
    """Let the days go by; every day the query, in both of its forms, and the membership are what plain Python says."""
    naive = NAIVE[key]
    rules = with_ids([{"type": key, "value": params}])
    segment = Segment.objects.create(name="S", rules=rules)
    people = [
        Person(
            fields={},
            attributes={},
            events=[],
            created_at=START,
            contact=Contact.objects.create(created_at=START),
        )
        for _events in crowd
    ]
    membership.rebuild(segment, START - datetime.timedelta(days=1))
    sentence = compiler.describe("all", rules)
    for day in range(DAYS):
        now = START + datetime.timedelta(days=day)
        incoming = []
        for person, events in zip(people, crowd, strict=True):
            for when, event in events:
                if when == day:
                    person.events.append(Happened(at=now, **event))
                    incoming.append(
                        Incoming(source="t", occurred_at=now, contact_id=person.contact.pk, **event)
                    )
        accept_many(incoming, now, wake=False)
        while pipeline.drain(now):
            pass
        pipeline.sweep(now)
        expected = {person.contact.pk for person in people if naive.matches(params, person, now)}
        with population.everybody():
            all_at_once = compiler.contacts_matching("all", rules, now)
        one_by_one = compiler.contacts_matching("all", rules, now)
        inside = Membership.objects.filter(segment=segment, left_at=None).values_list("contact_id", flat=True)
        assert set(one_by_one.values_list("pk", flat=True)) == expected, (day, sentence, params)
        assert set(all_at_once.values_list("pk", flat=True)) == expected, (day, sentence, params)
        assert set(inside) == expected, (day, sentence, params)


def _test_of(key: str) -> Any:
    happened = st.tuples(st.integers(0, DAYS - 1), NAIVE[key].events)

    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(NAIVE[key].params, st.lists(st.lists(happened, max_size=5), min_size=1, max_size=4))
    def test(self: TestCase, params: dict[str, Any], crowd: list[Any]) -> None:
        check(key, params, crowd)

    test.__doc__ = f"The condition “{key}”."
    return test


for name in NAIVE:
    setattr(OneMeaning, f"test_{name}", _test_of(name))


@pytest.mark.django_db
@pytest.mark.parametrize("key", NAIVE)
def test_the_form_stores_what_the_query_reads(key: str) -> None:
    """A line as an editor adds it, with nothing filled in but what has to be, is asked and told."""
    block = registry[key].block()
    params = block.get_prep_value(block.get_default())
    for part in (params, *(value for value in params.values() if isinstance(value, dict))):
        if "event" in part:
            part["event"] = "order"
    Event.objects.create(source="t", message_id="1", name="order", occurred_at=START, received_at=START)
    assert not compiler.contacts_matching("all", [{"type": key, "value": params}], START).exists()
    assert "…" not in registry[key].describe(params)
    assert registry[key].mentions(params).events
