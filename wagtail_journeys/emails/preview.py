"""What the editor sees beside the form: the real composing and filling in, for a contact or a made-up person."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as render_page
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail.models import Site

from wagtail_journeys.exceptions import TemplateError

from . import composing, lint, trying

if TYPE_CHECKING:
    from .models import EmailTemplate

logger = logging.getLogger(__name__)

#: An email is full of inline styles and of nothing that runs.
POLICY = "default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'self'"

MODES = [
    ("html", _("HTML")),
    ("dark", _("HTML in the dark")),
    ("text", _("Plain text")),
    ("inbox", _("Inbox line")),
    ("checks", _("Checks")),
]
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
    if mode == "checks":
        found = [*lint.of_content(composing.compose(template)), *lint.of_template(template)]
        return render_page(request, "wagtail_journeys/emails/preview_checks.html", {"findings": found})
    reader = trying.Reader.named(*template.previewed_for)
    now = timezone.now()  # noqa: TID251  a look, at this moment
    email = trying.read(template, reader, now, Site.find_for_request(request))
    if mode == "text":
        return render_page(request, "wagtail_journeys/emails/preview_text.html", {"email": email})
    if mode == "inbox":
        context = {"email": email, "sender": template.sender or settings.DEFAULT_FROM_EMAIL}
        return render_page(request, "wagtail_journeys/emails/preview_inbox.html", context)
    if mode == "dark":
        return HttpResponse(email.html.replace("@media (prefers-color-scheme: dark)", "@media all"))
    return HttpResponse(email.html)


def _problem(request: HttpRequest, words: str) -> HttpResponse:
    return render_page(request, "wagtail_journeys/emails/preview_problem.html", {"problem": words})
