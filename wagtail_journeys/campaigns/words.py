"""Gives the steps of one campaign their names while sentences about them are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from . import arms, naming
from .steps import registry

#: The nodes of a version's graph, or as much of one: ``{step id: {"type", "params"}}``.
Nodes = Mapping[str, Mapping[str, Any]]


def known(nodes: Nodes) -> AbstractContextManager[None]:
    """Sentences made inside call these steps by what they do. Nothing is looked up before a sentence needs it."""

    def name_of(step_id: str) -> naming.Name | None:
        node = nodes.get(step_id)
        if node is None:
            return None
        try:
            step, params = registry[node["type"]], node["params"]
            return naming.Name(step.describe(params) or str(step.label), arms.labels(step, params))
        except Exception:  # noqa: BLE001  a host site's own step may stumble over unfinished values in any way
            return None

    return naming.known(name_of)


def nodes_in(steps: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The nodes of steps as a campaign stores them, those inside of arms too."""
    found: dict[str, dict[str, Any]] = {}
    for block in steps:
        kind, params = str(block.get("type") or ""), block.get("value")
        if kind not in registry or not isinstance(params, Mapping):
            continue
        found[str(block.get("id") or "")] = {"type": kind, "params": params}
        for arm in arms.arms_of(registry[kind], params):
            found |= nodes_in(arm.steps)
    return found
