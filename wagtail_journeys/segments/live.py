"""What the editor of a segment asks for while somebody types: who matches, why somebody does not, what publishing does.

All of it looks at the form as it stands and saves nothing. Whatever is in the form, the answer is words, never an error.
"""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.views.decorators.http import require_GET, require_POST

from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.contacts.permissions import may_see_contacts
from wagtail_journeys.exceptions import BadRules

from . import counting, drafts, explain, preview, publishing
from .models import Membership, Segment

logger = logging.getLogger(__name__)

SUGGESTED = 8

TEMPLATES = "wagtail_journeys/segments"


def _need(request: HttpRequest, *, contacts: bool = False) -> None:
    user: Any = request.user
    if not any(user.has_perm(f"wagtail_journeys.{right}_segment") for right in ("add", "change", "view")):
        raise PermissionDenied
    if contacts and not may_see_contacts(user):
        raise PermissionDenied


def _now() -> Any:
    return timezone.now()  # noqa: TID251 a view: asked for the moment at which the editor looks


class Form:
    """The part of the editor's form that is about who belongs."""

    def __init__(self, request: HttpRequest) -> None:
        data = request.POST
        pk = request.GET.get("segment", "")
        self.pk = int(pk) if pk.isdecimal() else None
        self.kind = Segment.Kind.STATIC if data.get("kind") == "static" else Segment.Kind.DYNAMIC
        match = data.get("match", "")
        self.match = match if match in ("all", "any", "none") else "all"
        self.stream, self.rules = drafts.read(data)


def _words(template: str, context: dict[str, Any], request: HttpRequest) -> str:
    return render_to_string(f"{TEMPLATES}/{template}", context, request=request)


def _unreadable(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"html": _words("unreadable.html", {}, request)})


@require_POST
def audience(request: HttpRequest) -> JsonResponse:
    """Who matches; ``sentences`` by block; ``progress`` is where to ask for the exact number, if it is still to come."""
    _need(request)
    try:
        form = Form(request)
    except BadRules:
        logger.warning("A form that cannot be read", exc_info=True)
        return _unreadable(request)
    now = _now()
    found = preview.look(form.pk, form.kind, form.match, form.stream, form.rules, request.user, now)
    follows = ""
    if found.count and not found.count.exact and found.count.key:
        follows = counting.request(form.match, form.rules, now)
    return JsonResponse(
        {
            "html": _words("audience.html", {"found": found}, request),
            "sentences": drafts.by_block(form.rules),
            "progress": follows,
        }
    )


@require_GET
def progress(request: HttpRequest, key: str) -> JsonResponse:
    """How far the exact count is. ``html`` is the line with the number once it is there."""
    _need(request)
    found = counting.look(key, _now())
    if found is None or found.state == found.State.FAILED:
        return JsonResponse({"done": True})
    count = counting.progress(found)
    answer: dict[str, Any] = {"done": count.exact, "percent": count.progress}
    if count.exact:
        answer["html"] = _words("number.html", {"count": count, "kind": Segment.Kind.DYNAMIC}, request)
    else:
        answer["text"] = _t("The exact number is being counted: %(percent)d %%") % {"percent": count.progress}
    return JsonResponse(answer)


@require_GET
def people(request: HttpRequest) -> JsonResponse:
    """Contacts whose address or name begins with what is typed; ``q`` is that."""
    _need(request, contacts=True)
    typed = request.GET.get("q", "").strip()
    found: Any = []
    if len(typed) > 1:
        begins = Q(email__startswith=typed.lower()) | Q(email__startswith=typed) | Q(external_id=typed)
        found = Contact.objects.filter(begins).order_by("email")[:SUGGESTED]
    return JsonResponse(
        {"people": [{"value": c.email or c.external_id or str(c.uuid), "label": c.name or ""} for c in found]}
    )


def _somebody(typed: str) -> Contact | None:
    typed = typed.strip()
    named = Q(email=typed) | Q(email=typed.lower()) | Q(external_id=typed)
    return Contact.objects.filter(named).order_by("pk").first() if typed else None


@require_POST
def why(request: HttpRequest) -> JsonResponse:
    """Why the contact whose address is in ``wj-who`` matches the form or not; ``marks`` by block: yes, no or broken."""
    _need(request, contacts=True)
    typed = request.POST.get("wj-who", "")
    contact = _somebody(typed)
    if contact is None:
        return JsonResponse({"html": _words("why_nobody.html", {"typed": typed}, request), "marks": {}})
    try:
        form = Form(request)
    except BadRules:
        return _unreadable(request)
    answer = explain.explain(form.match, form.rules, contact, _now())
    context = {"answer": answer, "contact": contact, "empty": not form.rules}
    return JsonResponse(
        {
            "html": _words("why_answer.html", context, request),
            "marks": {
                part.id: {"state": part.state, "words": part.in_words, "fact": part.fact}
                for part in answer.everything()
                if part.id
            },
        }
    )


@require_POST
def effect(request: HttpRequest) -> JsonResponse:
    """What publishing the form would do. Without ``html`` there is nothing to ask about: the form has errors to show."""
    _need(request)
    try:
        form = Form(request)
        if form.kind == Segment.Kind.STATIC or not form.rules or drafts.problems(form.stream):
            return JsonResponse({})
        found = publishing.effect(form.pk, form.match, form.rules, _now())
    except Exception:
        logger.exception("What publishing does cannot be told")
        return JsonResponse({})
    return JsonResponse({"html": _words("publish_effect.html", {"effect": found}, request)})


@require_GET
def why_page(request: HttpRequest, pk: int, contact: int) -> HttpResponse:
    """Why a contact belongs to a segment as it is live, or does not."""
    _need(request, contacts=True)
    segment = get_object_or_404(Segment, pk=pk)
    somebody = get_object_or_404(Contact, pk=contact)
    answer = None
    if segment.kind == Segment.Kind.DYNAMIC:
        answer = explain.explain(segment.match, segment.raw_rules, somebody, _now())
    stay = Membership.objects.filter(segment=segment, contact=somebody).order_by("-entered_at").first()
    return TemplateResponse(
        request,
        f"{TEMPLATES}/why_page.html",
        {
            "segment": segment,
            "contact": somebody,
            "answer": answer,
            "stay": stay,
            "empty": not segment.raw_rules,
            "header_icon": "group",
            "page_title": _t("Why?"),
        },
    )


urlpatterns = [
    path("audience/", audience, name="journeys_segment_audience"),
    path("audience/<str:key>/", progress, name="journeys_segment_progress"),
    path("people/", people, name="journeys_segment_people"),
    path("why/", why, name="journeys_segment_why"),
    path("effect/", effect, name="journeys_segment_effect"),
    path("<int:pk>/why/<int:contact>/", why_page, name="journeys_segment_why_page"),
]
