"""Every field of every block is filled in as its form asks for: a draft is saved without that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _t
from wagtail.blocks import BaseStreamBlock, BaseStructBlock, Block, ListBlock, StreamValue

from wagtail_journeys.campaigns.arms import STEPS
from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.campaigns.steps import registry as steps_registry
from wagtail_journeys.streams import with_ids

from . import registry
from .base import STREAMS, Check, Draft, Finding, error


@registry.register
class Incomplete(Check):
    key = "incomplete"
    blocks = True

    def findings(self, draft: Draft) -> Iterator[Finding]:
        try:
            draft.campaign.clean_fields(exclude=STREAMS)
        except ValidationError as problem:
            for name, messages in problem.message_dict.items():
                label = getattr(Campaign._meta.get_field(name), "verbose_name", name)
                for message in messages:
                    yield error(f"{str(label).capitalize()}: {message}", name)
        for name in STREAMS:
            block: Any = Campaign._meta.get_field(name)
            stream = block.stream_block.to_python(with_ids(draft.raw[name]))
            try:
                block.stream_block.clean(stream)
            except ValidationError as problem:
                yield from _in_stream(problem, stream, name)


def _in_stream(problem: ValidationError, stream: StreamValue, name: str) -> Iterator[Finding]:
    """One finding for every message, at the step or block that it is about."""
    yield from (error(message, name) for message in _own(problem) if message)
    for number, inner in _nested(problem):
        if inner is None:
            continue
        child = stream[number]
        if name == "filters":
            place = _t("Rule %(number)d (%(label)s)") % {"number": number + 1, "label": child.block.label}
            for message in _messages(inner, child.block):
                yield error(f"{place}: {message}", name, child.id, rank=1)
            continue
        yield from _at_block(inner, child, name)


def _at_block(problem: ValidationError, child: Any, name: str) -> Iterator[Finding]:
    step = steps_registry[child.block_type] if name == "steps" else None
    for message in _own(problem):
        yield error(message, name, child.id, rank=1)
    for key, inner in _nested(problem):
        if step is not None and key in step.arms:
            yield from _in_stream(inner, child.value[key], name)
        elif step is not None and key == step.arm_list:
            yield from _in_arms(inner, child, key, name)
        else:
            for message in _messages(inner, child.block.child_blocks.get(key)):
                yield error(message, name, child.id, rank=1)


def _in_arms(problem: ValidationError, child: Any, key: str, name: str) -> Iterator[Finding]:
    """The same for a list of arms, each with steps of its own."""
    arm_block = child.block.child_blocks[key].child_block
    for message in _own(problem):
        yield error(message, name, child.id, rank=1)
    for number, arm in _nested(problem):
        if arm is None:
            continue
        for field, inner in _nested(arm):
            if field == STEPS:
                yield from _in_stream(inner, child.value[key][number][STEPS], name)
                continue
            for message in _messages(inner, arm_block.child_blocks.get(field)):
                place = _t("Arm %d") % (number + 1)
                yield error(f"{place}: {message}", name, child.id, rank=1)


def _messages(problem: ValidationError, block: Block | None) -> Iterator[str]:
    """The messages of an error inside a block, each behind the label of its field."""
    nested = _nested(problem)
    label = str(block.label) if block is not None and block.label else ""
    for message in _own(problem):
        yield f"{label}: {message}" if label else message
    for key, inner in nested:
        if inner is None:
            continue
        if isinstance(block, BaseStructBlock):
            yield from _messages(inner, block.child_blocks.get(key))
        elif isinstance(block, ListBlock):
            yield from _messages(inner, block.child_block)
        elif isinstance(block, BaseStreamBlock):
            place = f"{label} {key + 1}" if isinstance(key, int) else label
            yield from (f"{place}: {message}" for message in _messages(inner, None))
        else:
            yield from _messages(inner, None)


def _nested(problem: ValidationError) -> list[tuple[Any, Any]]:
    found = getattr(problem, "block_errors", None) or {}
    return list(found.items()) if isinstance(found, dict) else list(enumerate(found))


def _own(problem: ValidationError) -> list[str]:
    """The messages of this level."""
    others = getattr(problem, "non_block_errors", None)
    if others:
        return [message for item in others.as_data() for message in item.messages]
    return [] if _nested(problem) or hasattr(problem, "block_errors") else list(problem.messages)
