"""Where the owner of an address confirms that emails may be sent from it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from wagtail_journeys.emails import senders
from wagtail_journeys.tracking import pages

TEMPLATE = "wagtail_journeys/tracking/sender.html"


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def sender_page(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, POST confirms: scanners of mail servers follow links, and press no buttons. The signed link is the authority."""
    identity = senders.of_token(token)
    if identity is None:
        return pages.unknown(request, TEMPLATE)
    state = "done" if identity.is_verified else "ask"
    if request.method == "POST":
        senders.confirm(identity, timezone.now())
        state = "done"
    return pages.page(request, TEMPLATE, {"state": state, "identity": identity})
