"""Belongs, or does not belong, to another segment."""

from __future__ import annotations

import datetime

from django.apps import apps
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.snippets.blocks import SnippetChooserBlock

from . import registry
from .base import Condition, Mentions, Params


@registry.register
class InSegment(Condition):
    key = "in_segment"
    label = _("In another segment")
    icon = "group"
    group = _("Who they are")

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "mode",
                blocks.ChoiceBlock(
                    choices=[("in", _("is in")), ("not_in", _("is not in"))],
                    default="in",
                    label=_("The contact"),
                ),
            ),
            ("segment", SnippetChooserBlock("wagtail_journeys.Segment", label=_("Segment"))),
        ]

    def q(self, params: Params, now: datetime.datetime) -> Q:
        Membership = apps.get_model("wagtail_journeys", "Membership")
        open_stay = Membership.objects.filter(
            contact_id=OuterRef("pk"), segment_id=params["segment"], left_at__isnull=True
        )
        found = Q(Exists(open_stay))
        return ~found if params["mode"] == "not_in" else found

    def describe(self, params: Params) -> str:
        phrase = _t("is not in segment “%s”") if params["mode"] == "not_in" else _t("is in segment “%s”")
        if not params["segment"]:
            return phrase % "…"
        Segment = apps.get_model("wagtail_journeys", "Segment")
        name = Segment.objects.filter(pk=params["segment"]).values_list("name", flat=True).first()
        return phrase % (name or _t("a deleted segment"))

    def mentions(self, params: Params) -> Mentions:
        return Mentions(segments=frozenset({params["segment"]}) if params.get("segment") else frozenset())
