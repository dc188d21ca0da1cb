"""An event that the site itself tells about, kept beside whatever the visitor came for."""

from __future__ import annotations

import datetime
import logging
from contextlib import nullcontext

from django.db import DatabaseError

from wagtail_journeys import db
from wagtail_journeys.events.inbox import Incoming, accept
from wagtail_journeys.events.models import InboxItem

logger = logging.getLogger(__name__)

#: Source of the events that the site itself tells about.
SITE = "site"


def keep(event: Incoming, now: datetime.datetime) -> None:
    """Accept an event beside the visitor's own business, which goes on even where the event cannot be kept."""
    inside = db.write_connection(InboxItem).in_atomic_block
    try:
        with db.batch(InboxItem) if inside else nullcontext():
            accept(event, now)
    except DatabaseError:
        logger.exception("An event could not be kept: %s", event.name)
