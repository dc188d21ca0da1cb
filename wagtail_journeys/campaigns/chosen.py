"""What is chosen in stored blocks: pages, documents, segments, templates … wherever a chooser stands in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import Model
from wagtail.blocks import BaseStreamBlock, BaseStructBlock, Block, ChooserBlock, ListBlock
from wagtail.coreutils import resolve_model_string

#: A model, and the key of the chosen row.
Chosen = tuple[type[Model], Any]


def chosen(block: Block | None, value: Any) -> Iterator[Chosen]:
    """Every choice in ``value``, the stored form of ``block``; what it cannot read it passes over. No statements."""
    if isinstance(block, BaseStreamBlock):
        for item in _items(value):
            yield from chosen(block.child_blocks.get(item.get("type")), item.get("value"))
    elif isinstance(block, BaseStructBlock):
        for name, child in block.child_blocks.items():
            if isinstance(value, Mapping) and name in value:
                yield from chosen(child, value[name])
    elif isinstance(block, ListBlock):
        for item in _items(value):
            yield from chosen(block.child_block, item.get("value"))
    elif isinstance(block, ChooserBlock) and value:
        yield resolve_model_string(block.target_model), value


def _items(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
