"""Every kind of block is still installed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _t

from wagtail_journeys.campaigns.steps import registry as steps_registry
from wagtail_journeys.campaigns.triggers import registry as triggers_registry

from . import registry
from .base import Check, Draft, Finding, error


@registry.register
class Unknown(Check):
    """Wagtail leaves out what it does not know when it reads a stream, so the stored text is looked at."""

    key = "unknown"
    blocks = True

    def findings(self, draft: Draft) -> Iterator[Finding]:
        stored = _stored(draft)
        for name, known in (("trigger", triggers_registry), ("steps", steps_registry)):
            for kind in sorted({kind for kind in _kinds(stored.get(name)) if kind not in known}):
                yield error(
                    _t(
                        "“%s” is not installed any more. Install the app it comes from again, or save without it."
                    )
                    % kind,
                    name,
                )


def _stored(draft: Draft) -> dict[str, Any]:
    """The streams as the database holds them: of the revision that the campaign was read from, or of what is live."""
    campaign = draft.campaign
    if campaign.pk is None:
        return {}
    revision = draft.revision or campaign.live_revision
    if revision is not None:
        return {name: _read(revision.content.get(name)) for name in ("trigger", "steps")}
    version = campaign.current_version
    if version is None:
        return {}
    nodes = [{"type": node["type"]} for node in version.graph["nodes"].values()]
    trigger = version.graph.get("trigger")
    return {"steps": nodes, "trigger": [trigger] if trigger else []}


def _read(stored: Any) -> Any:
    try:
        return json.loads(stored) if isinstance(stored, str) else stored
    except ValueError:
        return []


def _kinds(blocks: Any) -> Iterator[str]:
    """The kinds of the blocks, and of those in the arms of known steps."""
    for block in blocks if isinstance(blocks, list) else []:
        if not isinstance(block, dict) or not block.get("type"):
            continue
        yield block["type"]
        value = block.get("value")
        if block["type"] in steps_registry and isinstance(value, dict):
            step = steps_registry[block["type"]]
            for name in step.arms:
                yield from _kinds(value.get(name))
            for item in value.get(step.arm_list) or [] if step.arm_list else []:
                yield from _kinds((item.get("value") or {}).get("steps"))
