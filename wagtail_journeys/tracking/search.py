"""The search of a site: ``searched`` is the line that its view needs."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils import timezone, translation

from wagtail_journeys.events import bots, catalogue, sanitise
from wagtail_journeys.events.inbox import Incoming
from wagtail_journeys.tracking import sites, visitor
from wagtail_journeys.tracking.keeping import SITE, keep

MAX_QUERY = 200  # characters


def searched(request: HttpRequest, query: str, results: int) -> None:
    """Tell that somebody searched the site for ``query`` and got so many ``results``.

    An empty query is none. Call it for the first page of results only; a page that a cache answers tells nothing.
    """
    query = sanitise.line(query, MAX_QUERY).strip()
    if not query or visitor.is_preview(request):
        return
    now = timezone.now()
    event = Incoming(
        source=SITE,
        name=catalogue.SITE_SEARCH,
        occurred_at=now,
        anonymous_id=visitor.anonymous_id(request),
        properties={"query": query, "results": results, "locale": translation.get_language() or ""},
        site_id=sites.site_id(request),
        url=sanitise.url(request.build_absolute_uri()),
    )
    keep(bots.marked(event, bots.kind(request)), now)
