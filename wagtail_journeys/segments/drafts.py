"""Rules as they stand in the editor, finished or not: their JSON, their sentence, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _t
from wagtail.blocks import (
    BaseStreamBlock,
    BaseStructBlock,
    Block,
    CharBlock,
    ListBlock,
    StreamValue,
    StructBlock,
)
from wagtail.blocks.field_block import BaseChoiceBlock

from wagtail_journeys.exceptions import BadRules
from wagtail_journeys.streams import RegistryStreamField, raw

from . import compiler
from .conditions import registry
from .models import Segment


def readable(block: Block, value: Any) -> Any:
    """The stored form of a value that may be half typed: what cannot be read yet is None, or the text as it stands."""
    if isinstance(block, BaseStreamBlock):
        return [
            {"type": child.block_type, "value": readable(child.block, child.value), "id": child.id}
            for child in value or []
        ]
    if isinstance(block, BaseStructBlock):
        return {name: readable(child, (value or {}).get(name)) for name, child in block.child_blocks.items()}
    if isinstance(block, ListBlock):
        items = getattr(value, "bound_blocks", ())
        return [{"type": "item", "value": readable(item.block, item.value), "id": item.id} for item in items]
    try:
        return block.get_prep_value(block.clean(value))
    except Exception:  # noqa: BLE001  whatever a block makes of what is half typed: it is not an answer yet
        return value if isinstance(value, str) and isinstance(block, CharBlock | BaseChoiceBlock) else None


def read(data: Any, field: str = "rules") -> tuple[StreamValue, list[dict[str, Any]]]:
    """The rules of a form as it stands, from what it would send: the stream, and its stored form.

    Raises BadRules for what no form sends.
    """
    block = cast(RegistryStreamField, Segment._meta.get_field(field)).stream_block
    try:
        stream = block.value_from_datadict(data, {}, field)
        return stream, raw(readable(block, stream))
    except Exception as error:
        raise BadRules from error


def by_block(rules: list[dict[str, Any]], kinds: compiler.Kinds = registry) -> dict[str, str]:
    """The sentence of every rule and group, by the id of its block: for the headings of blocks that are closed."""
    found: dict[str, str] = {}
    for rule in rules:
        value = rule["value"]
        if rule["type"] == "group":
            found |= by_block(value["rules"], kinds)
            words = sentence(value["match"], value["rules"], kinds)
        else:
            words = sentence("all", [rule], kinds)
        if rule.get("id"):
            found[rule["id"]] = words
    return found


def sentence(match: str, rules: list[dict[str, Any]], kinds: compiler.Kinds = registry) -> str:
    """The rules as a sentence, with "…" in place of what cannot be said yet; "" when there are no rules."""
    try:
        return compiler.describe(match or "all", rules, kinds)
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
