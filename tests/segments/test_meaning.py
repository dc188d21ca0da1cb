"""One meaning: the query, the membership kept up to date, and a plain reading of the rules in Python agree.

Each condition is tried by itself in ``conditions/``; here they stand together in random trees, and time goes by.
"""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from tests.scenarios.story import START, attribute, belongs, did
from tests.segments.naive import INNER, NAIVE, Happened, Naive, Person
from tests.segments.naive_events import NAIVE as ABOUT_EVENTS
from wagtail_journeys import pipeline
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events.inbox import Incoming, accept_many
from wagtail_journeys.exceptions import SegmentCycle
from wagtail_journeys.models import Event, Membership, Segment
from wagtail_journeys.segments import compiler, membership
from wagtail_journeys.segments.conditions import registry
from wagtail_journeys.segments.membership import Touched
from wagtail_journeys.streams import with_ids

TABLE: dict[str, Naive] = {**NAIVE, **ABOUT_EVENTS}
STEP, STEPS = datetime.timedelta(hours=12), 7

leaves = st.one_of(
    [
        entry.params.map(lambda params, key=key: {"type": key, "value": params})
        for key, entry in sorted(TABLE.items())
    ]
)
matches = st.sampled_from(["all", "any", "none"])


def group(children: st.SearchStrategy) -> st.SearchStrategy:
    return st.builds(
        lambda match, rules: {"type": "group", "value": {"match": match, "rules": rules}},
        matches,
        st.lists(children, min_size=1, max_size=3),
    )


trees = st.lists(st.one_of(leaves, group(st.one_of(leaves, group(leaves)))), min_size=1, max_size=3)
fields = {name: given for entry in TABLE.values() for name, given in entry.fields.items()}
attributes = {name: given for entry in TABLE.values() for name, given in entry.attributes.items()}
happenings = st.tuples(
    st.integers(0, STEPS - 1),
    st.one_of([entry.events for entry in TABLE.values() if entry.events is not None]),
)
people = st.lists(
    st.fixed_dictionaries(
        {
            "fields": st.fixed_dictionaries(fields),
            "attributes": st.fixed_dictionaries(attributes).map(
                lambda values: {name: value for name, value in values.items() if value != "nothing"}
            ),
            "events": st.lists(happenings, max_size=6),
            "points": st.lists(st.tuples(st.integers(0, STEPS - 1), st.integers(0, 3)), max_size=2),
        }
    ),
    min_size=1,
    max_size=5,
)


# --- the plain reading -------------------------------------------------------------------------------------------------


def plain(match: str, rules: list[dict[str, Any]], person: Person, now: datetime.datetime) -> bool:
    answers = [plain_rule(rule, person, now) for rule in rules]
    return {"all": all(answers), "any": any(answers), "none": not any(answers)}[match]


def plain_rule(rule: dict[str, Any], person: Person, now: datetime.datetime) -> bool:
    if rule["type"] == "group":
        return plain(rule["value"]["match"], rule["value"]["rules"], person, now)
    return bool(TABLE[rule["type"]].matches(rule["value"], person, now))


def with_inner(rules: list[dict[str, Any]], inner: int) -> list[dict[str, Any]]:
    """The rules with the number of the other segment in them."""
    found = []
    for rule in rules:
        value = rule["value"]
        if rule["type"] == "group":
            value = {**value, "rules": with_inner(value["rules"], inner)}
        elif value.get("segment") == INNER:
            value = {**value, "segment": inner}
        found.append({**rule, "value": value})
    return found


class World:
    """People, a segment, and another one that it may ask about; ``go`` lets half a day pass."""

    def __init__(self, crowd: list[dict[str, Any]], match: str, rules: list[dict[str, Any]]) -> None:
        self.crowd, self.match, self.rules = crowd, match, rules
        self.inner_rules = [{"type": "event", "value": {"event": "order", "did": "did", "count": 1}}]
        inner = Segment.objects.create(name="Inner", rules=with_ids(self.inner_rules))
        self.segment = Segment.objects.create(
            name="S", match=match, rules=with_ids(with_inner(rules, inner.pk))
        )
        self.people = []
        for n, made in enumerate(crowd):
            row = Contact.objects.create(
                email=f"p{n}@example.com", created_at=START, attributes=made["attributes"], **made["fields"]
            )
            row.refresh_from_db()
            self.people.append(
                Person(dict(made["fields"]), made["attributes"], [], created_at=START, contact=row)
            )
        Segment.objects.update(rebuild_requested_at=START)
        pipeline.rebuild(START)

    def go(self, step: int) -> datetime.datetime:
        now = START + step * STEP
        incoming, touched = [], Touched()
        for person, made in zip(self.people, self.crowd, strict=True):
            for when, event in made["events"]:
                if when == step:
                    person.events.append(Happened(at=now, **event))
                    incoming.append(
                        Incoming(source="t", occurred_at=now, contact_id=person.contact.pk, **event)
                    )
            for when, points in made["points"]:
                if when == step:
                    person.fields["points"] = points
                    Contact.objects.filter(pk=person.contact.pk).update(points=points)
                    touched.fields["points"].add(person.contact.pk)
        accept_many(incoming, now, wake=False)
        while pipeline.drain(now):
            pass
        pipeline.follow(touched, now)
        pipeline.sweep(now)
        for person in self.people:
            if not person.stays and any(event.name == "order" for event in person.events):
                person.stays.append((now, None))
        return now

    def expected(self, now: datetime.datetime) -> set[int]:
        return {p.contact.pk for p in self.people if plain(self.match, self.rules, p, now)}


class OneMeaning(HypothesisTestCase):
    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    @given(people, matches, trees)
    def test_the_query_and_the_membership_agree_with_a_plain_reading(self, crowd, match, rules):
        """Random rules over random people: both forms of the query, the membership and plain Python say the same."""
        world = World(crowd, match, rules)
        stored = world.segment.raw_rules
        sentence = compiler.describe(match, stored)
        for step in range(STEPS):
            now = world.go(step)
            expected = world.expected(now)
            query = compiler.contacts_matching(match, stored, now)
            whole = compiler.everybody_matching(match, stored, now)
            inside = Membership.objects.filter(segment=world.segment, left_at=None)
            assert set(query.values_list("pk", flat=True)) == expected, (step, sentence)
            assert sorted(pk for row in whole for pk in row.values()) == sorted(expected), (step, sentence)
            assert set(inside.values_list("contact_id", flat=True)) == expected, (step, sentence)


def test_every_condition_has_a_plain_reading():
    """A condition of ours that nobody can read in plain Python is not held by the comparison."""
    ours = {
        key
        for key, condition in registry.items()
        if type(condition).__module__.startswith("wagtail_journeys.")
    }
    assert ours - TABLE.keys() == set()


@pytest.mark.django_db
def test_a_segment_of_segments_follows_the_inner_ones():
    """Belonging to a segment that asks about another one changes in the same batch as the other does."""
    inner = Segment.objects.create(name="Inner", rules=with_ids([did("page_view", count=2)]))
    outer = Segment.objects.create(
        name="Outer", rules=with_ids([belongs(inner), attribute("locale", "is", "nl")])
    )
    without = Segment.objects.create(name="Without", rules=with_ids([belongs(inner, "not_in")]))
    contact = Contact.objects.create(email="kim@example.com", locale="nl", created_at=START)
    membership.rebuild(without, START)
    for _view in range(2):
        accept_many([Incoming(source="t", name="page_view", occurred_at=START, contact_id=contact.pk)], START)
        pipeline.drain(START)
    inside = set(Membership.objects.filter(left_at=None).values_list("segment_id", flat=True))
    assert inside == {inner.pk, outer.pk}
    assert Membership.objects.get(segment=without).left_at == START
    assert Event.objects.count() == 2


@pytest.mark.django_db
def test_a_loop_of_segments_is_refused_and_does_no_harm():
    """A segment that would ask for itself by way of others is refused; stored all the same, it stops nobody."""
    first = Segment.objects.create(name="First")
    second = Segment.objects.create(name="Second", rules=with_ids([belongs(first)]))
    third = Segment.objects.create(name="Third", rules=with_ids([belongs(second)]))
    with pytest.raises(SegmentCycle):
        compiler.check_cycle(first.pk, [belongs(third)])
    compiler.check_cycle(first.pk, [attribute("points", "at_least", "1")])
    Segment.objects.filter(pk=first.pk).update(rules=with_ids([belongs(third)]))
    Contact.objects.create(email="kim@example.com", created_at=START)
    Segment.objects.update(rebuild_requested_at=START)
    assert pipeline.rebuild(START) == 0


@pytest.mark.django_db
def test_segments_in_segments_are_looked_up_and_not_unfolded():
    """Twenty segments, each asking about the one before: the query of the last is as long as that of the second."""
    segments = [Segment.objects.create(name="0", rules=with_ids([attribute("points", "at_least", "1")]))]
    for n in range(1, 20):
        rules = with_ids([belongs(segments[-1])])
        segments.append(Segment.objects.create(name=str(n), rules=rules))
    Contact.objects.create(email="kim@example.com", points=1, created_at=START)
    Segment.objects.update(rebuild_requested_at=START)
    assert pipeline.rebuild(START) == 20
    second, last = (
        len(str(compiler.contacts_matching("all", segment.raw_rules, START).query))
        for segment in (segments[1], segments[-1])
    )
    assert abs(second - last) < 10


@pytest.mark.django_db
def test_a_rebuild_leaves_those_who_stay_alone():
    """Rebuilding an unchanged segment writes nothing: nobody leaves and enters again."""
    segment = Segment.objects.create(name="S", rules=with_ids([attribute("points", "at_least", "1")]))
    for n in range(4):
        Contact.objects.create(email=f"p{n}@example.com", points=n, created_at=START)
    assert len(membership.rebuild(segment, START)) == 3
    before = list(Membership.objects.values_list("pk", "entered_at", "left_at"))
    assert len(membership.rebuild(segment, START + datetime.timedelta(days=1))) == 0
    assert list(Membership.objects.values_list("pk", "entered_at", "left_at")) == before
