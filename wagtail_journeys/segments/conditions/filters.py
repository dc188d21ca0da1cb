"""What narrows events down, as an editor fills it in: place, document and properties. Shared with the event trigger."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import and_
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.documents import get_document_model
from wagtail.documents.blocks import DocumentChooserBlock

from wagtail_journeys.events import catalogue, places, properties
from wagtail_journeys.events.fields import EventNameBlock, PropertyNameBlock, PropertyValueBlock
from wagtail_journeys.segments.rows import ROW, hidden_when

from .base import Params


class PropertyFilterBlock(blocks.StructBlock):
    """One filter on a property, on one line."""

    def __init__(self, event_field: str = "event", **kwargs: Any) -> None:
        super().__init__(
            [
                ("property", PropertyNameBlock(event_field)),
                (
                    "operator",
                    blocks.ChoiceBlock(
                        choices=list(properties.OPERATORS.items()), default="is", label=_("Comparison")
                    ),
                ),
                (
                    "value",
                    PropertyValueBlock(
                        event_field, form_attrs=hidden_when("operator", properties.WITHOUT_VALUE)
                    ),
                ),
            ],
            **kwargs,
        )

    def clean(self, value: Any) -> Any:
        cleaned = super().clean(value)
        if self.is_deferred_validation:
            return cleaned
        asked = properties.Filter(cleaned["property"], cleaned["operator"], cleaned["value"] or "")
        problem = asked.problem()
        if problem:
            raise blocks.StructBlockValidationError(block_errors={"value": ValidationError(problem)})
        return cleaned

    class Meta:
        form_classname = ROW
        label_format = "{property} {operator} {value}"


def property_fields(event_field: str = "event", label: Any = None) -> list[tuple[str, blocks.Block]]:
    """The list of filters on properties, under the name that ``properties_q`` reads."""
    return [
        (
            "properties",
            blocks.ListBlock(
                PropertyFilterBlock(event_field),
                default=[],
                min_num=0,
                label=label or _("Only with these properties"),
                help_text=_(
                    "Upper and lower case are the same. A list matches where one of its items does; of “is one of”, "
                    "separate the values by commas."
                ),
            ),
        )
    ]


def event_fields() -> list[tuple[str, blocks.Block]]:
    """Name and place of an event: shared by the condition and the event trigger."""
    return [
        (
            "event",
            EventNameBlock(
                help_text=_("For example page_view, document_download, form_submit, or your own.")
            ),
        ),
        (
            "page",
            blocks.PageChooserBlock(required=False, label=_("On page"), help_text=_("In any language.")),
        ),
        (
            "section",
            blocks.PageChooserBlock(
                required=False,
                label=_("In section"),
                help_text=_("This page and all below, in any language."),
            ),
        ),
        ("document", DocumentChooserBlock(required=False, label=_("Document"))),
    ]


def named_q(params: Params, now: datetime.datetime) -> Q:
    """Events of the name, at the place and with the properties of ``event_fields`` and ``property_fields``."""
    found = Q(name=params["event"]) & place_q(params)
    if params.get("document"):
        found &= Q(document_id=params["document"])
    return found & reduce(and_, (Q(one.q(now)) for one in asked(params)), Q())


def asked(params: Params) -> list[properties.Filter]:
    """The filters on properties. Of what machines do as well only what people did counts, unless ``verdict`` is asked for."""
    found = properties.read(params.get("properties"))
    if params.get("event") in catalogue.BY_MACHINES_TOO and all(one.name != "verdict" for one in found):
        found.append(properties.Filter("verdict", "is", catalogue.HUMAN))
    return found


def place_q(params: Params) -> Q:
    found = Q()
    if params.get("page"):
        found &= Q(page_id__in=places.page_ids(params["page"]))
    if params.get("section"):
        found &= Q(page_id__in=places.section_ids(params["section"]))
    return found


def properties_q(stored: Sequence[Mapping[str, Any]] | None, now: datetime.datetime) -> Q:
    return reduce(and_, (Q(asked.q(now)) for asked in properties.read(stored)), Q())


def moves(params: Params) -> bool:
    """Whether the clock alone can change which events pass the filters on properties."""
    return any(asked.clock for asked in properties.read(params.get("properties")))


def describe_event(params: Params) -> str:
    """ "downloaded a document “Guide.pdf”, in section “Guides” " without the quotes' spaces; titles are looked up."""
    words = [verb(params.get("event") or "")]
    words += [phrase % page_title(params[key]) for key, phrase in _PLACES.items() if params.get(key)]
    if params.get("document"):
        words.append(_t("document “%s”") % document_title(params["document"]))
    return ", ".join(words) + describe_properties(params.get("properties"))


_PLACES = {"page": _("on page “%s”"), "section": _("in section “%s”")}


def verb(name: str) -> str:
    """What somebody did: "viewed a page", or "did “webinar_attended”" where no words are known."""
    if not name:
        return "…"
    words = catalogue.label(name)
    return _t("did %s") % words if words.startswith("“") else words


def describe_properties(stored: Sequence[Mapping[str, Any]] | None) -> str:
    """ ", where total is at least 100 and plan is “pro”"; "" without filters."""
    asked = properties.read(stored)
    also = f" {_t('and')} "
    return ", " + _t("where %s") % also.join(one.describe() for one in asked) if asked else ""


def page_title(pk: int) -> str:
    Page = places.page_model()
    return Page.objects.filter(pk=pk).values_list("title", flat=True).first() or _t("a deleted page")


def document_title(pk: int) -> str:
    documents = get_document_model().objects.filter(pk=pk)
    return documents.values_list("title", flat=True).first() or _t("a deleted document")


def name_of(model: str, pk: int, gone: str) -> str:
    """The name of a snippet by the name of its model here; ``gone`` where there is none any more."""
    rows = apps.get_model("wagtail_journeys", model)._default_manager.filter(pk=pk)
    return rows.values_list("name", flat=True).first() or gone


def listed(words: Iterable[str]) -> str:
    return ", ".join(word for word in words if word)
