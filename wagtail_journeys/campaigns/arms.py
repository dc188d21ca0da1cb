"""The ways out of a step: its nested streams of steps, and what the step stores beside them.

A step has named arms (``arms = {"yes": …, "no": …}``), or a list of arms that the editor makes (``arm_list = "arms"``: a
ListBlock whose items have ``steps``; the item's id is the name of the arm, so that it survives edits), or both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _t

if TYPE_CHECKING:
    from .steps.base import Params, Step

#: Where an item of an arm list keeps its steps.
STEPS = "steps"


@dataclass(frozen=True)
class Arm:
    """One way out: the name kept in visits, the words for it, and the raw steps along it."""

    name: str
    label: str
    steps: list[dict[str, Any]]


def items_of(step: Step, value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The items of the step's list of arms, each ``{"id", "value"}``; broken ones are left out."""
    found = value.get(step.arm_list) if step.arm_list else None
    return [item for item in found or [] if isinstance(item, dict) and isinstance(item.get("value"), Mapping)]


def arms_of(step: Step, value: Mapping[str, Any]) -> list[Arm]:
    """The arms of a step as it is stored, in the order in which they are drawn: those of the list first."""
    found = [
        Arm(str(item.get("id") or number), label_of(item, number), list(item["value"].get(STEPS) or []))
        for number, item in enumerate(items_of(step, value), 1)
    ]
    return found + [Arm(name, str(label), list(value.get(name) or [])) for name, label in step.arms.items()]


def label_of(item: Mapping[str, Any], number: int) -> str:
    return str(item["value"].get("label") or _t("Arm %d") % number)


def labels(step: Step, params: Params) -> dict[str, str]:
    """The words for each arm by its name; ``params`` may come with or without the steps."""
    return {arm.name: arm.label for arm in arms_of(step, params)}


def params_of(step: Step, value: Mapping[str, Any]) -> Params:
    """What the step stores for itself: its value without the steps of its arms."""
    params = {key: item for key, item in value.items() if key not in step.arms}
    if step.arm_list:
        params[step.arm_list] = [
            {"id": item.get("id"), "value": {key: v for key, v in item["value"].items() if key != STEPS}}
            for item in items_of(step, value)
        ]
    return params


def value_of(step: Step | None, params: Params, steps: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The stored value again: ``params`` with the steps of each arm. Without a step: a kind that is not installed."""
    if step is None:
        return {**params, **steps}
    value = {**params, **{name: found for name, found in steps.items() if name in step.arms}}
    if step.arm_list:
        value[step.arm_list] = [
            {
                "type": "item",
                "id": item["id"],
                "value": {**item["value"], STEPS: steps.get(str(item["id"])) or []},
            }
            for item in params.get(step.arm_list) or []
        ]
    return value
