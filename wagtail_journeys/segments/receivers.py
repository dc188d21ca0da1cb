"""Publishing a segment has the pipeline rebuild its memberships."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from wagtail.signals import published, unpublished

from wagtail_journeys import jobs

from .models import Segment


def request_rebuild(sender: type[Segment], instance: Segment, **kwargs: Any) -> None:
    """Mark the segment for the pipeline and wake it. May come twice; a second mark changes nothing."""
    # The signal of a publication carries no moment, and scheduled ones come from a management command.
    now = timezone.now()  # noqa: TID251
    Segment.objects.filter(pk=instance.pk).update(rebuild_requested_at=now)
    instance.rebuild_requested_at = now
    jobs.wake()


def connect() -> None:
    """Called when the app is ready; calling it again connects nothing twice."""
    published.connect(request_rebuild, sender=Segment, dispatch_uid="wagtail_journeys.segment_published")
    unpublished.connect(request_rebuild, sender=Segment, dispatch_uid="wagtail_journeys.segment_unpublished")
