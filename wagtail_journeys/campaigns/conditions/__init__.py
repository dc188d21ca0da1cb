"""What steps can ask beyond segments: questions about this journey, one file each.

``registry`` holds them; a host app adds its own in ``journey_conditions.py``.
"""

from __future__ import annotations

from wagtail_journeys.registry import Registry

from .base import JourneyCondition

registry: Registry[JourneyCondition] = Registry(
    "journey condition", module="journey_conditions", package=__name__
)

__all__ = ["JourneyCondition", "registry"]
