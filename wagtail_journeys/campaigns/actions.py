"""Wagtail's API asks as the admin does: nothing in use is deleted or unpublished, and nothing with errors goes live."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from wagtail.actions import DeleteAction, PublishRevisionAction, UnpublishAction

from wagtail_journeys.contacts.models import Topic
from wagtail_journeys.emails.models import EmailTemplate
from wagtail_journeys.exceptions import CannotGoLive
from wagtail_journeys.segments.models import Segment

from . import golive, usage
from .models import Campaign


class DeleteUnused(DeleteAction):
    def check(self, skip_permission_checks: bool = False) -> None:
        super().check(skip_permission_checks=skip_permission_checks)
        if reasons := usage.against_deleting([self.instance]):
            raise ValidationError(reasons)


class UnpublishUnused(UnpublishAction):
    def check(self, skip_permission_checks: bool = False) -> None:
        super().check(skip_permission_checks=skip_permission_checks)
        if reasons := usage.against_unpublishing(self.object):
            raise ValidationError(reasons)


class PublishSound(PublishRevisionAction):
    def check(self, skip_permission_checks: bool = False) -> None:
        super().check(skip_permission_checks=skip_permission_checks)
        try:
            golive.allow(self.object, self.revision, by_clock=False, user=self.user)
        except CannotGoLive as error:
            raise ValidationError(str(error)) from error


def register(registry: Any) -> None:
    """For Wagtail's ``register_actions`` hook."""
    for model in (Segment, EmailTemplate, Topic, Campaign):
        registry.register(model, DeleteUnused)
    for model in (Segment, EmailTemplate):
        registry.register(model, UnpublishUnused)
    registry.register(Campaign, PublishSound)
