"""Rules as they stand in the editor, finished or not: their JSON, their sentence, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _t
from wagtail.blocks import StreamValue, StructBlock

from . import compiler
from .models import Segment


def sentence(match: str, rules: list[dict[str, Any]]) -> str:
    """The rules as a sentence, with "…" in place of what cannot be said yet; "" when there are no rules."""
    try:
        return compiler.describe(match or "all", rules)
    except Exception:  # noqa: BLE001  a host site's own condition may stumble over unfinished values in any way
        return "…"


def problems(value: StreamValue) -> list[str]:
    """What is missing or wrong in the rules, each behind the number and name of its rule; empty when all is well."""
    try:
        value.stream_block.clean(value)
    except ValidationError as error:
        return list(_messages(error, value.stream_block, value))
    return []


def _messages(error: ValidationError, block: Any, value: Any) -> Iterator[str]:
    """The messages of an error, each behind the words that lead to its field."""
    nested = getattr(error, "block_errors", None) or {}
    for key, inner in nested.items() if isinstance(nested, dict) else enumerate(nested):
        if inner is None:
            continue
        if isinstance(value, StreamValue):
            child, inside = value[key].block, value[key].value
            place = _t("Rule %(number)d (%(label)s)") % {"number": key + 1, "label": child.label}
        elif isinstance(block, StructBlock):
            child, inside = block.child_blocks[key], value.get(key)
            place = str(child.label)
        else:
            child, inside, place = None, None, str(block.label)
        for message in _messages(inner, child, inside):
            yield f"{place}: {message}"
    others = getattr(error, "non_block_errors", None)
    if others:
        yield from (message for item in others.as_data() for message in item.messages)
    elif not nested:
        yield from error.messages


def cycle(segment_id: int | None, rules: list[dict[str, Any]]) -> list[str]:
    """Names of the segments on the way from a segment with these rules back to itself; empty when there is no way."""
    if segment_id is None:
        return []
    others = {
        segment.pk: (segment.name, compiler.mentions(segment.raw_rules).segments)
        for segment in Segment.objects.exclude(pk=segment_id)
    }
    came_from: dict[int, int] = {}
    todo = [(inner, segment_id) for inner in sorted(compiler.mentions(rules).segments)]
    while todo:
        here, before = todo.pop(0)
        if here == segment_id:
            names = []
            while before != segment_id:
                names.append(others[before][0])
                before = came_from[before]
            return list(reversed(names))
        if here not in came_from and here in others:
            came_from[here] = before
            todo += [(inner, here) for inner in sorted(others[here][1])]
    return []
