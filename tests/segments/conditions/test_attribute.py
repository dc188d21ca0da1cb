from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from tests.segments.naive import NAIVE, Person
from tests.segments.naive_contact import ASKED, NUMBERS, OTHERS, TEXTS, VALUES
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.db import insert_rows
from wagtail_journeys.segments import compiler
from wagtail_journeys.segments.conditions import registry

from .agreement import NOW, assert_agree, people, save

pytestmark = pytest.mark.django_db


def asks(
    operator: str, value: str = "", field: str = "attribute", name: str = "plan", **more: Any
) -> dict[str, Any]:
    return {
        "field": field,
        "attribute": name if field == "attribute" else "",
        "operator": operator,
        "value": value,
        **more,
    }


def matching(params: dict[str, Any]) -> list[Any]:
    found = compiler.contacts_matching("all", [{"type": "attribute", "value": params}], NOW).order_by("pk")
    return [contact.attributes.get(params["attribute"]) for contact in found]


def test_every_operator_reads_every_value_as_python_does() -> None:
    """Whatever an attribute holds, and whatever is asked of it: no error, and the answer of a plain reading."""
    crowd = [Person({}, {} if value == "nothing" else {"plan": value}, [], NOW) for value in VALUES]
    save(crowd)
    assert_agree(
        "attribute",
        [asks(operator, text, to="10") for operator in [*TEXTS, *NUMBERS, *OTHERS] for text in ASKED],
        crowd,
    )


class Agreement(HypothesisTestCase):
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(people("attribute"), st.lists(NAIVE["attribute"].params, min_size=1, max_size=8))
    def test_the_query_agrees_with_a_plain_reading(
        self, crowd: list[Person], asked: list[dict[str, Any]]
    ) -> None:
        """Columns and attributes, random people and questions: query and plain Python say the same."""
        save(crowd)
        assert_agree("attribute", asked, crowd)

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(
            st.recursive(
                st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.integers()
                | st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8),
                lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=2), inner, max_size=3),
                max_leaves=5,
            ),
            min_size=1,
            max_size=10,
        ),
        st.text(max_size=8),
    )  # fmt: skip
    def test_no_value_and_no_question_is_an_error(self, values: list[Any], text: str) -> None:
        """Any JSON in the attribute and any text in the rule can be asked; "not" is the opposite."""
        Contact.objects.bulk_create(Contact(attributes={"plan": value}) for value in values)
        for operator, value in itertools.product([*TEXTS, *NUMBERS, *OTHERS], [text, "3"]):
            matching(asks(operator, value, to=text))
        assert len(matching(asks("is", text))) + len(matching(asks("is_not", text))) == len(values)


@pytest.mark.parametrize(
    "name",
    [
        "grö ße",
        "😀",
        "0",
        "-1",
        "a.b",
        "a[0]",
        "$",
        "it's",
        "plan__exact",
        "contains",
        "isnull",
        "#",
        "%s",
        "%",
    ],
)
def test_any_name_can_be_asked_for(name: str) -> None:
    """Names that mean something to SQL, to Django or to JSON paths are just names, however the row was written."""
    Contact.objects.create(attributes={name: "yes", "other": 1})
    insert_rows(Contact, ["uuid", "attributes", "first_name", "last_name", "locale", "time_zone", "country", "points",
                          "lifetime_value", "orders", "created_at"],
                [("0" * 31 + "1", {name: "yes"}, "", "", "", "", "", 0, 0, 0, NOW)])  # fmt: skip
    Contact.objects.create(attributes={"other": "yes"})
    assert matching(asks("is", "YES", name=name)) == ["yes", "yes"]
    assert matching(asks("has_any", "yes", name=name)) == ["yes", "yes"]
    assert matching(asks("missing", name=name)) == [None]


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "", "\x00"])
def test_a_name_that_cannot_be_asked_for_is_nobodys(name: str) -> None:
    """Quotes and control characters in a name are refused by the form and match nobody in stored rules."""
    if "\x00" not in name:
        Contact.objects.create(attributes={name: "yes"})
    assert matching(asks("exists", name=name)) == []
    assert registry["attribute"].errors(asks("exists", name=name))["attribute"]


@pytest.mark.parametrize(
    ("params", "field"),
    [
        (asks("is", "x", name=""), "attribute"),
        (asks("is", " "), "value"),
        (asks("one_of", " , "), "value"),
        (asks("at_least", "many"), "value"),
        (asks("between", "3", to="x"), "to"),
        (asks("between", "3", to="2"), "to"),
        (asks("contains", "3", field="points"), "operator"),
        (asks("is", "a", field="points"), "value"),
        (asks("at_least", "3", field="email"), "operator"),
        (asks("yes", field="first_name"), "operator"),
    ],
)
def test_what_cannot_be_asked_is_refused(params: dict[str, Any], field: str) -> None:
    """The error stands at the field that is to be mended."""
    assert list(registry["attribute"].errors({"to": "", **params})) == [field]


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        (asks("is", "pro"), "“plan” is “pro”"),
        (asks("none_of", "pro, free"), "“plan” is not “pro” or “free”"),
        (asks("has_all", "a,b,c"), "“plan” has “a”, “b” and “c”"),
        (asks("between", "3", to="5"), "“plan” is between 3 and 5"),
        (asks("at_least", "10", field="points"), "points is at least 10"),
        (asks("missing", field="first_name"), "first name is not known"),
        (asks("yes", name="vip"), "“vip” is yes"),
    ],
)
def test_sentences(params: dict[str, Any], sentence: str) -> None:
    """The rule in words."""
    assert registry["attribute"].describe(params) == sentence


def test_the_fact_about_one_contact() -> None:
    """What the attribute is now, or that nothing is known."""
    condition = registry["attribute"]
    assert (
        condition.fact(asks("is", "pro"), Contact(attributes={"plan": ["a", 1]}), NOW) == 'it is “["a", 1]”'
    )
    assert condition.fact(asks("is", "pro"), Contact(), NOW) == "nothing is known"
