"""What publishing a draft means for the contacts inside, step by step (semantics P3): told before it is done."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from django.db import transaction
from django.db.models import Count, F

from wagtail_journeys.campaigns import versions
from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.campaigns.outcomes import WaitUntil
from wagtail_journeys.campaigns.steps import Group, Position, registry
from wagtail_journeys.campaigns.versions import Graph
from wagtail_journeys.journeys import publishing
from wagtail_journeys.journeys.models import Journey

REMOVED, CHANGED, MOVED, ADDED = "removed", "changed", "moved", "added"

#: So many of those at a step are asked; from more the number is estimated.
SAMPLE = 2000


@dataclass(frozen=True)
class StepEffect:
    """One step that the draft removes, changes, moves or adds.

    ``inside`` contacts stand at it; ``overdue_now`` of them go on at once (with a removed step: if they go on at all).
    ``ahead`` contacts inside can still come to it. ``was`` is the sentence before the edit, where that differs.
    """

    step_id: str
    what: str
    sentence: str
    inside: int
    overdue_now: int
    ahead: int = 0
    was: str = ""
    type: str = ""


def effect(campaign: Campaign, now: datetime.datetime) -> list[StepEffect]:
    """For the campaign as it stands in the editor, in the order of its steps; those removed come last.

    Empty where nothing was published yet. A few statements per changed step that contacts stand at.
    """
    current = campaign.current_version
    if current is None:
        return []
    new = versions.compile_graph(campaign)
    standing = _standing(campaign)
    at: dict[str, int] = defaultdict(int)
    for (_version, step_id), number in standing.items():
        at[step_id] += number
    ahead = _ahead(new, standing)
    old = current.graph
    moved = _moved(old, new)
    found = []
    for step_id in new["order"]:
        node, before = new["nodes"][step_id], old["nodes"].get(step_id)
        what = ADDED if before is None else MOVED if step_id in moved else ""
        if before is not None and publishing.asks_again(old, new, step_id) and _tells(old, new, step_id):
            what = CHANGED
        if not what:
            continue
        overdue = _at_once(campaign, new, step_id, at[step_id], now) if what == CHANGED else 0
        was = _sentence(before) if before and before["params"] != node["params"] else ""
        found.append(
            StepEffect(
                step_id, what, _sentence(node), at[step_id], overdue, ahead[step_id], was, node["type"]
            )
        )
    gone = {step_id: old["nodes"][step_id] for step_id in old["order"] if step_id not in new["nodes"]}
    for version, step_id in standing:  # also of older versions, where somebody is still there
        if step_id not in new["nodes"] and step_id not in gone:
            gone[step_id] = versions.graph(version)["nodes"][step_id]
    for step_id, node in gone.items():
        found.append(
            StepEffect(step_id, REMOVED, _sentence(node), at[step_id], at[step_id], type=node["type"])
        )
    return found


def _standing(campaign: Campaign) -> dict[tuple[int, str], int]:
    """How many contacts stand where: by version and step. One statement."""
    rows = Journey.objects.filter(campaign=campaign, state=Journey.State.ACTIVE).order_by()
    counted = rows.values_list("version_id", "step_id").annotate(number=Count("pk"))
    return {(version, step_id): number for version, step_id, number in counted}


def _tells(old: Graph, new: Graph, step_id: str) -> bool:
    """A zone of the campaign that changed is told at the steps where it counts, not at all of them."""
    before, after = old["nodes"][step_id], new["nodes"][step_id]
    return bool(before["params"] != after["params"] or after["type"].startswith("wait"))


def _ahead(new: Graph, standing: Mapping[tuple[int, str], int]) -> dict[str, int]:
    """How many of those inside can still come to each step."""
    found: dict[str, int] = defaultdict(int)
    for (version, step_id), number in standing.items():
        here = publishing.next_left(versions.graph(version), new["nodes"], step_id)
        reached = _behind(new, here)
        if here is not None and here != step_id:
            reached.add(here)
        for each in reached:
            found[each] += number
    return found


def _behind(graph: Graph, step_id: str | None) -> set[str]:
    seen: set[str] = set()
    todo = [step_id]
    while todo:
        node = graph["nodes"].get(todo.pop() or "")
        for following in [node["next"], *node["arms"].values()] if node else ():
            if following is not None and following not in seen:
                seen.add(following)
                todo.append(following)
    return seen


def _moved(old: Graph, new: Graph) -> set[str]:
    """Steps that stand in another arm, or at another place among those that were and are beside them."""
    before, after = _places(old), _places(new)
    common = before.keys() & after.keys()
    moved = {step_id for step_id in common if before[step_id] != after[step_id]}
    beside: dict[Any, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for number, graph in enumerate((old, new)):
        for step_id in graph["order"]:
            if step_id in common and step_id not in moved:
                beside[before[step_id]][number].append(step_id)
    for first, second in beside.values():
        matcher = SequenceMatcher(None, first, second, autojunk=False)
        kept = {
            step_id
            for block in matcher.get_matching_blocks()
            for step_id in first[block.a : block.a + block.size]
        }
        moved |= set(first) - kept
    return moved


def _places(graph: Graph) -> dict[str, tuple[str, str]]:
    """The arm in which each step stands: the id of the step that has it, and its name."""
    found: dict[str, tuple[str, str]] = {}

    def walk(step_id: str | None, until: str | None, place: tuple[str, str]) -> None:
        while step_id is not None and step_id != until:
            found[step_id] = place
            node = graph["nodes"][step_id]
            for arm, first in node["arms"].items():
                walk(first, node["next"], (step_id, arm))
            step_id = node["next"]

    walk(graph["start"], None, ("", ""))
    return found


def _sentence(node: Mapping[str, Any]) -> str:
    try:
        return registry[node["type"]].describe(node["params"]) or "…"
    except Exception:  # noqa: BLE001  a host site's own step may stumble over unfinished values in any way
        return "…"


def _at_once(campaign: Campaign, graph: Graph, step_id: str, inside: int, now: datetime.datetime) -> int:
    """How many of those who stand at the changed step will not wait there any longer: the step itself is asked."""
    if not inside:
        return 0
    here = Journey.objects.filter(campaign=campaign, state=Journey.State.ACTIVE, step_id=step_id)
    asked = list(here.order_by("arrived_at", "pk")[:SAMPLE]) if inside <= SAMPLE else _spread(here, inside)
    node = graph["nodes"][step_id]
    group = Group(campaign.pk, step_id, [_position(journey) for journey in asked], graph.get("zone") or "")
    try:
        with transaction.atomic():
            outcomes = registry[node["type"]].decide(group, node["params"], now)
    except Exception:  # noqa: BLE001  unfinished values: the review says so elsewhere
        return 0
    going = sum(not isinstance(outcome, WaitUntil) for outcome in outcomes.values())
    return round(going * inside / len(asked)) if asked else 0


def _spread(here: Any, inside: int) -> list[Journey]:
    """Every so manieth of them, whenever they arrived."""
    return list(here.annotate(slot=F("pk") % (inside // SAMPLE + 1)).filter(slot=0).order_by()[: 2 * SAMPLE])


def _position(journey: Journey) -> Position:
    return Position(
        journey.pk,
        journey.contact_id,
        journey.arrived_at or journey.entered_at,
        journey.entered_at,
        journey.entry_event_id,
        journey.attempts,
    )
