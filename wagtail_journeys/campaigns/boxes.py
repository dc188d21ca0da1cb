"""What a flow chart is made of: boxes, arms, lines and places for steps; and the steps of a campaign read as boxes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t

from wagtail_journeys.exceptions import UnknownKey

from . import arms, naming, words
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
FORK = 64  # from a box down to its arms, with their labels
JOIN = 24  # from the longest arm down to where the arms meet
ABOVE = 11  # from the first box of an arm up to the place before it, below the arm's label
END_WIDTH, END_HEIGHT = 88, 32
ARM_WIDTH = 128  # of an arm without steps


@dataclass(frozen=True)
class Place:
    """Where a step stands, or could: before number ``index`` (from 0) of a stream of steps.

    The stream is the arm ``arm`` of step ``parent``, or the campaign's own where ``parent`` is "". ``inside`` names it for
    people; ``depth`` counts the steps with arms around it.
    """

    parent: str = ""
    arm: str = ""
    index: int = 0
    depth: int = 0
    inside: str = ""

    def at(self, index: int) -> Place:
        return replace(self, index=index)


@dataclass
class Slot:
    """A place for a step, on the line where it would stand; ``words`` say which."""

    place: Place
    words: str
    x: int
    y: int


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
    place: Place = Place()
    of: int = 1
    x: int = 0
    y: int = 0
    width: int = WIDTH

    @property
    def levels(self) -> int:
        """How many steps with arms stand inside each other here, itself included."""
        inner = [node.levels for arm in self.arms for node in arm.nodes]
        return 1 + max(inner, default=0) if self.arms else 0

    @property
    def arm_names(self) -> str:
        """The names of its arms, in the order in which they stand side by side, as JSON."""
        return json.dumps([arm.name for arm in self.arms])

    @property
    def where(self) -> str:
        """Its place in words, for those who hear the drawing."""
        words = _t("step %(number)d of %(of)d") % {"number": self.place.index + 1, "of": self.of}
        return f"{words}, {self.place.inside}" if self.place.inside else words

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
    place: Place = Place()
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
    slots: list[Slot] = field(default_factory=list)
    width: int = 0
    height: int = 0

    @property
    def outline(self) -> str:
        """The chart in one breath, for the description of the picture."""
        return " → ".join([self.trigger.sentence, *(node.sentence for node in self.nodes)])


def read(steps: RawSteps, counts: Counts | None = None) -> list[Node]:
    """The steps of a campaign as they are stored, as boxes without coordinates yet.

    Those that speak of others call them by what they do.
    """
    with words.known(words.nodes_in(steps)):
        return _read(steps, counts or {}, "", Place())


def _read(steps: RawSteps, counts: Counts, path: str, place: Place) -> list[Node]:
    """``place`` is where the first of them stands."""
    found: list[Node] = []
    reached = True
    for number, block in enumerate(steps):
        node = _node(block, counts, f"{path}{number}", place.at(number))
        node.reached, node.of = reached, len(steps)
        if not reached:
            _mark_unreached(node)
        reached = reached and node.open
        found.append(node)
    return found


def _node(block: Mapping[str, Any], counts: Counts, path: str, place: Place) -> Node:
    key = str(block.get("type") or "")
    step_id = str(block.get("id") or path)
    params = block.get("value")
    params = dict(params) if isinstance(params, Mapping) else {}
    count = str(counts.get(step_id, ""))
    try:
        step = registry[key]
    except UnknownKey:
        return Node(step_id, "step", "warning", key or "…", "…", count, ["…"], place=place)
    try:
        sentence = step.describe(params) or "…"
    except Exception:  # noqa: BLE001  a host site's own step may stumble over unfinished values in any way
        sentence = "…"
    sentence = sentence[:1].upper() + sentence[1:]
    node = Node(
        step_id, "step", step.icon, str(step.label), sentence, count, text_lines(sentence), ends=step.ends
    )
    node.place = place
    for arm in arms.arms_of(step, params):
        inside = _t("in “%(arm)s” of “%(step)s”") % {
            "arm": naming.inner(arm.label),
            "step": naming.inner(sentence),
        }
        way = Place(step_id, arm.name, 0, place.depth + 1, inside)
        nodes = _read(arm.steps, counts, f"{path}.{arm.name}.", way)
        node.arms.append(
            Arm(arm.name, arm.label, nodes, str(counts.get(f"{step_id}/{arm.name}", "")), place=way)
        )
    return node


def _mark_unreached(node: Node) -> None:
    node.reached = False
    for arm in node.arms:
        for inner in arm.nodes:
            _mark_unreached(inner)


def sentences(nodes: Sequence[Node]) -> dict[str, str]:
    """What each step says, by its id, arms included."""
    found = {node.id: node.sentence for node in nodes}
    for node in nodes:
        for arm in node.arms:
            found |= sentences(arm.nodes)
    return found
