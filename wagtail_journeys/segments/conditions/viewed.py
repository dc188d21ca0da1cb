"""Viewed, or did not view, pages: one, those of a section, of a type or with a tag, in whatever language."""

from __future__ import annotations

import datetime

from django.apps import apps
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from taggit.models import Tag
from wagtail import blocks

from wagtail_journeys.events import catalogue, places
from wagtail_journeys.events.models import Event
from wagtail_journeys.segments.choosers import PageTypeBlock, TagChooserBlock

from . import filters, registry
from .base import Params
from .behaviour import DID, DID_NOT, Behaviour


def page_fields() -> list[tuple[str, blocks.Block]]:
    """Which pages: several of these together narrow each other down; none of them means any page."""
    return [
        (
            "page",
            blocks.PageChooserBlock(required=False, label=_("Page"), help_text=_("In any language.")),
        ),
        (
            "section",
            blocks.PageChooserBlock(
                required=False,
                label=_("In section"),
                help_text=_("This page and all below, in any language."),
            ),
        ),
        ("page_type", PageTypeBlock(required=False, label=_("Page type"))),
        (
            "tag",
            TagChooserBlock(
                required=False,
                label=_("With tag"),
                help_text=_("Translations of a page with the tag count too."),
            ),
        ),
    ]


def pages_q(params: Params) -> Q:
    found = filters.place_q(params)
    if params.get("page_type"):
        found &= Q(page_id__in=places.type_ids(params["page_type"]))
    if params.get("tag"):
        found &= Q(page_id__in=places.tagged_ids(params["tag"]))
    return found


def describe_pages(params: Params) -> str:
    """ "any page in “Guides” tagged “wood”" """
    if params.get("page"):
        words = _t("the page “%s”") % filters.page_title(params["page"])
    elif params.get("page_type"):
        words = _t("any page of the type “%s”") % _type_name(params["page_type"])
    else:
        words = _t("any page")
    if params.get("page") and params.get("page_type"):
        words += " " + _t("of the type “%s”") % _type_name(params["page_type"])
    if params.get("section"):
        words += " " + _t("in “%s”") % filters.page_title(params["section"])
    if params.get("tag"):
        name = Tag.objects.filter(pk=params["tag"]).values_list("name", flat=True).first()
        words += " " + _t("tagged “%s”") % (name or _t("a deleted tag"))
    return words


def _type_name(label: str) -> str:
    try:
        return str(apps.get_model(label)._meta.verbose_name)
    except (LookupError, ValueError):
        return label


@registry.register
class Viewed(Behaviour):
    key = "viewed"
    label = _("Viewed a page")
    icon = "view"
    choices = [(DID, _("viewed")), (DID_NOT, _("did not view"))]

    def own_fields(self) -> list[tuple[str, blocks.Block]]:
        return page_fields()

    def events(self, params: Params, now: datetime.datetime) -> QuerySet[Event]:
        return Event.objects.filter(pages_q(params), name=catalogue.PAGE_VIEW)

    def names(self, params: Params) -> frozenset[str]:
        return frozenset({catalogue.PAGE_VIEW})

    def what(self, params: Params) -> str:
        return _t("viewed %s") % describe_pages(params)
