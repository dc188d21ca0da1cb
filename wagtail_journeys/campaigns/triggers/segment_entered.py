"""A contact enters a segment."""

from __future__ import annotations

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.snippets.blocks import SnippetChooserBlock

from . import registry
from .base import Params, Trigger


class SegmentTrigger(Trigger):
    """What triggers have in common that listen to one segment."""

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [("segment", SnippetChooserBlock("wagtail_journeys.Segment", label=_("Segment")))]

    def name(self, params: Params) -> str:
        from wagtail_journeys.segments.models import Segment

        if not params.get("segment"):
            return "…"
        name = Segment.objects.filter(pk=params["segment"]).values_list("name", flat=True).first()
        return name or _t("a deleted segment")

    def named(self, params: Params) -> frozenset[int]:
        return frozenset({params["segment"]} if params.get("segment") else ())

    def problems(self, params: Params) -> list[str]:
        from wagtail_journeys.segments.models import Segment

        if not Segment.objects.filter(pk=params.get("segment") or 0, live=True).exists():
            return [_t("The trigger's segment is not live. Publish it first.")]
        return []

    def references(self, params: Params) -> dict[str, set[int]]:
        return {"segment": set(self.named(params))}


@registry.register
class SegmentEntered(SegmentTrigger):
    key = "segment_entered"
    label = _("A contact enters a segment")
    icon = "group"

    def describe(self, params: Params) -> str:
        return _t("enters segment “%s”") % self.name(params)

    def segments(self, params: Params) -> frozenset[int]:
        return self.named(params)
