"""The merge tags of templates, listed in the step that sends them, and which of them have a value for everybody."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, JsonResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from wagtail_journeys.emails.liquid import PLAIN
from wagtail_journeys.emails.models import EmailTemplate, TemplateVersion
from wagtail_journeys.emails.required import required

URL_NAME = "journeys_merge_tags"

#: ``form_attrs`` of the list of merge tags in a step.
ATTRS = {"data-controller": "wj-merge-tags", "data-wj-merge-tags-url-value": reverse_lazy(URL_NAME)}

#: What every contact who gets an email has.
ALWAYS = {"contact.email", *PLAIN}

#: Where the value of a tag comes from, by its first word.
ORIGINS = {
    "contact": _("from the contact"),
    "event": _("from the event that started the journey"),
    "journey": _("from the data of the journey"),
    "site": _("from the site"),
}


def always_has_value(tag: str, by_event: bool) -> bool:
    """Whether a tag is filled for every contact; ``by_event``: the campaign starts with an event."""
    return tag in ALWAYS or tag.startswith("site.") or (tag == "event.name" and by_event)


def tags_of(templates: Collection[int]) -> dict[str, bool]:
    """The merge tags of these templates as they are live, in any language, each with whether one of them cannot do without
    a value. Two statements.
    """
    keys = EmailTemplate.objects.filter(pk__in=templates).values("translation_key")
    newest = TemplateVersion.objects.filter(template=OuterRef("pk")).order_by("-number").values("pk")[:1]
    live = EmailTemplate.objects.filter(translation_key__in=keys, live=True).annotate(newest=Subquery(newest))
    found: dict[str, bool] = {}
    for version in TemplateVersion.objects.filter(pk__in=list(live.values_list("newest", flat=True))):
        needed = required(version)
        for tag in version.tags:
            found[tag] = found.get(tag, False) or tag in needed
    return dict(sorted(found.items()))


def view(request: HttpRequest) -> JsonResponse:
    """``?template=3&template=4&trigger=event`` → ``{"tags": [{"tag", "origin", "always", "required"}], "words": {…}}``"""
    user: Any = request.user
    if not any(user.has_perm(f"wagtail_journeys.{right}_campaign") for right in ("add", "change")):
        raise PermissionDenied
    given = request.GET.getlist("template")
    templates = {int(pk) for pk in given if pk.isdecimal() and len(pk) < 10}
    by_event = _starts_by_event(request.GET.get("trigger", ""))
    tags = [
        {
            "tag": tag,
            "origin": str(ORIGINS.get(tag.partition(".")[0], "")),
            "always": always_has_value(tag, by_event),
            "required": needed,
        }
        for tag, needed in tags_of(templates).items()
    ]
    return JsonResponse({"tags": tags, "words": _words()})


def _starts_by_event(key: str) -> bool:
    from .triggers import registry
    from .triggers.base import Trigger

    return key in registry and type(registry[key]).events is not Trigger.events


def _words() -> dict[str, str]:
    return {
        "heading": _t("Merge tags of the email"),
        "none": _t("The email has no merge tags."),
        "always": _t("everybody has a value"),
        "handled": _t("without a value: as the email itself says"),
        "source": _t("filled with %(source)s"),
        "default": _t("without a value: “%(default)s”"),
        "blank": _t("without a value: nothing"),
        "missing": _t("No default: who has no value does not get this email."),
        "add": _t("Add a default"),
        "change": _t("Change"),
    }
