"""Downloaded, or did not download, a document, or any document of a collection."""

from __future__ import annotations

import datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.documents.blocks import DocumentChooserBlock
from wagtail.models import Collection

from wagtail_journeys.events import catalogue, places
from wagtail_journeys.events.models import Event
from wagtail_journeys.segments.choosers import CollectionBlock

from . import filters, registry
from .base import Params
from .behaviour import DID, DID_NOT, Behaviour


@registry.register
class Downloaded(Behaviour):
    key = "downloaded"
    label = _("Downloaded a document")
    icon = "download"
    choices = [(DID, _("downloaded")), (DID_NOT, _("did not download"))]

    def own_fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "document",
                DocumentChooserBlock(
                    required=False,
                    label=_("Document"),
                    help_text=_("Neither document nor collection: any document."),
                ),
            ),
            (
                "collection",
                CollectionBlock(
                    required=False,
                    label=_("Any of collection"),
                    help_text=_("With the collections inside it."),
                ),
            ),
        ]

    def events(self, params: Params, now: datetime.datetime) -> QuerySet[Event]:
        found = Q(name=catalogue.DOCUMENT_DOWNLOAD)
        if params.get("document"):
            found &= Q(document_id=params["document"])
        if params.get("collection"):
            found &= Q(document_id__in=places.document_ids(int(params["collection"])))
        return Event.objects.filter(found)

    def names(self, params: Params) -> frozenset[str]:
        return frozenset({catalogue.DOCUMENT_DOWNLOAD})

    def what(self, params: Params) -> str:
        if params.get("document"):
            words = _t("the document “%s”") % filters.document_title(params["document"])
        else:
            words = _t("any document")
        if params.get("collection"):
            rows = Collection.objects.filter(pk=int(params["collection"]))
            name = rows.values_list("name", flat=True).first() or _t("a deleted collection")
            words += " " + _t("of the collection “%s”") % name
        return _t("downloaded %s") % words
