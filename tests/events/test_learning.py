from __future__ import annotations

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.events.conftest import NOW, definition, happened, learn
from wagtail_journeys.events import catalogue, learning
from wagtail_journeys.events.models import Event, EventDefinition, Heartbeat

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)


def test_our_own_events_are_there_from_the_start() -> None:
    """Before anything has happened the catalogue has the events that the package records, declared."""
    assert set(EventDefinition.objects.filter(declared=True).values_list("name", flat=True)) == set(
        catalogue.LABELS
    )


def test_what_is_seen_is_learnt() -> None:
    """Number, first and last moment, days, and the sources of the events of a name."""
    happened("plan_chosen", {"plan": "pro"}, times=3, every=DAY)
    happened("plan_chosen", {"plan": "free"}, source="key-7")
    learn()
    seen = definition("plan_chosen")
    assert (seen.volume, seen.first_seen, seen.last_seen) == (4, NOW - 2 * DAY, NOW)
    assert seen.daily == {"2026-05-02": 1, "2026-05-03": 1, "2026-05-04": 2}
    assert seen.sources == ["key-7", "python"]
    assert not seen.declared


def test_nothing_is_counted_twice() -> None:
    """Another look goes on where the last one stopped."""
    happened("plan_chosen", times=3)
    learn()
    learn()
    happened("plan_chosen", times=2)
    learn()
    assert definition("plan_chosen").volume == 5


def test_after_an_outage_it_catches_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log longer than one chunk is read in several."""
    monkeypatch.setattr(learning, "CHUNK", 10)
    happened("plan_chosen", times=57)
    learn()
    assert definition("plan_chosen").volume == 57


def test_a_look_that_is_too_early_asks_once(django_assert_num_queries) -> None:
    """Within the interval a look costs one statement and learns nothing."""
    learning.look(NOW)
    happened("plan_chosen")
    with django_assert_num_queries(1):
        assert learning.look(NOW + datetime.timedelta(seconds=5)) == 0
    assert not EventDefinition.objects.filter(name="plan_chosen").exists()


def test_statements_do_not_depend_on_what_is_learnt() -> None:
    """Five events of one name or 500 of 100 names with many properties: equally many statements."""
    learn()

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            learn()
        return len(captured)

    happened("few", {"a": 1}, times=5)
    few = statements()
    for number in range(100):
        happened(f"many_{number}", {f"p{n}": n for n in range(20)}, times=5)
    assert statements() == few


@pytest.mark.postgres
def test_what_is_committed_late_is_not_missed() -> None:
    """A number that is taken but not committed yet at one look is read at the next one."""
    learning.learn(NOW)
    happened("early")
    happened("late")
    late = Event.objects.filter(name="late")
    # As if another worker were still inside the transaction that took this number.
    row = late.values_list("pk", flat=True).get()
    Event.objects.filter(name="early").update(id=row + 1)
    late.update(name="not yet")
    learning.learn(NOW)
    assert Heartbeat.objects.get(pk=learning.READ).position < row
    Event.objects.filter(name="not yet").update(name="late")
    learning.learn(NOW)
    assert definition("late").volume == definition("early").volume == 1


def test_properties_with_their_kinds_and_examples() -> None:
    """Kinds of all values, and up to five examples."""
    happened(
        "ordered",
        {"plan": "pro", "seats": 3, "trial": True, "due": "2026-05-01", "tags": ["a"], "by": {"x": 1}},
    )
    for number in range(8):
        happened("ordered", {"plan": f"plan {number}", "seats": "four", "nothing": None})
    learn()
    found = {item.name: item for item in definition("ordered").properties}
    assert {name: item.kind for name, item in found.items()} == {
        "plan": "text",
        "seats": "text",
        "trial": "boolean",
        "due": "date",
        "tags": "list",
        "by": "object",
    }
    assert found["seats"].seen == ["number", "text"]
    assert found["plan"].examples == ["pro", "plan 0", "plan 1", "plan 2", "plan 3"]
    assert found["tags"].examples == []


def test_declared_kinds_win_and_others_are_pointed_out() -> None:
    """A property has the kind that somebody declared; values of another kind make it odd."""
    stored = [{"type": "property", "value": {"name": "seats", "kind": "number"}, "id": "1"}]
    EventDefinition.objects.create(name="ordered", declared=True, declared_properties=stored)
    happened("ordered", {"seats": "four", "other": 1})
    learn()
    seats, other = definition("ordered").properties
    assert (seats.name, seats.kind, seats.declared, seats.is_odd) == ("seats", "number", True, True)
    assert (other.name, other.kind, other.declared, other.is_odd) == ("other", "number", False, False)


def test_what_people_type_into_forms_is_no_example() -> None:
    """Of a submitted form the fields are known, and no answers."""
    happened("form_submit", {"form_title": "Newsletter", "company": "Acme", "email": "a@example.com"})
    learn()
    found = {item.name: item.examples for item in definition("form_submit").properties}
    assert found == {"form_title": ["Newsletter"], "company": [], "email": []}


def test_bots_teach_nothing() -> None:
    """What a crawler did is in the log and not in the catalogue."""
    happened("crawled", {"bot": "crawler"}, source="browser")
    happened("page_view", {"bot": "crawler"}, source="browser", times=5)
    learn()
    assert not EventDefinition.objects.filter(name="crawled").exists()
    assert definition("page_view").volume == 0


def test_learning_leaves_declarations_alone() -> None:
    """Neither writes what is the other's: not even when a form was opened before and saved afterwards."""
    happened("ordered", {"plan": "pro"})
    learn()
    opened = definition("ordered")
    happened("ordered", {"seats": 3}, times=9)
    learn()
    opened.label, opened.declared = "ordered something", True
    opened.save(update_fields=EventDefinition.DECLARED_FIELDS)
    happened("ordered")
    learn()
    seen = definition("ordered")
    assert (seen.label, seen.declared, seen.volume) == ("ordered something", True, 11)
    assert [item.name for item in seen.properties] == ["plan", "seats"]


def test_visitors_cannot_fill_the_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of names that only visitors send, the newest are kept; those of servers and declared ones are never forgotten."""
    monkeypatch.setattr(learning, "MAX_VISITORS_NAMES", 10)
    EventDefinition.objects.create(name="wanted", declared=True, sources=["browser"])
    happened("from_server", at=NOW - 9 * DAY)
    for number in range(30):
        happened(
            f"made_up_{number:02}", source="browser", at=NOW - (30 - number) * datetime.timedelta(hours=1)
        )
        if number == 14:
            learn()
    learn()
    names = set(EventDefinition.objects.exclude(name__in=catalogue.LABELS).values_list("name", flat=True))
    assert {"wanted", "from_server"} <= names
    assert len(names - {"wanted", "from_server"}) <= 10
    happened("made_up_99", source="browser")
    learn()
    assert EventDefinition.objects.filter(name="made_up_99").exists()


def test_a_thousand_names_and_properties_are_bounded() -> None:
    """One event with more properties than anybody needs: a hundred of them are kept."""
    happened("wide", {f"p{number}": "x" for number in range(1000)})
    for number in range(1000):
        happened(f"name_{number}")
    learn()
    assert len(definition("wide").properties) == 100
    assert EventDefinition.objects.filter(name__startswith="name_").count() == 1000


HOSTILE = [
    "<script>alert(1)</script>",
    "'; DROP TABLE events; --",
    "a" * 100,
    "ünïcödé 事件 🎉",
    "{{ 7 * 7 }}",
    "%s %(name)s",
    "__proto__",
    "../../etc/passwd",
    "\u202eevil",
    '"quoted"',
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_names(name: str) -> None:
    """Whatever a name or a property is called, it is learnt as it is."""
    happened(name, {name: name, "": "x", " ": "y", "a\nb": 1}, source="browser")
    learn()
    seen = definition(name)
    assert seen.volume == 1
    assert [item.name for item in seen.properties] == ([name] if name.isprintable() else [])
    assert catalogue.find_names(name[:5]) != []


def test_days_are_kept_for_two_months() -> None:
    """The days before that are only in the number."""
    happened("old", at=NOW - 100 * DAY, times=5)
    happened("old", times=2)
    learn()
    assert definition("old").volume == 7
    assert definition("old").daily == {"2026-05-04": 2}
