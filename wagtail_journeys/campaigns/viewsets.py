from __future__ import annotations

from typing import Any

from django.contrib.admin.utils import quote
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.tables import NumberColumn, UpdatedAtColumn
from wagtail.admin.widgets.button import Button, HeaderButton
from wagtail.snippets.views.snippets import CopyView, EditView, IndexView, SnippetViewSet

from wagtail_journeys.segments.viewsets import SentenceColumn, StatusColumn, status_in_words, with_schedule
from wagtail_journeys.streams import with_ids

from . import event_needs, panels
from .models import Campaign
from .preview import trigger_sentence
from .trying import TRY_URL_NAME, has_calls


def with_journeys(campaigns: QuerySet[Campaign]) -> QuerySet[Campaign]:
    """Campaigns with ``entered`` and ``active``: how many journeys began, and how many are under way."""
    # Journeys are told about campaigns, not the other way round: reached by the name of their relation.
    Journey: Any = Campaign._meta.get_field("journeys").related_model
    mine = Journey.objects.filter(campaign=OuterRef("pk")).order_by().values("campaign")
    return campaigns.annotate(
        entered=Coalesce(Subquery(mine.annotate(number=Count("pk")).values("number")), 0),
        active=Coalesce(
            Subquery(mine.annotate(number=Count("pk", filter=Q(state="active"))).values("number")), 0
        ),
    )


def state_in_words(campaign: Campaign) -> str:
    """Draft, live or what it is doing instead: a live campaign that is paused says so."""
    if campaign.live and campaign.state != Campaign.State.RUNNING:
        return str(campaign.get_state_display()).split(":")[0]
    return status_in_words(campaign)


def trigger_in_words(campaign: Campaign) -> SafeString:
    """What starts it; below that what its events will hardly do, where the view has found that out."""
    doubts = format_html_join(
        "", '<div class="wj-doubt">{}</div>', ((text,) for text in getattr(campaign, "doubts", ()))
    )
    return format_html("{}{}", trigger_sentence(campaign) or "…", doubts)


class CampaignIndexView(IndexView):
    stats_url_name = None

    def get_table(self, object_list: Any) -> Any:
        doubts = event_needs.doubts(timezone.now())  # noqa: TID251  a view: as it stands now
        for campaign in object_list:
            campaign.doubts = doubts.get(campaign.pk, [])
        return super().get_table(object_list)

    def get_list_more_buttons(self, instance: Campaign) -> list[Any]:
        buttons = super().get_list_more_buttons(instance)
        if self.stats_url_name:
            buttons.append(
                Button(
                    _t("Statistics"),
                    url=reverse(self.stats_url_name, args=[quote(instance.pk)]),
                    icon_name="view",
                    priority=15,
                    attrs={"aria-label": _t("Statistics of “%s”") % instance},
                )
            )
        return buttons


class CampaignEditView(EditView):
    stats_url_name = None

    @cached_property
    def header_buttons(self) -> list[Any]:
        buttons = [*super().header_buttons]
        if self.stats_url_name:
            url = reverse(self.stats_url_name, args=[quote(self.object.pk)])
            buttons.append(HeaderButton(_t("Statistics"), url=url, icon_name="view"))
        if has_calls(self.object):
            url = reverse(TRY_URL_NAME, args=[quote(self.object.pk)])
            buttons.append(HeaderButton(_t("Try HTTP calls"), url=url, icon_name="link-external"))
        return buttons


class CampaignCopyView(CopyView):
    """The copy is a campaign of its own: every step gets a new id, so that their numbers are never mixed."""

    def get_object(self, queryset: Any = None) -> Campaign:
        campaign = super().get_object(queryset)
        campaign.steps = with_ids(campaign.raw_steps, fresh=True)
        campaign.filters = with_ids(campaign.raw_filters, fresh=True)
        campaign.trigger = with_ids([campaign.raw_trigger] if campaign.raw_trigger else [], fresh=True)
        return campaign


class CampaignViewSet(SnippetViewSet):
    """``stats_view_class`` is set by whoever composes the admin: campaigns know nothing of reporting."""

    model = Campaign
    icon = "tasks"
    menu_label = _("Campaigns")
    menu_name = "campaigns"
    stats_view_class: Any = None
    index_view_class = CampaignIndexView
    edit_view_class = CampaignEditView
    copy_view_class = CampaignCopyView
    index_results_template_name = "wagtail_journeys/campaigns/index_results.html"
    list_display = [
        "name",
        SentenceColumn("trigger", accessor=trigger_in_words, label=_("Starts when a contact")),
        StatusColumn(accessor=state_in_words, primary=lambda campaign: campaign.admits),
        NumberColumn("entered", label=_("Entered"), sort_key="entered"),
        NumberColumn("active", label=_("Inside now"), sort_key="active"),
        UpdatedAtColumn(label=_("Updated")),
    ]
    list_filter = ["live", "state", "topic"]
    list_per_page = 50
    inspect_view_enabled = False

    def get_edit_handler(self) -> Any:
        return panels.edit_handler().bind_to_model(self.model)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Campaign]:
        return with_schedule(with_journeys(Campaign.objects.all()))

    def get_common_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        stats = self.get_url_name("stats") if self.stats_view_class else None
        return super().get_common_view_kwargs(**{"stats_url_name": stats, **kwargs})

    def get_urlpatterns(self) -> list[Any]:
        patterns = super().get_urlpatterns()
        if self.stats_view_class:
            view = self.construct_view(self.stats_view_class)
            patterns.append(path(f"stats/<{self.pk_path_converter}:pk>/", view, name="stats"))
        return patterns
