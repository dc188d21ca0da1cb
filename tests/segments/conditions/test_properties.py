"""A filter on a property means the same in the database and for an event in hand."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from tests.scenarios.story import START
from wagtail_journeys.events.properties import OPERATORS, WITHOUT_VALUE, Filter, Number
from wagtail_journeys.models import Event
from wagtail_journeys.reading import as_number

pytestmark = pytest.mark.django_db

VALUES: list[Any] = [
    "pro", "Pro", "PROfessional", " pro", "a,b", "Größe", "GRÖSSE", "100% sure", "a_b", "", " ", "it's", "12.5", "12,5",
    " 7 ", "7\n", "+7", "1e3", "0x10", "true", "False", "2026-03-02", "2026-03-02T09:00:00+01:00", "2026-02-31", "20260302",
    "2026-03-01", "2026-03-09", "2026-03-01T23:30:00Z", "2026-03-02 soon", "nothing", 7, 7.0, 12.5, -3, 0, 2**53, 10**15, 0.1, True, False, None, [], ["pro", 7],
    ["x", None, True], [["pro"]], {}, {"pro": 1}, ["2026-03-02"], "back\\slash",
]  # fmt: skip
ASKED = [
    "pro", "PRO", "7", "7.0", "12.5", "12,5", "-3", "true", "größe", "100%", "_", "a", "x, 7 ,pro", "a,b", "0.1", "1e3",
    "2026-03-02", "3", "0", "back\\slash", "it's", "not a number", " pro ", "",
]  # fmt: skip


@pytest.fixture
def events() -> dict[int, Any]:
    """An event per value, and one that has no such property."""
    made = [
        Event(
            source="t",
            message_id=f"m{n}",
            name="e",
            occurred_at=START,
            received_at=START,
            properties=properties,
        )
        for n, properties in enumerate([{}, *({"plan": value} for value in VALUES)])
    ]
    Event.objects.bulk_create(made)
    return {event.pk: event.properties for event in made}


@pytest.mark.parametrize("operator", OPERATORS)
def test_the_log_and_an_event_in_hand_agree(events: dict[int, Any], operator: str) -> None:
    """For every operator, value and thing to compare with, the database finds what Python finds."""
    for typed in ASKED if operator not in WITHOUT_VALUE else [""]:
        asked = Filter("plan", operator, typed)
        found = set(Event.objects.filter(asked.q(START)).values_list("pk", flat=True))
        expected = {pk for pk, properties in events.items() if asked.holds(properties, START)}
        differing = [events[pk] for pk in found ^ expected]
        assert not differing, (operator, typed)


@pytest.mark.parametrize(
    ("operator", "typed", "matching"),
    [
        ("is", "pro", ["pro", "Pro", ["pro", 7]]),
        ("one_of", "a, 12.5", ["12.5", "12,5", 12.5]),
        ("contains", "100%", ["100% sure"]),
        ("starts_with", "prof", ["PROfessional"]),
        ("at_least", "12.5", ["12.5", "12,5", "20260302", 12.5, 2**53, 10**15]),
        ("less_than", "0", [-3]),
        ("yes", "", ["true", True, ["x", None, True]]),
        ("no", "", ["False", False]),
        ("before", "2026-03-02", ["2026-03-01"]),
        ("after", "2026-03-02", ["2026-03-09"]),
        (
            "last_days",
            "1",
            ["2026-03-02", "2026-03-02T09:00:00+01:00", "2026-03-01", "2026-03-01T23:30:00Z", ["2026-03-02"]],
        ),
        (
            "next_days",
            "7",
            ["2026-03-02", "2026-03-02T09:00:00+01:00", "2026-03-09", "2026-03-01T23:30:00Z", ["2026-03-02"]],
        ),
    ],
)
def test_what_a_filter_finds(events: dict[int, Any], operator: str, typed: str, matching: list[Any]) -> None:
    """Text without regard to case, numbers however they are written, dates as they begin, lists by what is in them."""
    found = Event.objects.filter(Filter("plan", operator, typed).q(START)).order_by("pk")
    assert [event.properties["plan"] for event in found] == matching


def test_is_not_and_is_are_opposites(events: dict[int, Any]) -> None:
    """Whoever does not have the property does not have this value of it either."""
    for typed in ASKED:
        both = [
            set(Event.objects.filter(Filter("plan", operator, typed).q(START)).values_list("pk", flat=True))
            for operator in ("is", "is_not")
        ]
        assert both[0] | both[1] == set(events)
        assert not both[0] & both[1]


def test_relative_dates_move_with_the_clock() -> None:
    """A date in the next days is one in the last days later on."""
    ahead, behind = Filter("day", "next_days", "3"), Filter("day", "last_days", "3")
    properties = {"day": "2026-03-04"}
    assert [ahead.clock, Filter("day", "after", "2026-01-01").clock] == [True, False]
    assert (ahead.holds(properties, START), behind.holds(properties, START)) == (True, False)
    later = START + datetime.timedelta(days=4)
    assert (ahead.holds(properties, later), behind.holds(properties, later)) == (False, True)


@pytest.mark.parametrize(
    "name", ["total", "a b", "a.b", "contains", "x__gte", "it's", "per%cent", "[0]", "größe", 'a"b']
)
def test_a_property_may_be_called_anything(name: str) -> None:
    """Names that mean something in a query language are just names."""
    Event.objects.create(
        source="t", message_id="m", name="e", occurred_at=START, received_at=START, properties={name: "12"}
    )
    assert list(Event.objects.annotate(n=Number(name)).values_list("n", flat=True)) == [12.0]
    assert Event.objects.filter(Filter(name, "at_least", "10").q(START)).count() == 1
    assert Event.objects.filter(Filter(name, "exists").q(START)).count() == 1
    assert not Event.objects.filter(Filter(name + "x", "exists").q(START)).exists()


def test_a_property_as_a_number(events: dict[int, Any]) -> None:
    """Numbers, and text that is one; everything else is no number."""
    found = dict(Event.objects.annotate(n=Number("plan")).values_list("pk", "n"))
    assert found == {
        pk: None if (number := as_number(properties.get("plan"))) is None else float(number)
        for pk, properties in events.items()
    }


@pytest.mark.parametrize(
    ("operator", "typed", "fine"),
    [
        ("is", "", False),
        ("exists", "", True),
        ("at_least", "many", False),
        ("at_least", "1,5", True),
        ("before", "tomorrow", False),
        ("before", "2026-12-31", True),
        ("last_days", "-1", False),
        ("last_days", "30", True),
    ],
)
def test_a_value_that_does_not_fit_is_told(operator: str, typed: str, fine: bool) -> None:
    """The editor hears what is wrong before a rule silently finds nobody."""
    assert bool(Filter("plan", operator, typed).problem()) != fine
