"""What the editor sees beside the form: the real composing and filling in, with a made-up person and event."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as render_page
from django.utils import timezone, translation
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail.models import Site

from wagtail_journeys.conf import conf
from wagtail_journeys.exceptions import TemplateError

from . import composing, liquid, needs, samples

if TYPE_CHECKING:
    from .models import EmailTemplate

logger = logging.getLogger(__name__)

#: An email is full of inline styles and of nothing that runs.
POLICY = "default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'self'"

SIZES = [
    {"name": "phone", "icon": "mobile-alt", "device_width": 375, "label": _("Phone")},
    {"name": "desktop", "icon": "desktop", "device_width": 800, "label": _("Desktop")},
]


def serve(template: EmailTemplate, request: HttpRequest, mode: str) -> HttpResponse:
    """The preview in one of its modes; a problem is shown as words, as the form may be half filled in."""
    try:
        response = _show(template, request, mode)
    except TemplateError as error:
        response = _problem(request, str(error))
    except Exception:
        # A site's own block may stumble over unfinished values in any way, and an editor is not helped by a page of code.
        logger.exception("The preview of an email template failed")
        response = _problem(request, _t("The preview cannot be shown yet. Is every block filled in?"))
    response["Content-Security-Policy"] = POLICY
    return response


def _show(template: EmailTemplate, request: HttpRequest, mode: str) -> HttpResponse:
    source = composing.compose(template)
    parsed = liquid.parse(source.subject, source.preheader, source.html, source.text)
    site = Site.find_for_request(request)
    name = (site.site_name if site else "") or getattr(settings, "WAGTAIL_SITE_NAME", "") or _t("Your site")
    with translation.override(template.locale.language_code):
        values = samples.context({"name": name, "root_url": str(conf.BASE_URL) or composing.base_url()})
        now = timezone.now()  # noqa: TID251  a look, at this moment
        one = needs.Asked(0, 0, template.locale.language_code, composing.base_url())
        values["blocks"] = needs.samples(source.needs, one, now)
    email = liquid.fill_in(parsed, values, samples.defaults(parsed.paths))
    if mode == "text":
        return render_page(request, "wagtail_journeys/emails/preview_text.html", {"email": email})
    if mode == "inbox":
        context = {"email": email, "sender": template.sender or settings.DEFAULT_FROM_EMAIL}
        return render_page(request, "wagtail_journeys/emails/preview_inbox.html", context)
    return HttpResponse(email.html)


def _problem(request: HttpRequest, words: str) -> HttpResponse:
    return render_page(request, "wagtail_journeys/emails/preview_problem.html", {"problem": words})
