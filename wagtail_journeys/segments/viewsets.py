from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import django_filters
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db.models import CharField, Exists, OuterRef, QuerySet
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column, NumberColumn, StatusTagColumn, UpdatedAtColumn
from wagtail.models import Revision
from wagtail.snippets.views.snippets import CopyView, IndexView, SnippetViewSet

from wagtail_journeys.streams import with_ids

from . import charts, drafts, panels, sizes, usage, views
from .models import Segment

TREND_DAYS = 30
SENTENCE_AGE = 60  # seconds


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
    said = getattr(segment, "said", None)
    if said is not None:
        return str(said)
    return "" if segment.kind == Segment.Kind.STATIC else drafts.sentence(segment.match, segment.raw_rules)


def sentences(segments: Sequence[Segment]) -> dict[int, str]:
    """The rules of each segment in words. Sentences look titles up, so they are kept for a minute."""
    keys = {}
    for segment in segments:
        rules = [get_language(), segment.match, segment.kind, segment.raw_rules]
        stored = json.dumps(rules, default=str).encode()
        keys[segment.pk] = f"wj-sentence-{hashlib.blake2b(stored, digest_size=16).hexdigest()}"
    known = cache.get_many(set(keys.values()))
    new = {}
    for segment in segments:
        key = keys[segment.pk]
        if key not in known:
            new[key] = known[key] = rules_in_words(segment)
    if new:
        cache.set_many(new, SENTENCE_AGE)
    return {pk: known[key] for pk, key in keys.items()}


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


class SegmentFilterSet(WagtailFilterSet):
    used = django_filters.ChoiceFilter(
        label=_("Used"),
        choices=[("yes", _("by a segment or a campaign")), ("no", _("by nothing"))],
        method="filter_used",
        empty_label=_("All"),
    )

    class Meta:
        model = Segment
        fields = ["kind", "live"]

    def filter_used(self, queryset: QuerySet[Segment], name: str, value: str) -> QuerySet[Segment]:
        users = usage.used_by(list(Segment.objects.values_list("pk", flat=True)))
        used = [pk for pk, found in users.items() if found]
        return queryset.filter(pk__in=used) if value == "yes" else queryset.exclude(pk__in=used)


def trend(segment: Segment) -> SafeString:
    return charts.sparkline(getattr(segment, "trend", []))


def users(segment: Segment) -> SafeString | str:
    found = getattr(segment, "users", [])
    return format_html_join(", ", "{}", [(str(user),) for user in found]) if found else "—"


class SegmentIndexView(IndexView):
    """The rows of one page get their trend and who uses them, with a constant number of statements."""

    def get_table(self, object_list: Any) -> Any:
        shown = list(object_list)
        ids = [segment.pk for segment in shown]
        today = sizes.day_of(timezone.now())  # noqa: TID251 a view
        trends, used, said = (
            sizes.newest_by_segment(ids, today, TREND_DAYS),
            usage.used_by(ids),
            sentences(shown),
        )
        for segment in shown:
            segment.trend, segment.users, segment.said = (
                trends[segment.pk],
                used[segment.pk],
                said[segment.pk],
            )
        return super().get_table(shown)


class SegmentViewSet(SnippetViewSet):
    model = Segment
    icon = "group"
    menu_label = _("Segments")
    menu_name = "segments"
    index_view_class = SegmentIndexView
    copy_view_class = SegmentCopyView
    inspect_view_enabled = True
    inspect_view_class = views.SegmentView
    list_change_view_class = views.ListChangeView
    list_undo_view_class = views.ListUndoView
    index_results_template_name = "wagtail_journeys/segments/index_results.html"
    inspect_template_name = "wagtail_journeys/segments/segment.html"
    list_display = [
        "name",
        NumberColumn("members", label=_("Members now"), sort_key="members"),
        Column("trend", label=_("30 days"), accessor=trend),
        "kind",
        SentenceColumn("sentence", accessor=rules_in_words, label=_("Rules")),
        SentenceColumn("users", accessor=users, label=_("Used by")),
        StatusColumn(),
        UpdatedAtColumn(label=_("Updated")),
    ]
    filterset_class = SegmentFilterSet
    list_per_page = 50

    def get_edit_handler(self) -> Any:
        return panels.edit_handler().bind_to_model(self.model)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Segment]:
        return with_schedule(sizes.with_members(Segment.objects.all()))

    def get_inspect_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_inspect_view_kwargs(
            list_change_url_name=self.get_url_name("list_change"),
            list_undo_url_name=self.get_url_name("list_undo"),
            **kwargs,
        )

    def get_urlpatterns(self) -> list[Any]:
        names = {
            "permission_policy": self.permission_policy,
            "index_url_name": self.get_url_name("list"),
            "inspect_url_name": self.get_url_name("inspect"),
        }
        change = self.list_change_view_class.as_view(**names)
        undo = self.list_undo_view_class.as_view(**names)
        return [
            *super().get_urlpatterns(),
            path("contacts/<int:pk>/<slug:mode>/", change, name="list_change"),
            path("undo/<int:pk>/<int:entry>/", undo, name="list_undo"),
        ]
