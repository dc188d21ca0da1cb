from __future__ import annotations

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import CharField, Count, Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Cast, Coalesce
from django.http import HttpRequest
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.tables import Column, NumberColumn, StatusTagColumn, UpdatedAtColumn
from wagtail.models import Revision
from wagtail.snippets.views.snippets import CopyView, SnippetViewSet

from wagtail_journeys.streams import with_ids

from . import drafts, panels
from .models import Membership, Segment


def with_members(segments: QuerySet[Segment]) -> QuerySet[Segment]:
    """Segments with ``members``: how many contacts belong now."""
    inside = Membership.objects.filter(segment=OuterRef("pk"), left_at__isnull=True).order_by()
    counted = inside.values("segment").annotate(number=Count("pk")).values("number")
    return segments.annotate(members=Coalesce(Subquery(counted), 0))


def with_schedule(things: QuerySet[Any]) -> QuerySet[Any]:
    """Snippets with ``is_scheduled``: whether a revision waits to go live. Wagtail asks that once per row."""
    waiting = Revision.objects.filter(
        content_type=ContentType.objects.get_for_model(things.model, for_concrete_model=False),
        object_id=Cast(OuterRef("pk"), CharField()),
        approved_go_live_at__isnull=False,
    )
    return things.annotate(is_scheduled=Exists(waiting))


def status_in_words(thing: Any) -> str:
    if thing.live:
        if thing.is_scheduled:
            return _t("live + scheduled")
        return _t("live + draft") if thing.has_unpublished_changes else _t("live")
    if thing.expired:
        return _t("expired")
    return _t("scheduled") if thing.is_scheduled else _t("draft")


class StatusColumn(StatusTagColumn):
    """Draft, live or scheduled, for listings made ``with_schedule``."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs = {"accessor": status_in_words, "primary": lambda thing: thing.live, **kwargs}
        super().__init__("status", label=_("Status"), sort_key="live", **kwargs)


def rules_in_words(segment: Segment) -> str:
    if segment.kind == Segment.Kind.STATIC:
        return ""
    return drafts.sentence(segment.match, segment.raw_rules)


class SentenceColumn(Column):
    """Words where other columns have a value; brings the styles that the listings need."""

    class Media:
        css = {"all": ["wagtail_journeys/editor.css"]}

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(name, classname="wj-sentence", **kwargs)


class SegmentCopyView(CopyView):
    """The copy's rules get ids of their own."""

    def get_object(self, queryset: Any = None) -> Segment:
        segment = super().get_object(queryset)
        segment.rules = with_ids(segment.raw_rules, fresh=True)
        return segment


class SegmentViewSet(SnippetViewSet):
    model = Segment
    icon = "group"
    menu_label = _("Segments")
    menu_name = "segments"
    copy_view_class = SegmentCopyView
    index_results_template_name = "wagtail_journeys/segments/index_results.html"
    list_display = [
        "name",
        NumberColumn("members", label=_("Members now"), sort_key="members"),
        "kind",
        SentenceColumn("sentence", accessor=rules_in_words, label=_("Rules")),
        StatusColumn(),
        UpdatedAtColumn(label=_("Updated")),
    ]
    list_filter = ["kind", "live"]
    list_per_page = 50
    inspect_view_enabled = False

    def get_edit_handler(self) -> Any:
        return panels.edit_handler().bind_to_model(self.model)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Segment]:
        return with_schedule(with_members(Segment.objects.all()))
