"""What starts a campaign, one file each; ``registry`` holds them."""

from __future__ import annotations

from wagtail_journeys.registry import Registry

from .base import Trigger

registry: Registry[Trigger] = Registry("trigger", module="journey_triggers", package=__name__)

__all__ = ["Trigger", "registry"]
