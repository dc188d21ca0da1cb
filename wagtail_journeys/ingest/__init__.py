"""DOOR: events that a site's own code tells about."""

from wagtail_journeys.ingest.api import identify, track

__all__ = ["identify", "track"]
