"""Do a condition's query and its plain reading agree?"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from tests.segments.naive import NAIVE, Person
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.segments import compiler
from wagtail_journeys.segments.conditions import registry

NOW = datetime.datetime(2026, 3, 2, 9, 0, tzinfo=datetime.UTC)


def people(key: str, most: int = 12) -> st.SearchStrategy[list[Person]]:
    """People with the fields and attributes that the condition is about."""
    entry = NAIVE[key]
    return st.lists(
        st.builds(
            Person,
            fields=st.fixed_dictionaries(entry.fields),
            attributes=st.fixed_dictionaries(entry.attributes).map(
                lambda values: {name: value for name, value in values.items() if value != "nothing"}
            ),
            events=st.just([]),
            created_at=st.just(NOW),
        ),
        min_size=1,
        max_size=most,
    )


def save(crowd: Sequence[Person]) -> None:
    """Make their rows; ``created_at`` is a column unless the fields say otherwise."""
    rows = [
        Contact(**{"created_at": person.created_at, **person.fields}, attributes=person.attributes)
        for person in crowd
    ]
    for person, row in zip(crowd, Contact.objects.bulk_create(rows), strict=True):
        person.contact = row


def assert_agree(
    key: str, asked: Sequence[dict[str, Any]], crowd: Sequence[Person], now: datetime.datetime = NOW
) -> None:
    """For each of the params the query, alone and turned around, finds whom the plain reading finds."""
    everybody = {person.contact.pk for person in crowd}
    for params in asked:
        rule = {"type": key, "value": params}
        expected = {person.contact.pk for person in crowd if NAIVE[key].matches(params, person, now)}
        for match, wanted in (("all", expected), ("none", everybody - expected)):
            found = set(compiler.contacts_matching(match, [rule], now).values_list("pk", flat=True))
            wrong = [(p.fields, p.attributes) for p in crowd if p.contact.pk in found ^ wanted]
            assert not wrong, (match, registry[key].describe(params), params, wrong)
        answers = compiler.evaluate({0: compiler.Question("all", [rule], everybody)}, now)
        assert answers[0] == expected
