"""The addresses behind sign-up forms. Looking changes nothing: scanners of mail servers look, people press the button."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from wagtail_journeys.contacts import sign_ups
from wagtail_journeys.emails import links
from wagtail_journeys.tracking import opting, pages, sign_up_form, visitor

FORM_TEMPLATE = "wagtail_journeys/sign_up/page.html"
SENT_TEMPLATE = "wagtail_journeys/sign_up/sent.html"
CONFIRM_TEMPLATE = "wagtail_journeys/sign_up/confirm.html"


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up_page(request: HttpRequest) -> HttpResponse:
    """Where every sign-up form is sent to, and a page with the form. The answer is the same for every address.

    No CSRF token: the form is part of cached pages, and sending it takes nobody's authority but what anybody has.
    """
    if request.method != "POST":
        with pages.in_language(request.GET.get("language", "")):
            form = sign_up_form.offer(request.GET.getlist("topic"))
            return pages.page(request, FORM_TEMPLATE, {"form": form})
    with pages.in_language(sign_up_form.speaks(request.POST.get("language", ""))):
        now = timezone.now()
        if sign_ups.is_crowded(visitor.network(request), now):
            form = sign_up_form.offer(request.POST.getlist("offered"))
            return pages.page(request, FORM_TEMPLATE, {"form": form, "crowded": True}, status=429)
        found = sign_up_form.read(request)
        if found.again is not None:
            return pages.page(request, FORM_TEMPLATE, {"form": found.again}, status=400)
        if found.asked is not None:
            opting.ask(found.asked, now)
        query = urlencode({"language": translation.get_language() or ""})
        response = HttpResponseRedirect(f"{reverse('wagtail_journeys:sign-up-sent')}?{query}")
        response.status_code = 303
        return pages.private(response)


@require_safe
def sent_page(request: HttpRequest) -> HttpResponse:
    """What everybody reads who has signed up, whether the address is known or not."""
    with pages.in_language(request.GET.get("language", "")):
        return pages.page(request, SENT_TEMPLATE)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_page(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, POST confirms. The signed link is the authority, as of every link in an email."""
    now = timezone.now()
    sign_up = opting.sign_up_of(token, now)
    if sign_up is None:
        return pages.unknown(request, CONFIRM_TEMPLATE)
    with pages.in_language(sign_up.language):
        context = {
            "state": "done" if sign_up.confirmed_at else "ask",
            "address": pages.masked(sign_up.address),
            "items": opting.worded_topics(sign_up),
        }
        if request.method == "POST":
            contact = opting.confirm(sign_up, request, now)
            context["state"] = "done"
            if contact is not None:  # who comes later may have got the email forwarded
                context["preferences_url"] = links.preferences_url(contact.uuid, "")
        return pages.page(request, CONFIRM_TEMPLATE, context)
