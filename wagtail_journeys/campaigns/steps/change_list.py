"""Put the contact on a list that is kept by hand, or take it off."""

from __future__ import annotations

import datetime

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.snippets.blocks import SnippetChooserBlock

from wagtail_journeys.campaigns.outcomes import Advance, ChangeList, Outcome

from . import registry
from .base import CONTACT, Group, Params, Step


@registry.register
class ChangeListStep(Step):
    key = "change_list"
    label = _("Add to or remove from a list")
    icon = "list-ol"
    group = CONTACT

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "change",
                blocks.ChoiceBlock(
                    choices=[("add", _("add to")), ("remove", _("remove from"))],
                    default="add",
                    label=_("Change"),
                ),
            ),
            (
                "segment",
                SnippetChooserBlock(
                    "wagtail_journeys.Segment",
                    label=_("List"),
                    help_text=_("A segment that is kept by hand."),
                ),
            ),
        ]

    def describe(self, params: Params) -> str:
        from wagtail_journeys.segments.models import Segment

        name = Segment.objects.filter(pk=params.get("segment") or 0).values_list("name", flat=True).first()
        name = name or (_t("a deleted list") if params.get("segment") else "…")
        return (_t("remove from “%s”") if params.get("change") == "remove" else _t("add to “%s”")) % name

    def decide(self, group: Group, params: Params, now: datetime.datetime) -> dict[int, Outcome]:
        effect = ChangeList(params["segment"], params["change"] == "add")
        return {position.journey: Advance(effects=(effect,)) for position in group.positions}

    def problems(self, params: Params) -> list[str]:
        from wagtail_journeys.segments.models import Segment

        segment = Segment.objects.filter(pk=params.get("segment") or 0).first()
        if segment is None:
            return [_t("Choose a list.")]
        if segment.kind != Segment.Kind.STATIC:
            return [_t("“%s” is a segment by rules: its members cannot be changed by hand.") % segment]
        return []

    def references(self, params: Params) -> dict[str, set[int]]:
        return {"segment": {params["segment"]}} if params.get("segment") else {}
