"""Submitted, or did not submit, a form."""

from __future__ import annotations

import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.events import catalogue
from wagtail_journeys.events.models import Event
from wagtail_journeys.segments.choosers import form_pages

from . import filters, registry
from .base import Params
from .behaviour import DID, DID_NOT, Behaviour


@registry.register
class Submitted(Behaviour):
    key = "submitted"
    label = _("Submitted a form")
    icon = "form"
    choices = [(DID, _("submitted")), (DID_NOT, _("did not submit"))]

    def own_fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "page",
                blocks.PageChooserBlock(
                    page_type=form_pages() or None,
                    required=False,
                    label=_("Form"),
                    help_text=_("In any language. Empty: any form."),
                ),
            ),
            *filters.property_fields(catalogue.FORM_SUBMIT, _("Only with these answers")),
        ]

    def events(self, params: Params, now: datetime.datetime) -> QuerySet[Event]:
        found = filters.place_q({"page": params.get("page")})
        found &= filters.properties_q(params.get("properties"), now)
        return Event.objects.filter(found, name=catalogue.FORM_SUBMIT)

    def names(self, params: Params) -> frozenset[str]:
        return frozenset({catalogue.FORM_SUBMIT})

    def clock(self, params: Params) -> bool:
        return filters.moves(params)

    def what(self, params: Params) -> str:
        if params.get("page"):
            words = _t("submitted the form “%s”") % filters.page_title(params["page"])
        else:
            words = _t("submitted any form")
        return words + filters.describe_properties(params.get("properties"))
