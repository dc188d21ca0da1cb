"""HTTP calls as journeys see them: queueing them, keeping what they answered, and waking who waits for one."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import F, Q

from wagtail_journeys import db
from wagtail_journeys.calls import outbox
from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.campaigns.outcomes import CallHttp, KeepData
from wagtail_journeys.campaigns.states import moving
from wagtail_journeys.journeys.models import Journey
from wagtail_journeys.journeys.travelling import Traveller

#: Characters of everything that a journey keeps; what comes after is not kept.
MOST_DATA = 20_000


def queue(wanted: Iterable[tuple[Traveller, CallHttp]], now: datetime.datetime) -> int:
    """Two statements, however many calls; none without any."""
    return outbox.queue_many(
        [
            outbox.Draft(
                traveller.visit, traveller.campaign, traveller.step, traveller.contact, effect.request
            )
            for traveller, effect in wanted
        ],
        now,
    )


def keep(wanted: Iterable[tuple[Traveller, KeepData]]) -> None:
    """Add to the data of journeys that are claimed by the caller. Two statements, however many; none without any."""
    found = {traveller.id: effect.values for traveller, effect in wanted}
    if not found:
        return
    before = dict(Journey.objects.filter(pk__in=found).values_list("pk", "data"))
    rows: list[tuple[Any, ...]] = []
    for journey, values in found.items():
        data = {**before.get(journey, {}), **values}
        if len(db.dumps(data)) <= MOST_DATA:
            rows.append((journey, data))
    db.update_rows(Journey, "id", ["data"], rows)


class CallGate:
    """Asked by calls.delivery, which knows nothing of campaigns."""

    def claimable(self, now: datetime.datetime) -> Q:
        """Calls of a campaign that is paused or not live stay in the queue; those sent again by hand do not."""
        over = Q(campaign__state=Campaign.State.ENDED)  # ``allowed`` refuses those whose journey is over
        return Q(by_hand=True) | Q(campaign__isnull=True) | moving("campaign__") | over

    def allowed(self, now: datetime.datetime) -> Q:
        """A call is for the journey that stands at its step; one that has ended or was moved on needs none."""
        waits = Q(visit__journey__state=Journey.State.ACTIVE, visit__journey__visit_id=F("visit_id"))
        return Q(by_hand=True) | Q(visit__isnull=True) | waits

    def settled(self, visits: Collection[int], now: datetime.datetime) -> None:
        """Who waits at these visits is asked again now."""
        waiting = Journey.objects.filter(state=Journey.State.ACTIVE, visit_id__in=visits)
        ids = db.locked(waiting.order_by("pk")).values_list("pk", flat=True)
        Journey.objects.filter(pk__in=list(ids)).update(due_at=now)
