from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wagtail_journeys.campaigns import boxes, flow
from wagtail_journeys.campaigns.drawing import ROOM, icon, text_lines, text_width
from wagtail_journeys.campaigns.steps import registry
from wagtail_journeys.streams import with_ids

Steps = list[dict[str, Any]]


def wait(amount: int | None = 1) -> dict[str, Any]:
    return {"type": "wait", "value": {"amount": amount, "unit": "days", "at": None}}


def leave(reason: str = "") -> dict[str, Any]:
    return {"type": "exit", "value": {"reason": reason}}


def branch(yes: Steps, no: Steps) -> dict[str, Any]:
    rule = {
        "type": "attribute",
        "value": {"field": "locale", "attribute": "", "operator": "is", "value": "nl"},
    }
    return {"type": "branch", "value": {"match": "all", "conditions": [rule], "yes": yes, "no": no}}


def update(value: str) -> dict[str, Any]:
    return {
        "type": "update_contact",
        "value": {"field": "attribute", "attribute": "stage", "operation": "set", "value": value},
    }


leaves = st.one_of(
    st.integers(0, 9).map(wait),
    st.text(max_size=150).map(leave),
    st.text(max_size=300).map(update),
    st.just({"type": "wait", "value": {}}),
    st.just({"type": "not_installed", "value": {"x": 1}}),
)
trees = st.recursive(
    st.lists(leaves, max_size=3),
    lambda inner: st.lists(st.one_of(leaves, st.builds(branch, inner, inner)), max_size=3),
    max_leaves=25,
).map(with_ids)


def step_ids(steps: Steps) -> Iterator[str]:
    for block in steps:
        yield block["id"]
        for arm in ("yes", "no"):
            yield from step_ids(block["value"].get(arm) or [])


def parsed(markup: str) -> ElementTree.Element:
    return ElementTree.fromstring(markup)  # noqa: S314  our own drawing


@settings(max_examples=150, deadline=None)
@given(trees)
def test_no_two_boxes_overlap(steps: Steps) -> None:
    """However steps are nested, every box has its place to itself, inside the drawing."""
    chart = flow.layout("did something", steps)
    boxes = [*chart.boxes, *([chart.end] if chart.end else [])]
    for one, other in combinations(boxes, 2):
        apart = (
            one.x + one.width <= other.x
            or other.x + other.width <= one.x
            or one.y + one.height <= other.y
            or other.y + other.height <= one.y
        )
        assert apart, (one, other)
    for box in boxes:
        assert box.x >= 0 and box.x + box.width <= chart.width
        assert box.y >= 0 and box.y + box.height <= chart.height


@settings(max_examples=100, deadline=None)
@given(trees)
def test_every_step_is_drawn_once(steps: Steps) -> None:
    """Every step has one box in the drawing, in the order in which steps are read."""
    chart = flow.layout("did something", steps)
    assert sorted(box.id for box in chart.boxes if box.kind == "step") == sorted(step_ids(steps))


@settings(max_examples=100, deadline=None)
@given(trees)
def test_no_line_runs_through_a_box(steps: Steps) -> None:
    """Lines go around boxes: their corners are never inside one."""
    chart = flow.layout("did something", steps)
    for line in chart.lines:
        for (x1, y1), (x2, y2) in zip(line.corners, line.corners[1:], strict=False):
            assert x1 == x2 or y1 == y2
            for box in chart.boxes:
                left, right = sorted((x1, x2))
                top, bottom = sorted((y1, y2))
                inside = (
                    right > box.x and left < box.x + box.width and bottom > box.y and top < box.y + box.height
                )
                assert not inside, (line.corners, box)


def test_arms_meet_again_at_the_next_step() -> None:
    """Both arms of a branch lead to the middle of the step that follows it."""
    steps = with_ids([branch([wait(2)], []), wait(5)])
    chart = flow.layout("did something", steps)
    after = next(box for box in chart.boxes if box.id == steps[1]["id"])
    middle = after.x + after.width // 2
    joining = [
        line
        for line in chart.lines
        if line.corners[-1][0] == middle and len(line.corners) == 3 and not line.arrow
    ]
    assert len(joining) == 2
    assert {line.corners[-1] for line in joining} == {(middle, after.y - flow.GAP)}


def test_an_exit_ends_its_arm() -> None:
    """No line leaves an exit, and what stands behind it is drawn as never reached."""
    steps = with_ids([branch([leave("done")], [wait()]), leave("all done"), wait(3)])
    chart = flow.layout("did something", steps)
    by_id = {box.id: box for box in chart.boxes}
    for exit_id in (steps[0]["value"]["yes"][0]["id"], steps[1]["id"]):
        box = by_id[exit_id]
        bottom = (box.x + box.width // 2, box.y + box.height)
        assert not [line for line in chart.lines if line.corners[0] == bottom]
    assert chart.end is None
    assert not by_id[steps[2]["id"]].reached
    assert by_id[steps[1]["id"]].reached
    assert "wj-flow-unreached" in flow.svg("did something", steps)


@pytest.mark.parametrize(
    "block",
    [
        {"type": "wait", "value": {"amount": None, "unit": None, "at": None}},
        {"type": "branch", "value": {"match": None, "conditions": None}},
        {"type": "gone", "value": {"a": 1}},
        {"type": "wait", "value": None},
        {},
    ],
)
def test_unfinished_steps_are_drawn_as_an_ellipsis(block: dict[str, Any]) -> None:
    """A step that cannot be described yet is a box with "…"."""
    drawing = flow.svg("", [block])
    texts = [element.text or "" for element in parsed(drawing).iter("{http://www.w3.org/2000/svg}text")]
    assert any("…" in text for text in texts[2:])


def test_text_is_escaped() -> None:
    """What editors type can never become markup."""
    nasty = "</text><script>alert(1)</script>"
    figure = flow.figure(nasty, with_ids([update(nasty)]), {"trigger": nasty})
    assert "<script" not in figure
    assert "&lt;script&gt;" in figure


def test_the_drawing_can_be_read_without_seeing_it() -> None:
    """The picture has a title and a description, and beside it stands the same as a nested list."""
    steps = with_ids([wait(2), branch([leave("bye")], [])])
    figure = flow.figure("logged in", steps, {steps[0]["id"]: "12 here", f"{steps[1]['id']}/yes": "3"})
    root = parsed(f"<div>{figure}</div>")
    picture = root.find(".//{http://www.w3.org/2000/svg}svg")
    assert picture is not None
    assert picture.get("role") == "img"
    names = (picture.get("aria-labelledby") or "").split()
    found = {element.get("id") for element in picture}
    assert len(names) == 2
    assert set(names) <= found
    outline = " ".join(" ".join(root.find(".//*[@class='wj-flow-outline']").itertext()).split())
    assert "logged in" in outline
    assert "Wait: Wait 2 days (12 here)" in outline
    assert "Yes · 3" in outline
    assert "Exit: Exit: bye" in outline
    frame = root.find(".//*[@class='wj-flow-frame']")
    assert frame.get("tabindex") == "0"


def test_counts_are_printed_in_their_boxes() -> None:
    """A count makes its box higher and stands in it."""
    steps = with_ids([wait(2)])
    bare, counted = flow.layout("x", steps), flow.layout("x", steps, {steps[0]["id"]: "1,234 arrived"})
    assert counted.boxes[1].height == bare.boxes[1].height + boxes.LINE
    assert "1,234 arrived" in flow.svg("x", steps, {steps[0]["id"]: "1,234 arrived"})


def test_numbers_of_the_drawing_do_not_follow_the_locale(settings: Any) -> None:
    """Coordinates are written the same way in every language."""
    settings.USE_THOUSAND_SEPARATOR = True
    steps = with_ids([branch([branch([wait()], [wait()])], [branch([wait()], [wait()])])] * 4)
    chart = flow.layout("x", steps)
    assert chart.height > 1000
    assert parsed(flow.svg("x", steps)).get("height") == str(chart.height)


@settings(max_examples=100, deadline=None)
@given(trees)
def test_a_graph_gives_back_the_steps_it_was_compiled_from(steps: Steps) -> None:
    """The drawing of a version is the drawing of the campaign it was made from."""
    from wagtail_journeys.campaigns.models import Campaign
    from wagtail_journeys.campaigns.versions import compile_graph

    known = _without_unknown(steps)
    campaign = Campaign(steps=known)
    graph = compile_graph(campaign)
    assert _shape(flow.from_graph(graph)) == _shape(campaign.raw_steps)


def _without_unknown(steps: Steps) -> Steps:
    kept = []
    for block in steps:
        if block["type"] in registry:
            value = {
                key: _without_unknown(item) if key in ("yes", "no") else item
                for key, item in block["value"].items()
            }
            kept.append({**block, "value": value})
    return kept


def _shape(steps: Steps) -> list[Any]:
    return [
        (block["id"], block["type"], [_shape(block["value"].get(arm) or []) for arm in ("yes", "no")])
        for block in steps
    ]


@settings(deadline=None)
@given(st.text(max_size=400))
def test_lines_fit_into_their_box(text: str) -> None:
    """Text is broken into at most three lines, none wider than the box, whatever it is made of."""
    lines = text_lines(text)
    assert len(lines) <= 3
    assert all(text_width(line) <= ROOM or len(line) == 1 for line in lines)


def test_nothing_is_lost_from_a_text_that_fits() -> None:
    """Words stay as they are, in their order."""
    text = "send “Welcome to the club” if language is “nl”"
    assert " ".join(text_lines(text)) == text


def test_every_icon_exists() -> None:
    """Every step, condition and trigger has an icon that Wagtail knows."""
    from wagtail_journeys.campaigns.triggers import registry as triggers
    from wagtail_journeys.segments.conditions import registry as conditions

    for kind in [*registry, *triggers, *conditions]:
        assert icon(kind.icon), f"{kind.key}: no icon is called {kind.icon!r}"
    assert icon("there is no such icon") == ""


def test_colours_come_from_the_stylesheet() -> None:
    """The drawing names no colour, so that a dark page can draw it in its own."""
    drawing = flow.svg("x", with_ids([wait(), branch([leave()], [])]))
    without_icons = re.sub(r'<g class="wj-flow-icon".*?</svg></g>', "", drawing)
    assert not re.search(r'(fill|stroke)="(?!none)', without_icons)
    assert "style=" not in drawing
