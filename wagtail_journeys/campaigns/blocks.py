"""The streams of a campaign: one trigger, and steps with nested arms."""

from __future__ import annotations

import copy
from functools import partial
from typing import TYPE_CHECKING, Any

from wagtail import blocks

from wagtail_journeys.streams import SharedStreamBlock

if TYPE_CHECKING:
    from .steps.base import Step

#: How deep arms can be nested.
DEPTH = 4


def step_blocks(depth: int) -> list[tuple[str, blocks.Block]]:
    """Block instances by key, with arms nested so deep. Instances are shared, which keeps the editor's page small."""
    from .steps import registry
    from .steps.base import GROUPS

    steps = sorted(
        map(_sharing, registry),
        key=lambda step: GROUPS.index(step.group) if step.group in GROUPS else len(GROUPS),
    )
    plain = {step.key: step.block() for step in steps if not (step.arms or step.arm_list)}
    found = list(plain.items())
    for _level in range(depth):
        stream = partial(_stream, found)
        found = [(step.key, plain.get(step.key) or step.block(step.arm_fields(stream))) for step in steps]
    return found


def _sharing(step: Step) -> Step:
    """The step with one set of fields for its blocks on every level: each is drawn into the page once."""
    shared, fields = copy.copy(step), step.fields()
    shared.fields = lambda: fields  # type: ignore[method-assign]
    return shared


def _stream(inner: list[tuple[str, blocks.Block]], label: Any) -> blocks.StreamBlock:
    return SharedStreamBlock(inner, required=False, label=label)


class StepsBlock(SharedStreamBlock):
    """Built when first used, so that the steps of host apps are in it."""

    def __init__(self, local_blocks: Any = None, **kwargs: Any) -> None:
        super().__init__([*step_blocks(DEPTH), *(local_blocks or [])], **kwargs)


class GoalBlock(blocks.StreamBlock):
    """At most one goal: any trigger that is a fact about the contact."""

    def __init__(self, local_blocks: Any = None, **kwargs: Any) -> None:
        super().__init__([*_facts(), *(local_blocks or [])], **{"max_num": 1, "required": False, **kwargs})


class ExitsBlock(blocks.StreamBlock):
    """Facts that end a journey, any number of them."""

    def __init__(self, local_blocks: Any = None, **kwargs: Any) -> None:
        super().__init__([*_facts(), *(local_blocks or [])], **{"required": False, **kwargs})


def _facts() -> list[tuple[str, blocks.Block]]:
    from .triggers import registry

    return [(trigger.key, trigger.block()) for trigger in registry if trigger.fact]


class TriggerBlock(blocks.StreamBlock):
    """Exactly one trigger."""

    def __init__(self, local_blocks: Any = None, **kwargs: Any) -> None:
        from .triggers import registry

        found = [(trigger.key, trigger.block()) for trigger in registry]
        super().__init__([*found, *(local_blocks or [])], max_num=1, **kwargs)
