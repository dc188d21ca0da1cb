"""Whether a queued message may still go out, as far as its campaign and its journey are concerned."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Mapping

from django.db.models import Q
from django.utils.translation import gettext as _

from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.campaigns.states import moving
from wagtail_journeys.emails.models import Message
from wagtail_journeys.journeys import endings
from wagtail_journeys.journeys.models import Journey, Visit


class JourneyGate:
    """Asked by emails.delivery, which knows nothing of campaigns."""

    def claimable(self, now: datetime.datetime) -> Q:
        """Messages of a campaign that is paused or not live stay in the queue.

        Not so where it has ended: what it had decided before goes out, unless ending it has called it back.
        """
        return Q(campaign__isnull=True) | moving("campaign__") | Q(campaign__state=Campaign.State.ENDED)

    def allowed(self, now: datetime.datetime) -> Q:
        """A message of a journey that failed or was ended from outside is not handed over."""
        return self.claimable(now) & (
            Q(visit__isnull=True)
            | (~Q(visit__journey__state=Journey.State.FAILED) & Q(visit__journey__cut_at__isnull=True))
        )

    def leave(self, reasons: Mapping[int, str], now: datetime.datetime) -> None:
        """Where a sending limit left no room and the step says to leave the campaign then."""
        by_reason: dict[str, list[int]] = defaultdict(list)
        for message, reason in reasons.items():
            by_reason[reason].append(message)
        for reason, messages in by_reason.items():
            visits = Visit.objects.filter(message__in=messages)
            endings.end(Journey.objects.filter(pk__in=visits.values("journey_id")), reason, now)

    def reason(self, message_ids: list[int], now: datetime.datetime) -> dict[int, str]:
        """Why these messages are not allowed; those that are allowed, or only have to wait, are left out."""
        asked = Message.objects.filter(self.claimable(now), pk__in=message_ids)
        refused = asked.exclude(self.allowed(now))
        return dict.fromkeys(refused.values_list("pk", flat=True), _("the journey has ended"))
