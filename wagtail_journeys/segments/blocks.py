"""The rules stream of a segment: conditions from the registry, and groups of them, two levels deep."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.exceptions import DuplicateKey
from wagtail_journeys.streams import SharedStreamBlock

if TYPE_CHECKING:
    from .conditions import Condition

GROUP_DEPTH = 2

#: The headings of the chooser in their order; those of host apps come behind.
GROUPS = [_("Who they are"), _("What they did"), _("What they agreed to")]

MATCH_CHOICES = [("all", _("all of these")), ("any", _("any of these")), ("none", _("none of these"))]


class GroupBlock(blocks.StructBlock):
    def __init__(self, rules: list[tuple[str, blocks.Block]], **kwargs: Any) -> None:
        super().__init__(
            [
                (
                    "match",
                    blocks.ChoiceBlock(
                        choices=MATCH_CHOICES, default="all", label=_("A contact who matches")
                    ),
                ),
                ("rules", SharedStreamBlock(rules, required=True, label=_("Rules"))),
            ],
            **kwargs,
        )

    class Meta:
        icon = "folder-open-inverse"
        label = _("Group")
        group = _("Combine")
        label_format = "{match}"
        form_classname = "struct-block wj-group"


def rule_blocks(depth: int, more: tuple[Any, ...] = ()) -> list[tuple[str, blocks.Block]]:
    """Block instances by key. All streams of rules share them, which keeps the editor's page small.

    ``more`` are kinds that are offered besides those of segments. Raises DuplicateKey where one has the key of another.
    """
    from .conditions import registry

    taken = {condition.key for condition in more if condition.key in registry}
    if taken:
        raise DuplicateKey(f"A condition of segments and one of journeys are both called {taken.pop()!r}.")
    return _rule_blocks(depth, (*in_order(registry), *more))


def in_order(conditions: Iterable[Condition]) -> list[Condition]:
    """By the heading they stand under, then as they were registered."""
    headings = [str(group) for group in GROUPS]
    for condition in (found := list(conditions)):
        if str(condition.group or "") not in headings:
            headings.append(str(condition.group or ""))
    return sorted(found, key=lambda condition: headings.index(str(condition.group or "")))


@lru_cache(maxsize=256)
def _line(condition: Condition) -> blocks.Block:
    return condition.block()


@lru_cache(maxsize=16)
def _rule_blocks(depth: int, conditions: tuple[Condition, ...]) -> list[tuple[str, blocks.Block]]:
    if not depth:
        return [(condition.key, _line(condition)) for condition in conditions]
    group = GroupBlock(_rule_blocks(depth - 1, conditions))
    return [*_rule_blocks(0, conditions), ("group", group)]


class RulesBlock(SharedStreamBlock):
    """Built when first used, so that the conditions of host apps are in it."""

    def __init__(self, local_blocks: Any = None, **kwargs: Any) -> None:
        super().__init__([*rule_blocks(GROUP_DEPTH), *(local_blocks or [])], **kwargs)
