"""Did, or did not do, something: an event, how often, in which period, on which page or document."""

from __future__ import annotations

import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThanOrEqual
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from wagtail import blocks
from wagtail.documents.blocks import DocumentChooserBlock

from wagtail_journeys.events import catalogue, places
from wagtail_journeys.events.fields import EventNameBlock
from wagtail_journeys.events.models import Event

from . import registry
from .base import Condition, Mentions, Params


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
                required=False, label=_("In section"), help_text=_("This page and all below.")
            ),
        ),
        ("document", DocumentChooserBlock(required=False, label=_("Document"))),
    ]


def describe_event(params: Params) -> str:
    """ "downloaded a document “Guide.pdf”, in section “Guides” " without the quotes' spaces; titles are looked up."""
    words = [catalogue.label(params["event"]) if params.get("event") else "…"]
    Page = places.page_model()
    for key, phrase in (("page", _t("on page “%s”")), ("section", _t("in section “%s”"))):
        if params.get(key):
            title = Page.objects.filter(pk=params[key]).values_list("title", flat=True).first()
            words.append(phrase % (title or _t("a deleted page")))
    if params.get("document"):
        from wagtail.documents import get_document_model

        title = (
            get_document_model().objects.filter(pk=params["document"]).values_list("title", flat=True).first()
        )
        words.append(_t("document “%s”") % (title or _t("a deleted document")))
    return ", ".join(words)


@registry.register
class DidEvent(Condition):
    key = "event"
    label = _("Did or did not do")
    icon = "history"
    group = _("What they did")

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "did",
                blocks.ChoiceBlock(
                    choices=[("did", _("did")), ("did_not", _("did not"))],
                    default="did",
                    label=_("The contact"),
                ),
            ),
            *event_fields(),
            ("count", blocks.IntegerBlock(default=1, min_value=1, label=_("At least … times"))),
            (
                "days",
                blocks.IntegerBlock(
                    required=False, min_value=1, label=_("In the last … days"), help_text=_("Empty: ever.")
                ),
            ),
        ]

    def events(self, params: Params, now: datetime.datetime) -> QuerySet[Event]:
        """The events that count, of the contact of the outer query."""
        found = Event.objects.filter(contact_id=OuterRef("pk"), name=params["event"])
        if params.get("days"):
            found = found.filter(
                occurred_at__gt=now - datetime.timedelta(days=params["days"]), occurred_at__lte=now
            )
        if params.get("page"):
            found = found.filter(page_id__in=places.page_ids(params["page"]))
        if params.get("section"):
            found = found.filter(page_id__in=places.section_ids(params["section"]))
        if params.get("document"):
            found = found.filter(document_id=params["document"])
        return found

    def q(self, params: Params, now: datetime.datetime) -> Q:
        events = self.events(params, now)
        count = params.get("count") or 1
        if count == 1:
            done = Q(Exists(events))
        else:
            number = events.order_by().values("contact_id").annotate(n=Count("pk")).values("n")
            done = Q(GreaterThanOrEqual(Coalesce(Subquery(number), 0), count))
        return ~done if params["did"] == "did_not" else done

    def describe(self, params: Params) -> str:
        sentence = describe_event(params)
        if params["did"] == "did_not":
            sentence = _t("never: %s") % sentence if not params.get("days") else _t("not: %s") % sentence
        count = params.get("count") or 1
        if count > 1:
            sentence += " " + ngettext("at least %d time", "at least %d times", count) % count
        if params.get("days"):
            sentence += (
                " " + ngettext("in the last %d day", "in the last %d days", params["days"]) % params["days"]
            )
        return sentence

    def mentions(self, params: Params) -> Mentions:
        return Mentions(events=frozenset({params["event"]}), clock=bool(params.get("days")))
