"""What the admin asks while somebody writes an email, and what it says when one is published."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _t

from . import tags as catalogue
from .models import EmailTemplate

MAY_ASK = [
    f"wagtail_journeys.{right}_{model}"
    for model in ("emailtemplate", "emailfragment")
    for right in ("add", "change", "publish")
]


def tags(request: HttpRequest) -> HttpResponse:
    """The merge tags to pick from: ``{"tags": [{"tag", "words", "group", "always"}], "words": {…}}``."""
    user: Any = request.user
    if not any(user.has_perm(permission) for permission in MAY_ASK):
        raise PermissionDenied
    found = [
        {"tag": one.tag, "words": one.words, "group": one.group, "always": one.tag in catalogue.NEVER_EMPTY}
        for one in catalogue.known()
    ]
    response = JsonResponse({"tags": found, "words": _words()})
    response.headers["Cache-Control"] = "no-store"
    return response


def _words() -> dict[str, str]:
    return {
        "heading": _t("Insert a merge tag"),
        "search": _t("Search"),
        "default": _t("Where there is no value, write"),
        "none": _t("Nothing is called like that."),
        "close": _t("Close"),
    }


def after_publish(request: HttpRequest, instance: Any) -> None:
    """For Wagtail's hook of this name: slips in merge tags are said, as nobody would get the email."""
    if not isinstance(instance, EmailTemplate):
        return
    version = instance.versions.order_by("-number").first()
    for slip in catalogue.unknown(version.tags if version else ()):
        messages.warning(request, str(slip))
