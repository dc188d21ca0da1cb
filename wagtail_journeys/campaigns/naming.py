"""What steps are called where other steps speak of them: "did not open the email of “send ‘Welcome’”"."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from django.utils.translation import gettext as _t

#: Characters of a step's sentence where it stands in another one.
LONGEST = 60


@dataclass(frozen=True)
class Name:
    """The words for a step, and for its ways out by their names."""

    text: str
    arms: Mapping[str, str] = field(default_factory=dict)


_names: ContextVar[Callable[[str], Name | None] | None] = ContextVar("names", default=None)


@contextmanager
def known(name_of: Callable[[str], Name | None]) -> Iterator[None]:
    """Sentences made inside call steps by these names; ``name_of`` is given the id of a step."""
    token = _names.set(name_of)
    try:
        yield
    finally:
        _names.reset(token)


def step(step_id: str) -> str:
    """A step in a few words; "another step" where nobody knows."""
    found = _look_up(step_id)
    if found is None:
        return _t("another step")
    text = found.text if len(found.text) <= LONGEST else f"{found.text[: LONGEST - 1].rstrip()}…"
    return f"“{inner(text)}”"


def arm(step_id: str, name: str) -> str:
    """One of its ways out in words."""
    found = _look_up(step_id)
    return found.arms.get(name, name) if found else name


def inner(text: str) -> str:
    """What is put between quotation marks has single ones inside: “Send ‘Welcome’”."""
    return text.replace("“", "‘").replace("”", "’")


def _look_up(step_id: str) -> Name | None:
    name_of = _names.get()
    if name_of is None or not step_id:
        return None
    token = _names.set(None)  # a sentence that speaks of others, which speak of it, would never end
    try:
        return name_of(step_id)
    finally:
        _names.reset(token)
