"""The steps of a campaign as a drawing: an SVG made on the server, and the same as a nested list for screen readers.

The drawing runs from top to bottom. The arms of a step stand side by side and meet again below it. Nothing here
raises for a campaign that is not finished: what is missing is drawn as "…".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t

from wagtail_journeys.exceptions import UnknownKey

from . import arms
from .drawing import icon, text_lines
from .steps import registry

RawSteps = Sequence[Mapping[str, Any]]
#: Lines of text to print in the boxes, by step id; "trigger" for the trigger, "<step id>/<arm>" beside an arm.
Counts = Mapping[str, str]

WIDTH = 232  # of a box
PADDING = 12
TEXT = 36  # where the text of a box begins, right of its icon
LABEL = 16  # height of a line
LINE = 17
MARGIN = 16  # around the drawing
GAP = 30  # between two boxes, with the arrow
ARMS_GAP = 24  # between two arms
FORK = 58  # from a box down to its arms, with their labels
JOIN = 24  # from the longest arm down to where the arms meet
END_WIDTH, END_HEIGHT = 88, 32
ARM_WIDTH = 128  # of an arm without steps


@dataclass
class Node:
    """A box. ``reached`` is False behind an exit, where no contact ever comes."""

    id: str
    kind: str
    icon: str
    label: str
    sentence: str
    count: str = ""
    lines: list[str] = field(default_factory=list)
    arms: list[Arm] = field(default_factory=list)
    ends: bool = False
    reached: bool = True
    x: int = 0
    y: int = 0
    width: int = WIDTH

    @property
    def height(self) -> int:
        if self.kind == "end":
            return END_HEIGHT
        return PADDING + LABEL + LINE * (len(self.lines) + bool(self.count)) + PADDING

    @property
    def span(self) -> int:
        """How wide the box is with all that hangs below it."""
        arms = sum(arm.span for arm in self.arms) + ARMS_GAP * max(len(self.arms) - 1, 0)
        return max(self.width, arms)

    @property
    def open(self) -> bool:
        """Whether a journey can go on behind it."""
        if self.ends:
            return False
        return not self.arms or any(arm.open for arm in self.arms)

    @property
    def text_x(self) -> int:
        return self.x + TEXT

    @property
    def baselines(self) -> list[tuple[int, str]]:
        return [(self.y + PADDING + LABEL + LINE * n - 4, line) for n, line in enumerate(self.lines, 1)]

    @property
    def label_y(self) -> int:
        return self.y + PADDING + 12

    @property
    def icon_at(self) -> tuple[int, int]:
        return self.x + PADDING, self.y + PADDING

    @property
    def count_y(self) -> int:
        return self.y + self.height - PADDING - 2

    @property
    def picture(self) -> SafeString:
        return icon(self.icon)

    @property
    def center(self) -> tuple[int, int]:
        return self.x + self.width // 2, self.y + self.height // 2 + 5


@dataclass
class Arm:
    name: str
    label: str
    nodes: list[Node]
    count: str = ""
    x: int = 0
    y: int = 0

    @property
    def span(self) -> int:
        return max([ARM_WIDTH, *(node.span for node in self.nodes)])

    @property
    def open(self) -> bool:
        return all(node.open for node in self.nodes)

    @property
    def text(self) -> str:
        return f"{self.label} · {self.count}" if self.count else self.label


@dataclass
class Line:
    """A way of the journeys: corners joined by straight lines, with an arrow head at the end where ``arrow``."""

    corners: list[tuple[int, int]]
    arrow: bool = True

    @property
    def path(self) -> str:
        (x, y), *rest = self.corners
        found = f"M{x} {y}"
        for (x2, y2), after in zip(rest, [*rest[1:], None], strict=True):
            if after is None:
                found += f"L{x2} {y2}"
            else:
                radius = min(
                    8, (abs(x2 - x) + abs(y2 - y)) // 2, (abs(after[0] - x2) + abs(after[1] - y2)) // 2
                )
                start = _towards((x2, y2), (x, y), radius)
                end = _towards((x2, y2), after, radius)
                found += f"L{start[0]} {start[1]}Q{x2} {y2} {end[0]} {end[1]}"
            x, y = x2, y2
        return found

    @property
    def head(self) -> str:
        x, y = self.corners[-1]
        return f"M{x - 5} {y - 7}L{x} {y}L{x + 5} {y - 7}Z"


def _towards(corner: tuple[int, int], other: tuple[int, int], by: int) -> tuple[int, int]:
    (x, y), (x2, y2) = corner, other
    step_x = (x2 > x) - (x2 < x)
    step_y = (y2 > y) - (y2 < y)
    return x + step_x * by, y + step_y * by


@dataclass
class Chart:
    trigger: Node
    nodes: list[Node]
    end: Node | None = None
    boxes: list[Node] = field(default_factory=list)
    arms: list[Arm] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    width: int = 0
    height: int = 0

    @property
    def outline(self) -> str:
        """The chart in one breath, for the description of the picture."""
        return " → ".join([self.trigger.sentence, *(node.sentence for node in self.nodes)])


def read(steps: RawSteps, counts: Counts | None = None, path: str = "") -> list[Node]:
    """Steps as they are stored, as boxes without a place yet."""
    counts = counts or {}
    found: list[Node] = []
    reached = True
    for number, block in enumerate(steps):
        node = _node(block, counts, f"{path}{number}")
        node.reached = reached
        if not reached:
            _mark_unreached(node)
        reached = reached and node.open
        found.append(node)
    return found


def _node(block: Mapping[str, Any], counts: Counts, path: str) -> Node:
    key = str(block.get("type") or "")
    step_id = str(block.get("id") or path)
    params = block.get("value")
    params = dict(params) if isinstance(params, Mapping) else {}
    count = str(counts.get(step_id, ""))
    try:
        step = registry[key]
    except UnknownKey:
        return Node(step_id, "step", "warning", key or "…", "…", count, ["…"])
    try:
        sentence = step.describe(params) or "…"
    except Exception:  # noqa: BLE001  a host site's own step may stumble over unfinished values in any way
        sentence = "…"
    sentence = sentence[:1].upper() + sentence[1:]
    ways = [
        Arm(
            arm.name,
            arm.label,
            read(arm.steps, counts, f"{path}.{arm.name}."),
            str(counts.get(f"{step_id}/{arm.name}", "")),
        )
        for arm in arms.arms_of(step, params)
    ]
    return Node(
        step_id, "step", step.icon, str(step.label), sentence, count, text_lines(sentence), ways, step.ends
    )


def _mark_unreached(node: Node) -> None:
    node.reached = False
    for arm in node.arms:
        for inner in arm.nodes:
            _mark_unreached(inner)


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
    if all(node.open for node in chart.nodes):
        chart.end = Node("end", "end", "", _t("End"), "", width=END_WIDTH)
        chart.end.x, chart.end.y = middle - END_WIDTH // 2, bottom + GAP
        chart.lines.append(Line([(middle, bottom), (middle, chart.end.y)]))
        bottom = chart.end.y + END_HEIGHT
    chart.width, chart.height = span + 2 * MARGIN, bottom + MARGIN
    return chart


def _place(chart: Chart, nodes: list[Node], middle: int, top: int) -> int:
    """Put boxes below each other, the first at ``top``; returns where the drawing of them ends."""
    bottom, going_on = top, False
    for node in nodes:
        if node is not nodes[0]:
            top = bottom + GAP
            if going_on:
                chart.lines.append(Line([(middle, bottom), (middle, top)]))
        node.x, node.y = middle - node.width // 2, top
        chart.boxes.append(node)
        bottom = node.y + node.height
        if node.arms:
            bottom = _place_arms(chart, node, middle, bottom)
        going_on = node.open
    return bottom


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
