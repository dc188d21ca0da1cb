from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .material import Material

Block = dict[str, Any]


@dataclass
class Draft:
    """What a starter makes of the site: the streams of a campaign, and its other fields by name."""

    trigger: Block
    steps: list[Block]
    filters: list[Block] = field(default_factory=list)
    goal: Block | None = None
    fields: dict[str, Any] = field(default_factory=dict)


class Starter:
    """One campaign to start from.

    Subclass it, give it a ``key`` and decorate it with ``@registry.register``. ``draft`` looks into the site for pages,
    forms and documents, and asks ``material`` for emails and segments; where something is missing it leaves the field
    empty and says so with ``material.todo``.
    """

    key: str = ""
    label: Any = ""
    #: What it does, in a sentence, for the page on which one is chosen.
    description: Any = ""
    icon: str = "tasks"

    def draft(self, material: Material) -> Draft:
        raise NotImplementedError


# Blocks as they are stored, with what a starter does not care about left at its default.


def block(kind: str, /, **value: Any) -> Block:
    return {"type": kind, "value": value}


def event(name: str, *, page: int | None = None, section: int | None = None) -> Block:
    """An event as trigger, goal or exit."""
    return block("event", event=name, page=page, section=section, document=None, properties=[])


def wait(amount: int, unit: str = "days", at: str | None = None) -> Block:
    return block("wait", amount=amount, unit=unit, at=at)


def wait_for(name: str, amount: int, unit: str, happened: list[Block], timed_out: list[Block]) -> Block:
    """Until the event happens, at most so long."""
    event_value = event(name)["value"]
    return block(
        "wait_event",
        **event_value,
        since="arrival",
        amount=amount,
        unit=unit,
        happened=happened,
        timed_out=timed_out,
    )


def send(template: int | None) -> Block:
    return block("send_email", template=template, match="all", conditions=[], otherwise="skip", defaults=[])


def did(name: str, days: int) -> Block:
    """The condition that the contact did it in the last days."""
    return block("event", did="did", event=name, count=1, period="last", amount=days, unit="days")


def branch(conditions: list[Block], yes: list[Block], no: list[Block]) -> Block:
    return block("branch", match="all", conditions=conditions, yes=yes, no=no)


def set_attribute(name: str, value: str) -> Block:
    return block("update_contact", field="attribute", attribute=name, operation="set", value=value)


def add_points(number: int) -> Block:
    return block("update_contact", field="points", attribute="", operation="increment", value=str(number))
