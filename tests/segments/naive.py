"""A plain reading of every condition, in Python, to compare the queries with. One entry per registered condition.

An entry says which params there are to try (a hypothesis strategy), which events and contact fields the condition is
about, and whether a person matches, told from plain values: no query, and no code of the condition itself.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

#: Stands for the other segment in params; the test puts in its id.
INNER = -1


@dataclass
class Happened:
    """An event, as the log has it."""

    name: str
    at: datetime.datetime
    properties: dict[str, Any] = field(default_factory=dict)
    page_id: int | None = None
    document_id: int | None = None
    site_id: int | None = None


@dataclass
class Person:
    """A contact: its columns, its attributes, what happened until now, and its stays in the segment INNER (from, until;
    None while it lasts)."""

    fields: dict[str, Any]
    attributes: dict[str, Any]
    events: list[Happened]
    created_at: datetime.datetime
    stays: list[tuple[datetime.datetime, datetime.datetime | None]] = field(default_factory=list)
    contact: Any = None  # the row; to tell people apart, not to be asked


@dataclass
class Naive:
    """``params``: what the block stores. ``matches(params, person, now)``: the answer, in plain Python.

    ``events``: dicts for Happened without ``at``, of which random ones happen to random people on whole days.
    ``fields`` and ``attributes``: strategies by name, for the people.
    """

    params: st.SearchStrategy[dict[str, Any]]
    matches: Callable[[dict[str, Any], Person, datetime.datetime], bool]
    events: st.SearchStrategy[dict[str, Any]] | None = None
    fields: dict[str, st.SearchStrategy[Any]] = field(default_factory=dict)
    attributes: dict[str, st.SearchStrategy[Any]] = field(default_factory=dict)


# --- a field of the contact ----------------------------------------------------------------------------------------------

MISSING = "nothing"
PLANS = [MISSING, None, "pro", "Pro", "free", 3, 3.5, True, ""]


def _field(name: str, operators: list[str], values: list[str], attribute: str = "") -> st.SearchStrategy:
    return st.fixed_dictionaries(
        {
            "field": st.just(name),
            "attribute": st.just(attribute),
            "operator": st.sampled_from(operators),
            "value": st.sampled_from(values),
        }
    )


def _attribute(params: dict[str, Any], person: Person, now: datetime.datetime) -> bool:
    operator, text = params["operator"], params["value"]
    if params["field"] == "attribute":
        return _plan(operator, text, person.attributes.get(params["attribute"]))
    if params["field"] == "points":
        points, wanted = person.fields["points"], int(text)
        return {
            "is": points == wanted, "is_not": points != wanted, "at_least": points >= wanted, "less_than": points < wanted,
        }[operator]  # fmt: skip
    name, wanted = person.fields[params["field"]].lower(), text.lower()
    return {
        "is": name == wanted, "is_not": name != wanted, "contains": wanted in name,
        "starts_with": name.startswith(wanted), "exists": bool(name), "missing": not name,
    }[operator]  # fmt: skip


def _plan(operator: str, text: str, plan: Any) -> bool:
    known = plan is not None
    if operator in ("exists", "missing"):
        return known == (operator == "exists")
    if operator in ("at_least", "less_than"):
        if not isinstance(plan, int | float) or isinstance(plan, bool):
            return False
        return plan >= float(text) if operator == "at_least" else plan < float(text)
    same = known and str(plan).lower() == text
    return same == (operator == "is")


# --- did something ---------------------------------------------------------------------------------------------------------

NAMES = ["page_view", "download"]


def _event(params: dict[str, Any], person: Person, now: datetime.datetime) -> bool:
    days = params.get("days")
    since = now - datetime.timedelta(days=days) if days else None
    count = sum(
        event.name == params["event"] and (since is None or since < event.at <= now)
        for event in person.events
    )
    return (count >= params["count"]) == (params["did"] == "did")


# --- in another segment ----------------------------------------------------------------------------------------------------


def _in_segment(params: dict[str, Any], person: Person, now: datetime.datetime) -> bool:
    inside = any(left is None for _entered, left in person.stays)
    return inside == (params["mode"] == "in")


NAIVE: dict[str, Naive] = {
    "attribute": Naive(
        st.one_of(
            _field("attribute", ["is", "is_not", "exists", "missing"], ["pro", "free", "3", "3.5", "true", "gold"], "plan"),
            _field("attribute", ["at_least", "less_than"], ["3", "3.2", "10"], "plan"),
            _field("first_name", ["is", "is_not", "contains", "starts_with", "exists", "missing"], ["Kim", "ki", "x"]),
            _field("points", ["is", "is_not", "at_least", "less_than"], ["0", "1", "2", "3"]),
        ),
        _attribute,
        fields={"first_name": st.sampled_from(["", "Kim", "kim", "Max"]), "points": st.integers(0, 3)},
        attributes={"plan": st.sampled_from(PLANS)},
    ),
    "event": Naive(
        st.fixed_dictionaries(
            {
                "did": st.sampled_from(["did", "did_not"]),
                "event": st.sampled_from(NAMES),
                "page": st.none(),
                "section": st.none(),
                "document": st.none(),
                "count": st.integers(1, 3),
                "days": st.sampled_from([None, 1, 5]),
            }
        ),
        _event,
        events=st.fixed_dictionaries({"name": st.sampled_from(NAMES)}),
    ),
    "in_segment": Naive(
        st.fixed_dictionaries({"mode": st.sampled_from(["in", "not_in"]), "segment": st.just(INNER)}), _in_segment
    ),
}  # fmt: skip
