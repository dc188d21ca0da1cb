"""Which merge tags of an email must have a value, as the email itself does not say what to do without one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from liquid import RenderContext
from liquid.ast import ConditionalBlockNode, Node
from liquid.builtin.expressions import Path
from liquid.builtin.expressions.filtered import FilteredExpression
from liquid.builtin.expressions.logical import BooleanExpression, LogicalAndExpression
from liquid.builtin.tags.case_tag import CaseNode
from liquid.builtin.tags.if_tag import IfNode

from . import liquid
from .models import TemplateVersion


def required(version: TemplateVersion) -> frozenset[str]:
    """The tags without which this version is not sent.

    A tag with ``| default:`` is none, one that is only asked about (``{% if contact.first_name %}``) neither, nor one
    inside of the arm that is taken when it is there.
    """
    parsed = liquid.parse(version.subject, version.preheader, version.html, version.text)
    parts = (parsed.subject, parsed.preheader, parsed.html, parsed.text)
    return frozenset(
        tag
        for part in parts
        if not isinstance(part, str)
        for node in part.nodes
        for tag in _in_node(part, node, frozenset())
    )


def _in_node(part: Any, node: Node, given: frozenset[str]) -> Iterator[str]:
    """``given``: tags that have a value wherever this node is printed."""
    asks = isinstance(node, CaseNode)
    for expression in () if asks else node.expressions():
        yield from _in_expression(expression, given)
    taken: Any = None
    if isinstance(node, IfNode):
        taken, condition = node.consequence, node.condition
    elif isinstance(node, ConditionalBlockNode):
        taken, condition = node.block, node.expression
    for child in node.children(RenderContext(part)):
        yield from _in_node(part, child, given | _true_in(condition) if child is taken else given)


def _in_expression(expression: Any, given: frozenset[str]) -> Iterator[str]:
    if isinstance(expression, Path):
        tag = _tag(expression)
        if tag and tag not in given:
            yield tag
        return
    if isinstance(expression, BooleanExpression):
        return  # what is missing may be asked about
    inside = list(expression.children())
    if isinstance(expression, FilteredExpression) and _has_default(expression):
        inside = [child for child in inside if child is not expression.left]
    for child in inside:
        yield from _in_expression(child, given)


def _has_default(expression: FilteredExpression) -> bool:
    filters = expression.filters or []
    return bool(filters) and filters[0].name == "default"


def _true_in(condition: Any) -> frozenset[str]:
    """The tags that have a value where the condition is true."""
    if isinstance(condition, Path):
        return frozenset({_tag(condition)})
    if isinstance(condition, BooleanExpression):
        return _true_in(condition.expression)
    if isinstance(condition, LogicalAndExpression):
        return _true_in(condition.left) | _true_in(condition.right)
    return frozenset()


def _tag(path: Path) -> str:
    """As it is called in the list of tags; "" for what is no merge tag, as the variable of a loop."""
    names = []
    for segment in path.path:
        if not isinstance(segment, str):
            break
        names.append(segment)
    return ".".join(names) if names and names[0] in liquid.OBJECTS else ""
