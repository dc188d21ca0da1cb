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
    consents: dict[int, str] = field(default_factory=dict)  # the newest answer by the id of the topic
    blocked: str = ""  # why nothing is sent to the address
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


# --- in another segment ----------------------------------------------------------------------------------------------------


def _in_segment(params: dict[str, Any], person: Person, now: datetime.datetime) -> bool:
    inside = any(left is None for _entered, left in person.stays)
    return inside == (params["mode"] == "in")


NAIVE: dict[str, Naive] = {
    "in_segment": Naive(
        st.fixed_dictionaries({"mode": st.sampled_from(["in", "not_in"]), "segment": st.just(INNER)}), _in_segment
    ),
}  # fmt: skip


from .naive_contact import NAIVE as ABOUT_THE_CONTACT  # noqa: E402  they need what stands above
from .naive_events import NAIVE as ABOUT_EVENTS  # noqa: E402

NAIVE |= ABOUT_THE_CONTACT | ABOUT_EVENTS
