"""The rules stream of a segment: conditions from the registry, and groups of them, two levels deep."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from wagtail import blocks

if TYPE_CHECKING:
    from .conditions import Condition

GROUP_DEPTH = 2

MATCH_CHOICES = [("all", _("all of these")), ("any", _("any of these")), ("none", _("none of these"))]


class GroupBlock(blocks.StructBlock):
    def __init__(self, rules: list[tuple[str, blocks.Block]], **kwargs: Any) -> None:
        super().__init__(
            [
                ("match", blocks.ChoiceBlock(choices=MATCH_CHOICES, default="all", label=_("Match"))),
                ("rules", blocks.StreamBlock(rules, required=True, label=_("Rules"))),
            ],
            **kwargs,
        )

    class Meta:
        icon = "folder-open-inverse"
        label = _("Group")
        group = _("Combine")
        label_format = "{match}"


def rule_blocks(depth: int) -> list[tuple[str, blocks.Block]]:
    """Block instances by key. All streams of rules share them, which keeps the editor's page small."""
    from .conditions import registry

    return _rule_blocks(depth, tuple(registry))


@lru_cache(maxsize=16)
def _rule_blocks(depth: int, conditions: tuple[Condition, ...]) -> list[tuple[str, blocks.Block]]:
    if not depth:
        return [(condition.key, condition.block()) for condition in conditions]
    group = GroupBlock(_rule_blocks(depth - 1, conditions))
    return [*_rule_blocks(0, conditions), ("group", group)]


class RulesBlock(blocks.StreamBlock):
    """Built when first used, so that the conditions of host apps are in it."""

    def __init__(self, local_blocks: Any = None, **kwargs: Any) -> None:
        super().__init__([*rule_blocks(GROUP_DEPTH), *(local_blocks or [])], **kwargs)
