"""From what the editor wrote to an immutable graph, and the live campaigns as the pipeline reads them."""

from __future__ import annotations

import datetime
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from wagtail_journeys.campaigns import arms
from wagtail_journeys.campaigns.models import Campaign, CampaignVersion
from wagtail_journeys.campaigns.steps import registry

Graph = dict[str, Any]


def compile_graph(campaign: Campaign) -> Graph:
    """The graph of the campaign as it stands: see CampaignVersion for its shape.

    ``order`` lists the step ids in the order in which they are drawn; every step comes after those that lead to it.
    """
    nodes: dict[str, dict[str, Any]] = {}
    order: list[str] = []

    def chain(blocks: list[dict[str, Any]], after: str | None) -> str | None:
        following = after
        for block in reversed(blocks):
            step, value = registry[block["type"]], block["value"]
            ways = {arm.name: chain(arm.steps, following) for arm in arms.arms_of(step, value)}
            nodes[block["id"]] = {
                "type": block["type"],
                "params": arms.params_of(step, value),
                "next": following,
                "arms": ways,
            }
            following = block["id"]
        return following

    def walk(blocks: list[dict[str, Any]]) -> None:
        for block in blocks:
            order.append(block["id"])
            for arm in arms.arms_of(registry[block["type"]], block["value"]):
                walk(arm.steps)

    steps = campaign.raw_steps
    start = chain(steps, None)
    walk(steps)
    return {
        "start": start,
        "nodes": nodes,
        "order": order,
        "trigger": _fact(campaign.raw_trigger),
        "filters": {"match": campaign.filters_match, "rules": campaign.raw_filters},
        "zone": campaign.time_zone,
        "goal": _fact(campaign.raw_goal),
        "goal_window": campaign.goal_window,
        "stop_on_goal": campaign.stop_on_goal,
        "exits": [_fact(block) for block in campaign.raw_exits],
        "exit_unmatched": campaign.exit_unmatched,
        "exit_grace": campaign.exit_grace,
    }


def _fact(block: dict[str, Any] | None) -> dict[str, Any] | None:
    return {"type": block["type"], "params": block["value"]} if block else None


def compile_version(campaign: Campaign, now: datetime.datetime) -> tuple[CampaignVersion, bool]:
    """The version for the campaign as it is now, and whether it is a new one. Calling it again changes nothing."""
    graph = compile_graph(campaign)
    current = campaign.current_version
    if current is not None and current.graph == graph:
        return current, False
    number = current.number + 1 if current else 1
    version = CampaignVersion.objects.create(
        campaign=campaign,
        number=number,
        revision_id=campaign.live_revision_id,
        graph=graph,
        waits=any(_waits(node) for node in graph["nodes"].values()),
        created_at=now,
    )
    return version, True


def _waits(node: dict[str, Any]) -> bool:
    return registry[node["type"]].mentions(node["params"]) is not None


@lru_cache(maxsize=512)
def graph(version_id: int) -> Graph:
    """The graph of a version; versions never change, so it is kept. One statement the first time."""
    return CampaignVersion.objects.values_list("graph", flat=True).get(pk=version_id)


@dataclass(frozen=True)
class LiveCampaign:
    """A campaign that is live, with what its newest version says."""

    id: int
    version: int
    name: str
    trigger: str
    params: dict[str, Any]
    match: str
    rules: list[dict[str, Any]]
    start: str | None
    frequency: str
    interval: int | None
    interval_unit: str
    may_overlap: bool
    matching_window: int
    topic: int | None
    group: str
    priority: int
    live_since: datetime.datetime | None
    #: From when to when it was paused.
    pauses: tuple[tuple[datetime.datetime, datetime.datetime], ...]
    starts_at: datetime.datetime | None
    ends_at: datetime.datetime | None
    state: str
    zone: str
    gap: int | None
    gap_unit: str
    run_key: str
    entry_cap: int | None
    hourly_cap: int | None
    goal: dict[str, Any] | None
    goal_window: int
    stop_on_goal: bool
    exits: list[dict[str, Any]]
    exit_unmatched: bool
    exit_grace: int
    #: The older version whose goal, exits and filters these are; those of the newest hold for all but ``besides``.
    older: int | None = None
    besides: frozenset[int] = frozenset()

    @property
    def admits(self) -> bool:
        """Whether contacts may enter (start and end dates aside)."""
        return self.state == Campaign.State.RUNNING and self.older is None

    def was_paused(self, moment: datetime.datetime) -> bool:
        return any(begin <= moment < end for begin, end in self.pauses)

    def holds_for(self, version: int) -> bool:
        """Whether goal, exits and filters are those of a journey on this version."""
        return version not in self.besides if self.older is None else version == self.older


def newest() -> QuerySet[CampaignVersion, int]:
    """The ids of the newest version of every campaign."""
    last = CampaignVersion.objects.filter(campaign=OuterRef("campaign")).order_by("-number").values("pk")[:1]
    return CampaignVersion.objects.filter(pk=Subquery(last)).order_by().values_list("pk", flat=True)


def admitting() -> list[LiveCampaign]:
    """The campaigns that contacts may enter."""
    return [campaign for campaign in live() if campaign.admits]


def live() -> list[LiveCampaign]:
    """The live campaigns, the lowest priority number first. One statement, and one per new version."""
    return _read(Q(live=True))[0]


def heard() -> list[LiveCampaign]:
    """The campaigns for which something that happens may be a goal or a way out; those that ``admits`` let in by it.

    Beside those that are live: those that finish or have ended, as goals are reached after the last step, too. A
    campaign whose contacts finish on an older version comes once more for each of these: one statement, if any.
    """
    over = Q(state__in=[Campaign.State.STOPPING, Campaign.State.ENDED], archived_at__isnull=True)
    found, several = _read(Q(live=True) | over)
    return _with_older(found, several) if several else found


def _read(which: Q) -> tuple[list[LiveCampaign], dict[int, LiveCampaign]]:
    """The campaigns, and by their id those of which older versions are still needed."""
    last = CampaignVersion.objects.filter(campaign=OuterRef("pk")).order_by("-number").values("pk")[:1]
    rows = (
        Campaign.objects.filter(which)
        .annotate(version=Subquery(last), several=Exists(_kept().filter(campaign=OuterRef("pk"))))
        .exclude(version=None)
        .order_by("priority", "pk")
        .values(
            "pk",
            "version",
            "several",
            "name",
            "frequency",
            "interval",
            "interval_unit",
            "may_overlap",
            "matching_window",
            "topic_id",
            "exclusive_group",
            "priority",
            "live_since",
            "pauses",
            "starts_at",
            "ends_at",
            "state",
            "time_zone",
            "gap",
            "gap_unit",
            "run_key",
            "entry_cap",
            "hourly_cap",
        )
    )
    found: list[LiveCampaign] = []
    several: dict[int, LiveCampaign] = {}
    for row in rows:
        compiled = graph(row["version"])
        if compiled["trigger"] is None:
            continue
        found.append(
            LiveCampaign(
                id=row["pk"],
                version=row["version"],
                name=row["name"],
                start=compiled["start"],
                frequency=row["frequency"],
                interval=row["interval"],
                interval_unit=row["interval_unit"],
                may_overlap=row["may_overlap"],
                matching_window=row["matching_window"],
                topic=row["topic_id"],
                group=row["exclusive_group"],
                priority=row["priority"],
                live_since=row["live_since"],
                pauses=tuple(
                    (datetime.datetime.fromisoformat(begin), datetime.datetime.fromisoformat(end))
                    for begin, end in row["pauses"]
                ),
                starts_at=row["starts_at"],
                ends_at=row["ends_at"],
                state=row["state"],
                zone=row["time_zone"],
                gap=row["gap"],
                gap_unit=row["gap_unit"],
                run_key=row["run_key"],
                entry_cap=row["entry_cap"],
                hourly_cap=row["hourly_cap"],
                **ways_out(compiled),
            )
        )
        if row["several"]:
            several[row["pk"]] = found[-1]
    return found, several


def _kept() -> QuerySet[CampaignVersion]:
    """Older versions by which something still happens to somebody."""
    return CampaignVersion.objects.filter(retired_at__isnull=True).exclude(pk__in=newest())


def _with_older(found: list[LiveCampaign], several: dict[int, LiveCampaign]) -> list[LiveCampaign]:
    kept: dict[int, list[int]] = defaultdict(list)
    rows = _kept().filter(campaign__in=several).order_by("number")
    for campaign, version in rows.values_list("campaign_id", "pk"):
        if ways_out(graph(version)) != ways_out(graph(several[campaign].version)):
            kept[campaign].append(version)
    result = []
    for each in found:
        older = kept[each.id]
        result.append(replace(each, besides=frozenset(older)) if older else each)
        result += [replace(each, older=version, **ways_out(graph(version))) for version in older]
    return result


def ways_out(compiled: Graph) -> dict[str, Any]:
    """What a version says about goals and about leaving, by the names of LiveCampaign."""
    trigger, filters = compiled.get("trigger") or {}, compiled.get("filters") or {}
    return {
        "trigger": trigger.get("type"),
        "params": trigger.get("params"),
        "match": filters.get("match"),
        "rules": filters.get("rules") or [],
        "goal": compiled.get("goal"),
        "goal_window": compiled.get("goal_window") or 30,
        "stop_on_goal": bool(compiled.get("stop_on_goal")),
        "exits": compiled.get("exits") or [],
        "exit_unmatched": bool(compiled.get("exit_unmatched")),
        "exit_grace": compiled.get("exit_grace") or 0,
    }
