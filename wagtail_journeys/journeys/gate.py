"""Whether a queued message may still go out, as far as its campaign and its journey are concerned."""

from __future__ import annotations

import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.emails.models import Message
from wagtail_journeys.journeys.models import Journey


class JourneyGate:
    """Asked by emails.delivery, which knows nothing of campaigns."""

    def claimable(self, now: datetime.datetime) -> Q:
        """Messages of a campaign that is paused or not live stay in the queue."""
        return Q(campaign__isnull=True) | Q(
            campaign__live=True, campaign__state__in=[Campaign.State.RUNNING, Campaign.State.STOPPING]
        )

    def allowed(self, now: datetime.datetime) -> Q:
        """A message of a journey that failed or was ended from outside is not handed over."""
        return self.claimable(now) & (
            Q(visit__isnull=True)
            | (~Q(visit__journey__state=Journey.State.FAILED) & Q(visit__journey__cut_at__isnull=True))
        )

    def reason(self, message_ids: list[int], now: datetime.datetime) -> dict[int, str]:
        """Why these messages are not allowed; those that are allowed are left out."""
        refused = Message.objects.filter(pk__in=message_ids).exclude(self.allowed(now))
        return dict.fromkeys(
            refused.values_list("pk", flat=True), _("the campaign or the journey has ended or stands still")
        )
