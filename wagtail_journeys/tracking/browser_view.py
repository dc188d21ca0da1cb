"""The email in a browser: as it was sent, for whoever holds the link that was in it. Nobody is counted here."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from wagtail_journeys.emails import kept, links
from wagtail_journeys.emails.models import Message
from wagtail_journeys.tracking import pages

TEMPLATE = "wagtail_journeys/tracking/view.html"

#: Without scripts there is nothing that a page on the site's own address could do in its name.
POLICY = f"{kept.EMAIL_POLICY}; sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"

#: What was, or may have been, given to the receiver.
SENT = (Message.State.SENT, Message.State.UNKNOWN, Message.State.HANDING_OVER)

#: Links of the email that do in a browser what they do in the mail program. To confirm the address, the mail is needed.
WORKING = ("unsubscribe", "preferences", "view")


def message_of(token: str) -> Message | None:
    """The message whose link this is; None where it is not ours, the message is gone, or was never sent."""
    found = links.read_token(token)
    if found is None or found[0] != "view":
        return None
    return Message.objects.select_related("contact", "version").filter(uuid=found[1], state__in=SENT).first()


@require_safe
def view_page(request: HttpRequest, token: str) -> HttpResponse:
    message = message_of(token)
    if message is None:
        return pages.unknown(request, TEMPLATE)
    base = f"{request.scheme}://{request.get_host()}"
    urls = {f"{kind}_url": links.Urls(kind)(message.uuid, base) for kind in WORKING}
    shown = kept.content(message, urls)
    if shown.rendered is None:
        with pages.in_language(message.contact.locale):
            return pages.page(request, TEMPLATE, {"state": "gone"}, status=410)
    response = pages.private(HttpResponse(shown.rendered.html))
    response.headers["Content-Security-Policy"] = POLICY
    return response
