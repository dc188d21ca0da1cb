"""One meaning: the query, the membership kept up to date, and a plain reading of the rules in Python agree."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from tests.scenarios.story import START, attribute, belongs, did
from wagtail_journeys import pipeline
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events.inbox import Incoming, accept_many
from wagtail_journeys.models import Event, Membership, Segment
from wagtail_journeys.segments import compiler, membership
from wagtail_journeys.streams import with_ids

NAMES = ["page_view", "download"]
PLANS = [None, "pro", "Pro", "free", 3, 3.5, True, ""]

leaves = st.one_of(
    st.builds(
        lambda operator, value: attribute("attribute", operator, value, name="plan"),
        st.sampled_from(["is", "is_not", "exists", "missing"]),
        st.sampled_from(["pro", "free", "3", "3.5", "true", "gold"]),
    ),
    st.builds(
        lambda operator, value: attribute("attribute", operator, value, name="plan"),
        st.sampled_from(["at_least", "less_than"]),
        st.sampled_from(["3", "3.2", "10"]),
    ),
    st.builds(
        lambda operator, value: attribute("first_name", operator, value),
        st.sampled_from(["is", "is_not", "contains", "starts_with", "exists", "missing"]),
        st.sampled_from(["Kim", "ki", "x"]),
    ),
    st.builds(
        lambda operator, value: attribute("points", operator, str(value)),
        st.sampled_from(["is", "is_not", "at_least", "less_than"]),
        st.integers(0, 3),
    ),
    st.builds(
        lambda done, name, count, days: did(name, did=done, count=count, days=days),
        st.sampled_from(["did", "did_not"]),
        st.sampled_from(NAMES),
        st.integers(1, 3),
        st.sampled_from([None, 1, 5]),
    ),
)
matches = st.sampled_from(["all", "any", "none"])


def group(children: st.SearchStrategy) -> st.SearchStrategy:
    return st.builds(
        lambda match, rules: {"type": "group", "value": {"match": match, "rules": rules}},
        matches,
        st.lists(children, min_size=1, max_size=3),
    )


rules = st.lists(st.one_of(leaves, group(st.one_of(leaves, group(leaves)))), min_size=1, max_size=3)
people = st.lists(
    st.fixed_dictionaries(
        {
            "first_name": st.sampled_from(["", "Kim", "kim", "Max"]),
            "points": st.integers(0, 3),
            "plan": st.sampled_from(["nothing", *PLANS]),
            "events": st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 8)), max_size=4),
        }
    ),
    min_size=1,
    max_size=5,
)


# --- the plain reading -------------------------------------------------------------------------------------------------


def plain(match: str, rules: list[dict[str, Any]], person: dict[str, Any], day: int) -> bool:
    answers = [plain_rule(rule, person, day) for rule in rules]
    return {"all": all(answers), "any": any(answers), "none": not any(answers)}[match]


def plain_rule(rule: dict[str, Any], person: dict[str, Any], day: int) -> bool:
    value = rule["value"]
    if rule["type"] == "group":
        return plain(value["match"], value["rules"], person, day)
    if rule["type"] == "event":
        since = day - value["amount"] if value["period"] == "last" else -(10**6)
        count = sum(name == value["event"] and since < when <= day for name, when in person["events"])
        return (count >= value["count"]) == (value["did"] == "did")
    operator, text = value["operator"], value["value"]
    if value["field"] == "points":
        points, wanted = person["points"], int(text)
        return {
            "is": points == wanted, "is_not": points != wanted, "at_least": points >= wanted, "less_than": points < wanted,
        }[operator]  # fmt: skip
    if value["field"] == "first_name":
        name, wanted = person["first_name"].lower(), text.lower()
        return {
            "is": name == wanted, "is_not": name != wanted, "contains": wanted in name,
            "starts_with": name.startswith(wanted), "exists": bool(name), "missing": not name,
        }[operator]  # fmt: skip
    return plain_plan(operator, text, person["plan"])


def plain_plan(operator: str, text: str, plan: Any) -> bool:
    known = plan != "nothing" and plan is not None
    if operator in ("exists", "missing"):
        return known == (operator == "exists")
    if operator in ("at_least", "less_than"):
        if not isinstance(plan, int | float) or isinstance(plan, bool):
            return False
        return plan >= float(text) if operator == "at_least" else plan < float(text)
    same = known and str(plan).lower() == text
    return same == (operator == "is")


class OneMeaning(HypothesisTestCase):
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(people, matches, rules)
    def test_the_query_and_the_membership_agree_with_a_plain_reading(self, crowd, match, rules):
        """Random rules over random people: query, incremental membership and plain Python say the same, day by day."""
        segment = Segment.objects.create(name="S", match=match, rules=with_ids(rules))
        made = [
            Contact.objects.create(
                email=f"p{n}@example.com",
                first_name=person["first_name"],
                points=person["points"],
                attributes={} if person["plan"] == "nothing" else {"plan": person["plan"]},
                created_at=START,
            )
            for n, person in enumerate(crowd)
        ]
        membership.rebuild(segment, START - datetime.timedelta(days=1))
        for day in range(10):
            now = START + datetime.timedelta(days=day)
            accept_many(
                [
                    Incoming(source="t", name=name, occurred_at=now, contact_id=made[n].pk)
                    for n, person in enumerate(crowd)
                    for name, when in person["events"]
                    if when == day
                ],
                now,
                wake=False,
            )
            while pipeline.drain(now):
                pass
            pipeline.sweep(now)
            expected = {
                made[n].pk for n, person in enumerate(crowd) if plain(match, rules, until(person, day), day)
            }
            query = compiler.contacts_matching(match, segment.raw_rules, now)
            inside = Membership.objects.filter(segment=segment, left_at=None).values_list(
                "contact_id", flat=True
            )
            sentence = compiler.describe(match, segment.raw_rules)
            assert set(query.values_list("pk", flat=True)) == expected, sentence
            assert set(inside) == expected, sentence


def until(person: dict[str, Any], day: int) -> dict[str, Any]:
    return {**person, "events": [(name, when) for name, when in person["events"] if when <= day]}


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
def test_a_rebuild_leaves_those_who_stay_alone():
    """Rebuilding an unchanged segment writes nothing: nobody leaves and enters again."""
    segment = Segment.objects.create(name="S", rules=with_ids([attribute("points", "at_least", "1")]))
    for n in range(4):
        Contact.objects.create(email=f"p{n}@example.com", points=n, created_at=START)
    assert len(membership.rebuild(segment, START)) == 3
    before = list(Membership.objects.values_list("pk", "entered_at", "left_at"))
    assert len(membership.rebuild(segment, START + datetime.timedelta(days=1))) == 0
    assert list(Membership.objects.values_list("pk", "entered_at", "left_at")) == before
