"""Every step can be reached: nothing stands behind an exit, and no arm with steps gets 0 %."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _t

from . import registry
from .base import Check, Draft, Finding, warning


@registry.register
class Unreachable(Check):
    key = "unreachable"

    def findings(self, draft: Draft) -> Iterator[Finding]:
        behind = False
        for step in draft.steps:
            if not step.reached and not behind:
                yield warning(
                    _t("No contact comes to “%s”: every way before it ends. Move it, or take it away.")
                    % step.quoted,
                    "steps",
                    step.id,
                )
            behind = not step.reached
            weights = {
                str(item.get("id")): item["value"].get("weight")
                for item in step.params.get("arms") or []
                if isinstance(item, dict) and "weight" in (item.get("value") or {})
            }
            for arm in step.arms:
                if weights.get(arm.name) == 0 and arm.steps:
                    yield warning(
                        _t("No contact takes the arm “%s”: it gets 0 %%.") % arm.label, "steps", step.id
                    )
