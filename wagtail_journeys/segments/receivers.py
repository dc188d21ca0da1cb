"""Publishing a segment has the pipeline rebuild its memberships, and so has what changes its meaning elsewhere."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_delete, post_save
from django.utils import timezone
from wagtail.signals import post_page_move, published, unpublished

from wagtail_journeys import jobs
from wagtail_journeys.contacts.models import Topic

from . import membership
from .models import Segment


def request_rebuild(sender: type[Segment], instance: Segment, **kwargs: Any) -> None:
    """Mark the segment for the pipeline and wake it. May come twice; a second mark changes nothing."""
    # The signal of a publication carries no moment, and scheduled ones come from a management command.
    now = timezone.now()  # noqa: TID251
    Segment.objects.filter(pk=instance.pk).update(rebuild_requested_at=now)
    instance.rebuild_requested_at = now
    jobs.wake()


def topic_changed(sender: type[Topic], instance: Topic, **kwargs: Any) -> None:
    """Whether a topic is opt-in or opt-out decides who may get emails about it: segments that ask for it are rebuilt."""
    if kwargs.get("created"):
        return
    _request([rules.segment for rules in membership.live_rules() if "consent" in rules.mentions.fields])


def page_moved(sender: type, parent_page_before: Any, parent_page_after: Any, **kwargs: Any) -> None:
    """What was viewed there is now below another section: segments that ask for sections are rebuilt."""
    if parent_page_before.pk != parent_page_after.pk:
        _request([rules.segment for rules in membership.live_rules() if rules.mentions.sections])


def _request(segments: list[int]) -> None:
    now = timezone.now()  # noqa: TID251  as above
    if segments and Segment.objects.filter(pk__in=segments).update(rebuild_requested_at=now):
        jobs.wake()


def connect() -> None:
    """Called when the app is ready; calling it again connects nothing twice."""
    published.connect(request_rebuild, sender=Segment, dispatch_uid="wagtail_journeys.segment_published")
    unpublished.connect(request_rebuild, sender=Segment, dispatch_uid="wagtail_journeys.segment_unpublished")
    post_page_move.connect(page_moved, dispatch_uid="wagtail_journeys.page_moved")
    post_save.connect(topic_changed, sender=Topic, dispatch_uid="wagtail_journeys.topic_saved")
    post_delete.connect(topic_changed, sender=Topic, dispatch_uid="wagtail_journeys.topic_deleted")
