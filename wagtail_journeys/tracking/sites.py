"""Which of the Wagtail sites a request is for, without asking the database each time."""

from __future__ import annotations

import time
from typing import Any

from django.http import HttpRequest
from wagtail.models import Site

KEEP = 60.0  # seconds; a change of the sites in this process is seen at once
MANY = 1_000  # hosts; more of them than this are made up

_found: dict[tuple[str, str], tuple[float, int | None]] = {}


def site_id(request: HttpRequest) -> int | None:
    """The id of the request's site. At most one statement a minute for each host."""
    known = getattr(request, "_wagtail_site", None)
    if known is not None:
        return known.pk
    key = (request.get_host(), request.get_port())
    now = time.monotonic()
    kept = _found.get(key)
    if kept is not None and now - kept[0] < KEEP:
        return kept[1]
    site = Site.find_for_request(request)
    if len(_found) >= MANY:
        _found.clear()
    _found[key] = (now, site.pk if site else None)
    return _found[key][1]


def forget(**kwargs: Any) -> None:
    """Receiver: a site has been changed."""
    _found.clear()
