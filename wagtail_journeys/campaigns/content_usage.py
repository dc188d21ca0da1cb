"""Pages and documents that live campaigns or their emails use: going away is asked about once more, with the campaigns' names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail.documents import get_document_model
from wagtail.documents.views.documents import DeleteView

from wagtail_journeys.emails import usage as email_usage
from wagtail_journeys.events import places

from . import usage
from .models import Campaign

#: Sent along by whoever was asked and wants it all the same.
ANYWAY = "journeys_anyway"

Using = dict[Any, list[Campaign]]


def campaigns_using(objects: Sequence[Any]) -> Using:
    """For each page or document the live campaigns that name it, or send an email that does; those without are left out.

    Pages below a page count as part of it. The number of statements does not depend on how many there are.
    """
    parts: dict[tuple[str, int], set[Any]] = {}
    for thing in objects:
        for part in _parts(thing):
            parts.setdefault(part, set()).add(thing)
    found: dict[Any, dict[int, Campaign]] = {}
    for kind, model in (("page", places.page_model()), ("document", get_document_model())):
        ids = {pk for part, pk in parts if part == kind}
        if not ids:
            continue
        using = usage.in_use(kind, ids)
        for pk, templates in email_usage.of_content(model, ids).items():
            for campaigns in usage.in_use("template", templates).values():
                using[pk] = [*using[pk], *campaigns]
        for pk, campaigns in using.items():
            for thing in parts[kind, pk] if campaigns else ():
                found.setdefault(thing, {}).update({campaign.pk: campaign for campaign in campaigns})
    return {thing: list(found[thing].values()) for thing in objects if thing in found}


def _parts(thing: Any) -> list[tuple[str, int]]:
    if isinstance(thing, places.page_model()):
        below = thing.get_descendants(inclusive=True).values_list("pk", flat=True)
        return [("page", pk) for pk in below]
    return [("document", thing.pk)] if isinstance(thing, get_document_model()) else []


def sentences(using: Using) -> list[str]:
    return [
        _t("“%(thing)s” is used by the live campaign %(names)s.")
        % {"thing": thing, "names": ", ".join(f"“{campaign}”" for campaign in campaigns)}
        for thing, campaigns in using.items()
    ]


def ask(request: HttpRequest, objects: Sequence[Any], heading: str) -> HttpResponse | None:
    """A page with the question, in place of what was asked for; None where nothing is used, or the answer is there."""
    if request.method != "POST" or ANYWAY in request.POST:
        return None
    told = sentences(campaigns_using(objects))
    if not told:
        return None
    given = [(name, value) for name, values in request.POST.lists() for value in values]
    context = {
        "told": told,
        "given": [pair for pair in given if pair[0] != "csrfmiddlewaretoken"],
        "heading": heading,
        "page_title": heading,
        "header_title": heading,
        "header_icon": "warning",
        "name": ANYWAY,
    }
    return TemplateResponse(request, "wagtail_journeys/campaigns/used_content.html", context)


def before_delete_page(request: HttpRequest, page: Any) -> HttpResponse | None:
    return ask(request, [page], _t("Delete it all the same?"))


def before_unpublish_page(request: HttpRequest, page: Any) -> HttpResponse | None:
    return ask(request, [page], _t("Unpublish it all the same?"))


def before_bulk_action(
    request: HttpRequest, action: str, objects: Sequence[Any], view: Any
) -> HttpResponse | None:
    headings = {"delete": _("Delete them all the same?"), "unpublish": _("Unpublish them all the same?")}
    return ask(request, list(objects), str(headings[action])) if action in headings else None


class DocumentDeleteView(DeleteView):
    """Wagtail's own, with one sentence more."""

    @property
    def confirmation_message(self) -> str:
        return " ".join([*sentences(campaigns_using([self.object])), str(super().confirmation_message)])
