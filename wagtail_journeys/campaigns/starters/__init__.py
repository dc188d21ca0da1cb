"""Campaigns to start from, one file each; ``registry`` holds them. A site's own live in ``journey_starters.py``."""

from __future__ import annotations

from wagtail_journeys.registry import Registry

from .base import Draft, Starter
from .material import Material

registry: Registry[Starter] = Registry("starter", module="journey_starters", package=__name__)

__all__ = ["Draft", "Material", "Starter", "registry"]
