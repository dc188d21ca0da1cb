"""DOOR: events that a site's own code tells about."""

from wagtail_journeys.ingest.api import enrol, identify, track

__all__ = ["enrol", "identify", "track"]
