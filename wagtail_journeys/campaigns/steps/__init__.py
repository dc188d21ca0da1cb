"""The steps of a campaign, one file each. ``registry`` holds them; a host app adds its own in ``journey_steps.py``."""

from __future__ import annotations

from wagtail_journeys.registry import Registry

from .base import Group, Params, Position, SimpleStep, Step

registry: Registry[Step] = Registry("step", module="journey_steps", package=__name__)

__all__ = ["Group", "Params", "Position", "SimpleStep", "Step", "registry"]
