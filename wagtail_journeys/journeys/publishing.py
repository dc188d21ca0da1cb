"""What publishing does: a new version, and contacts inside that follow it from their step (semantics P3)."""

from __future__ import annotations

import datetime

from django.db.models import F
from django.utils.translation import gettext as _

from wagtail_journeys import db, jobs
from wagtail_journeys.campaigns import versions
from wagtail_journeys.campaigns.models import Campaign, CampaignVersion
from wagtail_journeys.journeys import telling
from wagtail_journeys.journeys.models import Journey, Visit


def published(campaign: Campaign, now: datetime.datetime) -> CampaignVersion:
    """Compile the campaign and move its contacts to the new version. Calling it again changes nothing."""
    with db.batch(Campaign):
        version, created = versions.compile_version(campaign, now)
        Campaign.objects.filter(pk=campaign.pk, live_since__isnull=True).update(live_since=now)
        if created:
            follow(version, now)
    jobs.wake()
    return version


def unpublished(campaign: Campaign) -> None:
    """No entries any more; contacts inside stay where they are until the campaign is live again."""
    Campaign.objects.filter(pk=campaign.pk).update(live_since=None)


def follow(version: CampaignVersion, now: datetime.datetime) -> None:
    """Let the contacts inside follow ``version``.

    Who stands at a step that is still there stays; if the step itself was changed it is asked again now, so that a
    shortened wait acts at once. Who stands at a step that is gone goes on to the next one that is left. A few statements
    per step of the old versions with people in it.
    """
    inside = Journey.objects.filter(campaign=version.campaign_id, state=Journey.State.ACTIVE).exclude(
        version=version
    )
    for old_id, step_id in set(inside.order_by().values_list("version_id", "step_id").distinct()):
        old, new = versions.graph(old_id)["nodes"], version.graph["nodes"]
        here = inside.filter(version=old_id, step_id=step_id)
        if step_id in new:
            if new[step_id]["params"] != old[step_id]["params"]:
                here.filter(due_at__isnull=False).update(due_at=now)
            here.update(version=version)
            continue
        target: str | None = step_id
        while target is not None and target not in new:
            target = old[target]["next"]
        Visit.objects.filter(journey__in=here.values("pk"), step_id=step_id, left_at__isnull=True).update(
            left_at=now, outcome=Visit.Outcome.SKIPPED, reason=_("the step was removed from the campaign")
        )
        if target is None:
            reason = _("the steps that were left were removed from the campaign")
            ending = list(here.values_list("pk", "campaign_id", "version_id", "contact_id", "chain"))
            here.update(
                version=version,
                state=Journey.State.COMPLETED,
                ended_at=now,
                due_at=None,
                end_reason=reason,
            )
            telling.ended(
                [telling.Of(*about, Journey.State.COMPLETED.value, reason) for about in ending], now
            )
        else:
            here.update(
                version=version,
                step_id=target,
                visit_id=None,
                arrived_at=now,
                due_at=now,
                attempts=F("attempts") * 0,
            )
