"""What is missing or wrong in the blocks: the trigger, the steps, the goal and the exits can run as they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.utils.translation import gettext as _t

from wagtail_journeys.campaigns.triggers import registry as triggers_registry

from . import registry
from .base import Check, Draft, Finding, error


@registry.register
class Unfinished(Check):
    key = "unfinished"
    blocks = True

    def findings(self, draft: Draft) -> Iterator[Finding]:
        if len(draft.raw["trigger"]) != 1:
            yield error(_t("Choose what starts the campaign: exactly one trigger."), "trigger")
        if not draft.raw["steps"]:
            yield error(_t("Add at least one step: without steps the campaign does nothing."), "steps")
        for name, block in draft.facts:
            for problem in _problems(triggers_registry[block["type"]].problems, block["value"]):
                yield error(problem, name, block["id"])
        for step in draft.steps:
            for problem in _problems(step.step.problems, step.params):
                yield error(problem, "steps", step.id)


def _problems(ask: Callable[[dict[str, Any]], list[str]], params: dict[str, Any]) -> list[str]:
    """What the kind says itself. One that stumbles has been left half filled in: what is missing is said elsewhere."""
    try:
        return ask(params)
    except Exception:  # noqa: BLE001  a host site's own kind may stumble over unfinished values in any way
        return []
