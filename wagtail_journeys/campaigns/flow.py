"""The steps of a campaign as a drawing: an SVG made on the server, and the same as a nested list for screen readers.

The drawing runs from top to bottom. The arms of a step stand side by side and meet again below it. Nothing here
raises for a campaign that is not finished: what is missing is drawn as "…".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t

from wagtail_journeys.exceptions import UnknownKey

from . import arms, naming
from .boxes import (
    ABOVE,
    ARMS_GAP,
    END_HEIGHT,
    END_WIDTH,
    FORK,
    GAP,
    JOIN,
    MARGIN,
    WIDTH,
    Chart,
    Counts,
    Line,
    Node,
    Place,
    RawSteps,
    Slot,
    read,
)
from .drawing import text_lines
from .steps import registry


def layout(trigger_sentence: str, steps: RawSteps, counts: Counts | None = None) -> Chart:
    """Every box in its place. No two boxes overlap, and every step has exactly one."""
    sentence = trigger_sentence or "…"  # goes on where the label stops
    count = str((counts or {}).get("trigger", ""))
    trigger = Node(
        "trigger", "trigger", "login", _t("Starts when a contact"), sentence, count, text_lines(sentence)
    )
    chart = Chart(trigger, read(steps, counts))
    span = max([WIDTH, *(node.span for node in chart.nodes)])
    middle = MARGIN + span // 2
    trigger.x, trigger.y = middle - WIDTH // 2, MARGIN
    chart.boxes.append(trigger)
    bottom = trigger.y + trigger.height
    if chart.nodes:
        chart.lines.append(Line([(middle, bottom), (middle, bottom + GAP)]))
        bottom = _place(chart, chart.nodes, middle, bottom + GAP)
    else:
        chart.slots.append(Slot(Place(), _t("as the first step"), middle, bottom + GAP // 2))
    if all(node.open for node in chart.nodes):
        chart.end = Node("end", "end", "", _t("End"), "", width=END_WIDTH)
        chart.end.x, chart.end.y = middle - END_WIDTH // 2, bottom + GAP
        chart.lines.append(Line([(middle, bottom), (middle, chart.end.y)]))
        bottom = chart.end.y + END_HEIGHT
    chart.width, chart.height = span + 2 * MARGIN, bottom + MARGIN
    return chart


def _place(chart: Chart, nodes: list[Node], middle: int, top: int) -> int:
    """Put boxes below each other, the first at ``top``; returns where the drawing of them ends."""
    bottom, going_on = top, True
    for node in nodes:
        if node is not nodes[0]:
            top = bottom + GAP
            if going_on:
                chart.lines.append(Line([(middle, bottom), (middle, top)]))
        if going_on:
            above = ABOVE if node is nodes[0] and node.place.parent else GAP // 2
            chart.slots.append(Slot(node.place, _words_before(node), middle, top - above))
        node.x, node.y = middle - node.width // 2, top
        chart.boxes.append(node)
        bottom = node.y + node.height
        if node.arms:
            bottom = _place_arms(chart, node, middle, bottom)
        going_on = node.open
    if going_on:
        last = nodes[-1]
        chart.slots.append(
            Slot(last.place.at(len(nodes)), _words_behind(last), middle, bottom + JOIN // 2 + 1)
        )
    return bottom


def _words_before(node: Node) -> str:
    words = _t("before “%s”") % naming.inner(node.sentence)
    return f"{words}, {node.place.inside}" if node.place.inside else words


def _words_behind(node: Node) -> str:
    words = _t("after “%s”") % naming.inner(node.sentence)
    return f"{words}, {node.place.inside}" if node.place.inside else words


def _place_arms(chart: Chart, node: Node, middle: int, fork: int) -> int:
    arms_width = sum(arm.span for arm in node.arms) + ARMS_GAP * (len(node.arms) - 1)
    left = middle - arms_width // 2
    bottoms = []
    for arm in node.arms:
        x = left + arm.span // 2
        arm.x, arm.y = x, fork + 33
        turn = fork + 14
        top = fork + FORK
        corners = (
            [(middle, fork), (middle, turn), (x, turn), (x, top)] if x != middle else [(x, fork), (x, top)]
        )
        if arm.nodes:
            chart.lines.append(Line(corners, arrow=True))
            bottoms.append(_place(chart, arm.nodes, x, top))
        else:
            chart.lines.append(Line(corners, arrow=False))
            chart.slots.append(Slot(arm.place, arm.place.inside, x, top - ABOVE))
            bottoms.append(top)
        chart.arms.append(arm)
        left += arm.span + ARMS_GAP
    meet = max(bottoms) + JOIN
    for arm, bottom in zip(node.arms, bottoms, strict=True):
        if arm.open:
            corners = [(arm.x, bottom), (arm.x, meet)]
            chart.lines.append(Line(corners if arm.x == middle else [*corners, (middle, meet)], arrow=False))
    return meet if node.open else max(bottoms)


def svg(
    trigger_sentence: str, steps: RawSteps, counts: Counts | None = None, *, name: str = "wj-flow"
) -> SafeString:
    """The drawing alone. ``name`` makes the ids of its title unique where a page has several."""
    chart = layout(trigger_sentence, steps, counts)
    return render_to_string("wagtail_journeys/campaigns/flow.svg", {"chart": chart, "name": name})


def figure(
    trigger_sentence: str, steps: RawSteps, counts: Counts | None = None, *, name: str = "wj-flow"
) -> SafeString:
    """The drawing in a frame that scrolls, with the nested list for screen readers. Needs ``flow.css``."""
    chart = layout(trigger_sentence, steps, counts)
    return render_to_string("wagtail_journeys/campaigns/flow_figure.html", {"chart": chart, "name": name})


def sketch(trigger_sentence: str, steps: RawSteps) -> SafeString:
    """The drawing for the editor: every box and every place for a step can be pressed. Needs ``flow-map.js``."""
    chart = layout(trigger_sentence, steps)
    return render_to_string(
        "wagtail_journeys/campaigns/flow.svg", {"chart": chart, "name": "wj-map", "map": True}
    )


def from_graph(graph: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The nested steps again that a campaign version's graph was compiled from."""
    nodes = graph.get("nodes") or {}

    def chain(step_id: str | None, until: str | None) -> list[dict[str, Any]]:
        found = []
        while step_id and step_id != until and step_id in nodes:
            node = nodes[step_id]
            ways = {name: chain(first, node["next"]) for name, first in (node.get("arms") or {}).items()}
            try:
                step = registry[node["type"]]
            except UnknownKey:
                step = None
            found.append(
                {"type": node["type"], "value": arms.value_of(step, node["params"], ways), "id": step_id}
            )
            step_id = node["next"]
        return found

    return chain(graph.get("start"), None)
