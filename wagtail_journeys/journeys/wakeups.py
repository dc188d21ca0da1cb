"""Journeys that wait for something: looked at again when it may have happened, without waiting for their due time."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Sequence
from functools import lru_cache

from django.db.models import Q

from wagtail_journeys.campaigns import versions
from wagtail_journeys.campaigns.models import CampaignVersion
from wagtail_journeys.campaigns.states import moving
from wagtail_journeys.campaigns.steps import registry
from wagtail_journeys.exceptions import JourneysError
from wagtail_journeys.journeys.models import Journey
from wagtail_journeys.segments import compiler
from wagtail_journeys.segments.conditions import Mentions
from wagtail_journeys.segments.membership import Change, Touched

logger = logging.getLogger(__name__)


@lru_cache(maxsize=512)
def listening(version: int) -> dict[str, Mentions]:
    """The steps of a version that wait for something, with what they wait for. Versions never change."""
    found: dict[str, Mentions] = {}
    for step_id, node in versions.graph(version)["nodes"].items():
        try:
            mentions = registry[node["type"]].mentions(node["params"])
        except (JourneysError, KeyError, TypeError, ValueError):
            logger.exception(
                "Step %s of version %s cannot be read; it is asked when it is due", step_id, version
            )
            continue
        if mentions is not None:
            found[step_id] = mentions
    return found


def wake(touched: Touched, changes: Sequence[Change], now: datetime.datetime) -> None:
    """Have the waiting journeys of these contacts asked again whose step waits for what has changed.

    Two statements, and none where no running campaign waits for it. In the caller's transaction.
    """
    running = CampaignVersion.objects.filter(
        Q(campaign__live=True) | moving("campaign__"), waits=True, retired_at__isnull=True
    )
    steps: set[str] = set()
    contacts: set[int] = set()
    for version in running.order_by().values_list("pk", flat=True):
        for step_id, mentions in listening(version).items():
            concerned = touched.by(mentions)
            concerned |= {change.contact for change in changes if change.segment in mentions.segments}
            if concerned:
                steps.add(step_id)
                contacts |= concerned
    if steps:
        Journey.objects.filter(
            compiler.among(contacts, "contact_id"),
            state=Journey.State.ACTIVE,
            step_id__in=steps,
            due_at__gt=now,
        ).update(due_at=now)
