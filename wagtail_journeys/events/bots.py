"""Programs that look at the site, and browsers that fetch ahead: their events are kept, marked, and nobody's."""

from __future__ import annotations

import functools
from dataclasses import replace

from crawlerdetect import CrawlerDetect
from django.http import HttpRequest

from wagtail_journeys.conf import conf
from wagtail_journeys.events.inbox import Incoming

CRAWLER, PREFETCH = "crawler", "prefetch"

#: The property that marks an event.
BOT = "bot"


def kind(request: HttpRequest) -> str:
    """``crawler`` or ``prefetch``; empty for people, and for everybody with JOURNEYS_BOTS = "count"."""
    if conf.BOTS == "count":
        return ""
    if fetches_ahead(purposes(request)):
        return PREFETCH
    return agent_kind(request.headers.get("User-Agent", ""))


def purposes(request: HttpRequest) -> str:
    """What browsers say where they fetch something ahead, all in one."""
    return " ".join(
        request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
    )


def fetches_ahead(said: str) -> bool:
    return any(word in said.lower() for word in ("prefetch", "prerender", "preview"))


def agent_kind(user_agent: object) -> str:
    """The same for a user agent alone, of whatever type a sender gave."""
    if conf.BOTS == "count" or not isinstance(user_agent, str):
        return ""
    return CRAWLER if is_crawler(user_agent[:500]) else ""


@functools.lru_cache(maxsize=4096)
def is_crawler(user_agent: str) -> bool:
    return bool(user_agent) and CrawlerDetect().is_crawler(user_agent)


def marked(event: Incoming, what: str) -> Incoming:
    """The event of a bot: without whose it is, so that it makes and changes no contact and starts nothing."""
    if not what:
        return event
    return replace(event, anonymous_id="", claims={}, traits={}, properties={**event.properties, BOT: what})
