"""Two emails on one way have a wait between them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _t

from wagtail_journeys.campaigns import arms
from wagtail_journeys.campaigns.steps import registry as steps_registry
from wagtail_journeys.campaigns.steps.base import TIMING

from . import registry
from .base import Check, Draft, Finding, warning


@registry.register
class Crowded(Check):
    key = "crowded"

    def findings(self, draft: Draft) -> Iterator[Finding]:
        placed = {step.id: step for step in draft.steps}
        close: list[str] = []

        def walk(blocks: list[dict[str, Any]], just_sent: bool) -> bool:
            """Whether an email may have been sent just before the end of these steps."""
            for block in blocks:
                step = placed.get(block["id"])
                if step is None:
                    continue
                if step.templates:
                    if just_sent:
                        close.append(step.id)
                    just_sent = True
                elif step.step.ends:
                    return False
                elif step.step.group is TIMING and not _at_once(step.params):
                    just_sent = False
                ways = arms.arms_of(steps_registry[block["type"]], block["value"])
                if ways:
                    sent = [walk(way.steps, just_sent) for way in ways]
                    just_sent = any(sent)
            return just_sent

        walk(draft.raw["steps"], False)
        for step_id in dict.fromkeys(close):
            yield warning(
                _t("“%s” comes directly after another email. Put a wait between them.")
                % placed[step_id].quoted,
                "steps",
                step_id,
            )


def _at_once(params: dict[str, Any]) -> bool:
    """Whether the wait is one of nothing at all."""
    return params.get("amount") == 0 and not params.get("at") and not params.get("attribute")
