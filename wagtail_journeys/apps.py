from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WagtailJourneysConfig(AppConfig):
    name = "wagtail_journeys"
    label = "wagtail_journeys"
    verbose_name = _("Journeys")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import swapper
        from wagtail.signals import published, unpublished

        from wagtail_journeys import checks  # noqa: F401 registers the system checks
        from wagtail_journeys.campaigns import event_needs as campaign_needs
        from wagtail_journeys.campaigns import golive
        from wagtail_journeys.campaigns.models import Campaign
        from wagtail_journeys.emails import receivers as email_receivers
        from wagtail_journeys.emails import webhooks
        from wagtail_journeys.events import receivers as event_receivers
        from wagtail_journeys.ingest import resubmission
        from wagtail_journeys.segments import event_needs as segment_needs
        from wagtail_journeys.segments import receivers as segment_receivers
        from wagtail_journeys.tracking import receivers as tracking_receivers

        swapper.set_app_prefix("wagtailcore", "wagtail")
        published.connect(_campaign_published, sender=Campaign, dispatch_uid="journeys-published")
        unpublished.connect(_campaign_unpublished, sender=Campaign, dispatch_uid="journeys-unpublished")
        email_receivers.connect()
        webhooks.connect()
        event_receivers.connect()
        segment_receivers.connect()
        segment_needs.connect()
        campaign_needs.connect()
        golive.connect()
        tracking_receivers.connect()
        resubmission.connect()


def _campaign_published(instance: Any, **kwargs: Any) -> None:
    from wagtail_journeys.journeys import publishing

    if instance.live:  # Wagtail tells of a first publication that is only scheduled, too
        publishing.published(instance, instance.last_published_at)


def _campaign_unpublished(instance: Any, **kwargs: Any) -> None:
    from django.utils import timezone

    from wagtail_journeys.journeys import publishing

    publishing.unpublished(instance, timezone.now())  # noqa: TID251  Wagtail does not say when
