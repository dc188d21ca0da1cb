"""What publishing does: a new version, and what becomes of the contacts inside (semantics P3)."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from wagtail.log_actions import log

from wagtail_journeys import db, jobs
from wagtail_journeys.campaigns import versions
from wagtail_journeys.campaigns.models import Campaign, CampaignVersion
from wagtail_journeys.campaigns.versions import Graph
from wagtail_journeys.journeys import endings, telling
from wagtail_journeys.journeys.models import Journey, Visit
from wagtail_journeys.segments import compiler

#: Looks at where the contacts are; those whom the engine was just moving are found by the next one.
LOOKS = 10


def published(campaign: Campaign, now: datetime.datetime) -> CampaignVersion:
    """Compile the campaign; its contacts follow, or finish on their version, as ``inside_follow`` says.

    One that was not live goes live, also when it had ended or was archived. Calling it again changes nothing.
    """
    with db.batch(Campaign):
        row = db.locked(Campaign.objects.filter(pk=campaign.pk).order_by("pk")).get()
        version, created = versions.compile_version(campaign, now)
        begins = row.live_since is None
        if begins:
            paused = row.state == Campaign.State.PAUSED
            Campaign.objects.filter(pk=campaign.pk).update(
                live_since=now,
                pauses=[],
                state=Campaign.State.PAUSED if paused else Campaign.State.RUNNING,
                ended_at=None,
                archived_at=None,
            )
        if campaign.inside_follow == Campaign.InsideFollow.NEW:
            follow(version, now, exit_removed=campaign.inside_removed == Campaign.InsideRemoved.EXIT)
        if campaign.topic_id is None and (begins or created):
            log(row, "journeys.ignores_topics", data={"version": version.number})
    jobs.wake()
    return version


def unpublished(campaign: Campaign, now: datetime.datetime) -> None:
    """Taken off line: no entries any more, and contacts inside stay where they are until the campaign is live again.

    One that expired, as its editor had said when it was published, stops instead: those inside finish.
    """
    life: dict[str, Any] = {"live_since": None}
    if campaign.expired and campaign.state in (Campaign.State.RUNNING, Campaign.State.PAUSED):
        life |= {"state": Campaign.State.STOPPING, "paused_at": None}
    Campaign.objects.filter(pk=campaign.pk).update(**life)
    jobs.wake()


def follow(version: CampaignVersion, now: datetime.datetime, *, exit_removed: bool = False) -> None:
    """Let the contacts inside follow ``version``.

    Who stands at a step that is still there stays; if the step itself was changed it is asked again now, so that a
    shortened wait acts at once. Who stands at a step that is gone goes on to the next one that is left, or leaves. A few
    statements per step of the old versions with people in it.
    """
    inside = Journey.objects.filter(campaign=version.campaign_id, state=Journey.State.ACTIVE).exclude(
        version=version
    )
    for _look in range(LOOKS):
        places = set(inside.order_by().values_list("version_id", "step_id").distinct())
        if not places:
            return
        for old_id, step_id in places:
            _follow_from(old_id, step_id, version, now, exit_removed)


def _follow_from(
    old_id: int, step_id: str, version: CampaignVersion, now: datetime.datetime, exit_removed: bool
) -> None:
    old, new = versions.graph(old_id), version.graph
    here = Journey.objects.filter(
        campaign=version.campaign_id, state=Journey.State.ACTIVE, version=old_id, step_id=step_id
    )
    if step_id in new["nodes"]:
        if asks_again(old, new, step_id):
            here.filter(due_at__isnull=False).update(due_at=now)
        here.update(version=version)
        return
    # Held until the end, so that the engine does not move them in between.
    ids = list(db.locked(here.order_by("pk")).values_list("pk", flat=True))
    those = Journey.objects.filter(compiler.among(ids))
    if exit_removed:
        endings.end(those, _("the step was removed from the campaign"), now)
        return
    Visit.objects.filter(compiler.among(ids, "journey_id"), step_id=step_id, left_at__isnull=True).update(
        left_at=now, outcome=Visit.Outcome.SKIPPED, reason=_("the step was removed from the campaign")
    )
    target = next_left(old, new["nodes"], step_id)
    if target is not None:
        those.update(version=version, step_id=target, visit_id=None, arrived_at=now, due_at=now, attempts=0)
        return
    reason = _("the steps that were left were removed from the campaign")
    state = Journey.State.COMPLETED
    ending = list(those.values_list("pk", "campaign_id", "version_id", "contact_id", "chain"))
    those.update(version=version, state=state, ended_at=now, due_at=None, end_reason=reason)
    telling.ended([telling.Of(*about, state.value, reason) for about in ending], now)


def asks_again(old: Graph, new: Graph, step_id: str) -> bool:
    """Whether those who stand at the step, which is in both, may now be due earlier or later than before."""
    before, after = old["nodes"][step_id], new["nodes"][step_id]
    return bool(before["params"] != after["params"] or old.get("zone") != new.get("zone"))


def next_left(old: Graph, new: Mapping[str, Any], step_id: str | None) -> str | None:
    """The first step at or behind ``step_id`` of the old graph that the new one has; behind a branch after its arms."""
    while step_id is not None and step_id not in new:
        step_id = old["nodes"][step_id]["next"]
    return step_id


def retire(now: datetime.datetime) -> int:
    """Old versions that nobody is in any more, and nobody will be. Returns how many.

    Who was let in by a batch that had not heard of the new version follows it here, where the others did.
    """
    retired = 0
    open_ones = CampaignVersion.objects.filter(retired_at__isnull=True).exclude(pk__in=versions.newest())
    for version in open_ones.select_related("campaign"):
        newest = version.campaign.current_version
        if newest is None or newest.created_at > now - SETTLED:
            continue
        with db.batch(Campaign):
            row = db.locked(Campaign.objects.filter(pk=version.campaign_id).order_by("pk")).get()
            if row.inside_follow == Campaign.InsideFollow.NEW:
                follow(newest, now, exit_removed=row.inside_removed == Campaign.InsideRemoved.EXIT)
            if not Journey.objects.filter(campaign=row, version=version, state=Journey.State.ACTIVE).exists():
                retired += CampaignVersion.objects.filter(pk=version.pk).update(retired_at=now)
    return retired


def _may_convert(version: CampaignVersion, newest: CampaignVersion, now: datetime.datetime) -> bool:
    """Whether somebody who is through may still reach the goal of this version, which is not that of the newest."""
    own = versions.ways_out(version.graph)
    if own == versions.ways_out(newest.graph):
        return False
    # Nobody has entered it since the next one came.
    return newest.created_at + datetime.timedelta(days=own["goal_window"]) > now


#: A batch that had read the version before lasts no longer.
SETTLED = datetime.timedelta(minutes=2)
