"""The addresses behind counted links and pixels of emails. They read the clock: a door stamps the moment of receipt."""

from __future__ import annotations

import base64
import logging

from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from wagtail_journeys.tracking import hits
from wagtail_journeys.tracking.hits import Target

logger = logging.getLogger(__name__)

GONE = "wagtail_journeys/tracking/gone.html"
RETRY_AFTER = "30"  # seconds
METHODS = ["GET", "HEAD", "OPTIONS"]

#: One transparent dot.
PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


@transaction.non_atomic_requests
@require_http_methods(METHODS)
def click(request: HttpRequest, token: str) -> HttpResponse:
    """Send the reader on to where the link leads. A link that we did not make leads nowhere, and says so."""
    try:
        found = hits.target(token, "click")
    except DatabaseError:
        logger.exception("A link of an email cannot be looked up.")
        return _page(request, "later", 503)
    if found is None:
        return _page(request, "unknown", 404)
    _note(found, request)
    if request.method == "OPTIONS":
        return _plain(HttpResponse(status=204, headers={"Allow": ", ".join(METHODS)}))
    return _plain(HttpResponseRedirect(found.url))


@transaction.non_atomic_requests
@require_http_methods(METHODS)
def pixel(request: HttpRequest, token: str) -> HttpResponse:
    """The same dot for everybody, whatever the token says."""
    try:
        found = hits.target(token, "open")
    except DatabaseError:
        logger.exception("A pixel of an email cannot be looked up.")
        found = None
    if found is not None:
        _note(found, request)
    return _plain(HttpResponse(PIXEL, content_type="image/gif"))


def _note(found: Target, request: HttpRequest) -> None:
    hits.note(found, request, timezone.now())


def _page(request: HttpRequest, state: str, status: int) -> HttpResponse:
    # A 404 outside of i18n_patterns makes LocaleMiddleware try /en/… and redirect there. This address has no translations.
    request.urlconf = "wagtail_journeys.urls"
    response = render(request, GONE, {"state": state}, status=status)
    if status == 503:
        response.headers["Retry-After"] = RETRY_AFTER
    return _plain(response)


def _plain(response: HttpResponse) -> HttpResponse:
    """The address is one receiver's: it is not to be cached, passed on or found."""
    response.headers["Cache-Control"] = "no-store, private"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
