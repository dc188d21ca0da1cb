"""What a segment can ask, one file each. ``registry`` holds them; a host app adds its own in ``segment_conditions.py``."""

from __future__ import annotations

from wagtail_journeys.registry import Registry

from .base import Condition, Mentions, negated

registry: Registry[Condition] = Registry("condition", module="segment_conditions", package=__name__)

__all__ = ["Condition", "Mentions", "negated", "registry"]
