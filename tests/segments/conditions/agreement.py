"""Do a condition's query and its plain reading agree?"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from tests.segments.naive import INNER, NAIVE, Happened, Person
from wagtail_journeys.contacts.models import ConsentState, Contact, Suppression, address_hash
from wagtail_journeys.models import Event, Membership, Segment
from wagtail_journeys.segments import compiler
from wagtail_journeys.segments.conditions import registry

NOW = datetime.datetime(2026, 3, 4, 9, 0, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)

moments = st.integers(-120, 0).map(lambda hours: NOW + hours * HOUR)
stays = st.tuples(moments, st.integers(1, 60)).map(
    lambda stay: (stay[0], stay[0] + stay[1] * HOUR if stay[0] + stay[1] * HOUR <= NOW else None)
)


def people(key: str, most: int = 8) -> st.SearchStrategy[list[Person]]:
    """People with the fields and attributes that the condition is about, who did things and were in segments."""
    entry = NAIVE[key]
    return st.lists(
        st.builds(
            Person,
            fields=st.fixed_dictionaries(entry.fields),
            attributes=st.fixed_dictionaries(entry.attributes).map(
                lambda values: {name: value for name, value in values.items() if value != "nothing"}
            ),
            events=st.lists(st.builds(Happened, name=st.just("page_view"), at=moments), max_size=3),
            created_at=moments,
            stays=st.lists(stays, max_size=1),
            blocked=st.sampled_from(["", "", "hard_bounce", "manual"]),
        ),
        min_size=1,
        max_size=most,
    )


def save(crowd: Sequence[Person]) -> None:
    """Make their rows, and those of what happened to them; people are last seen when they last did something."""
    rows = [
        Contact(
            **{
                "email": f"p{n}@example.com",
                "created_at": person.created_at,
                "last_seen_at": max((event.at for event in person.events), default=None),
                **person.fields,
            },
            attributes=person.attributes,
        )
        for n, person in enumerate(crowd)
    ]
    for person, row in zip(crowd, Contact.objects.bulk_create(rows), strict=True):
        person.contact = row
    Event.objects.bulk_create(
        Event(
            source="t", message_id=f"{person.contact.pk}-{n}", name=event.name, contact=person.contact,
            occurred_at=event.at, received_at=event.at, properties=event.properties,
        )
        for person in crowd
        for n, event in enumerate(person.events)
    )  # fmt: skip
    Membership.objects.bulk_create(
        Membership(segment=inner(), contact=person.contact, entered_at=entered, left_at=left)
        for person in crowd
        for entered, left in person.stays
    )
    Suppression.objects.bulk_create(
        Suppression(address_hash=address_hash(person.contact.email), reason=person.blocked, since=NOW)
        for person in crowd
        if person.blocked
    )
    ConsentState.objects.bulk_create(
        ConsentState(contact=person.contact, topic_id=topic, state=state, since=NOW)
        for person in crowd
        for topic, state in person.consents.items()
    )


def inner() -> Segment:
    return Segment.objects.get_or_create(name="Inner")[0]


def rule_of(key: str, params: dict[str, Any]) -> dict[str, Any]:
    if params.get("segment") == INNER:
        params = {**params, "segment": inner().pk}
    return {"type": key, "value": params}


def assert_agree(
    key: str, asked: Sequence[dict[str, Any]], crowd: Sequence[Person], now: datetime.datetime = NOW
) -> None:
    """For each of the params the query, alone and turned around, finds whom the plain reading finds."""
    everybody = {person.contact.pk for person in crowd}
    for params in asked:
        rule = rule_of(key, params)
        expected = {person.contact.pk for person in crowd if NAIVE[key].matches(params, person, now)}
        for match, wanted in (("all", expected), ("none", everybody - expected)):
            found = set(compiler.contacts_matching(match, [rule], now).values_list("pk", flat=True))
            whole = {pk for row in compiler.everybody_matching(match, [rule], now) for pk in row.values()}
            wrong = [p for p in crowd if p.contact.pk in (found ^ wanted) | (whole ^ wanted)]
            assert not wrong, (match, registry[key].describe(rule["value"]), params, wrong)
        answers = compiler.evaluate({0: compiler.Question("all", [rule], everybody)}, now)
        assert answers[0] == expected
