from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import django_filters
from django.contrib.admin.utils import quote
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail.admin import messages
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column, NumberColumn
from wagtail.admin.widgets.button import Button, HeaderButton
from wagtail.snippets.views.snippets import (
    CopyView,
    CreateView,
    EditView,
    IndexView,
    SnippetViewSet,
    WorkflowActionView,
)

from wagtail_journeys.exceptions import CannotGoLive
from wagtail_journeys.segments.viewsets import SentenceColumn, StatusColumn, status_in_words, with_schedule
from wagtail_journeys.streams import with_ids

from . import event_needs, listing, panels
from .models import Campaign
from .starting import StartView
from .states import Phase, Transition, in_phase, possible
from .trying import TRY_URL_NAME, has_calls


def state_in_words(campaign: Campaign) -> str:
    """Draft, live or what it is doing instead: a live campaign that is paused says so."""
    if campaign.phase in (Phase.DRAFT, Phase.LIVE):
        return status_in_words(campaign)
    return str(campaign.phase.label)


class StateFilterSet(WagtailFilterSet):
    """Without a choice the archive is left out; ``for_listing`` sees to that."""

    phase = django_filters.ChoiceFilter(
        label=_("State"),
        choices=Phase.choices,
        method="filter_phase",
        empty_label=_("All but the archive"),
    )

    class Meta:
        model = Campaign
        fields = ["topic"]

    def filter_phase(self, queryset: QuerySet[Campaign], name: str, value: str) -> QuerySet[Campaign]:
        return queryset.filter(in_phase(value))

    def filter_queryset(self, queryset: QuerySet[Campaign]) -> QuerySet[Campaign]:
        queryset = super().filter_queryset(queryset)
        return queryset if self.form.cleaned_data.get("phase") else queryset.filter(archived_at__isnull=True)


class TransitionButtons:
    """What may be done with a campaign, for whoever may publish: for the views of the viewset, which know the URLs."""

    transition_url_names: dict[str, str] = {}
    request: HttpRequest
    permission_policy: Any

    def transition_buttons(self, campaign: Campaign, inside: int, back: str) -> list[Button]:
        if not self.transition_url_names:
            return []
        if not self.permission_policy.user_has_permission_for_instance(
            self.request.user, "publish", campaign
        ):
            return []
        return [
            Button(
                transition.label,
                url=f"{reverse(self.transition_url_names[transition], args=[quote(campaign.pk)])}?{urlencode({'next': back})}",
                icon_name=ICONS[transition],
                priority=40 + number,
                attrs={"aria-label": f"{transition.label}: {campaign}"},
            )
            for number, transition in enumerate(possible(campaign.phase, inside))
        ]


ICONS: dict[str, str] = {
    Transition.PAUSE: "wj-pause",
    Transition.RESUME: "wj-play",
    Transition.STOP: "wj-stop",
    Transition.END: "cross",
    Transition.ARCHIVE: "folder",
    Transition.RESTORE: "undo",
}


class CampaignIndexView(TransitionButtons, IndexView):
    stats_url_name = None
    start_url_name: str | None = None

    def get_add_url(self) -> str | None:
        """A new campaign begins with the choice of what to start from."""
        return reverse(self.start_url_name) if self.start_url_name and super().get_add_url() else None

    def get_table(self, object_list: Any) -> Any:
        now = timezone.now()  # noqa: TID251  a view: as it stands now
        doubts = event_needs.doubts(now)
        shown = list(object_list)
        for campaign in shown:
            campaign.doubts = doubts.get(campaign.pk, [])
        listing.dress(shown, now, self.switch)
        return super().get_table(shown)

    def switch(self, campaign: Campaign) -> SafeString:
        def may(action: str) -> bool:
            policy: Any = self.permission_policy
            return bool(policy.user_has_permission_for_instance(self.request.user, action, campaign))

        names = self.transition_url_names if may("publish") else {}
        edit = self.edit_url_name if may("change") else ""
        back = urlencode({"next": self.request.get_full_path()})
        return listing.switch(campaign, names, edit or "", back)

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
        return buttons + self.transition_buttons(instance, instance.active, self.request.get_full_path())


class ReviewedMixin:
    """For the views that hold the form: Publish saves the draft, whatever is missing in it, and goes on to its review."""

    review_url_name: str | None = None
    object: Campaign
    action: str
    saving_as_draft: bool

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)  # type: ignore[misc]
        if self.review_url_name and request.method == "POST" and self.action == "publish":
            self.saving_as_draft = True

    def publish_action(self) -> HttpResponse | None:
        if self.review_url_name:
            return redirect(self.review_url_name, quote(self.object.pk))
        return super().publish_action()  # type: ignore[misc]


class CampaignCreateView(ReviewedMixin, CreateView):
    pass


class CampaignEditView(ReviewedMixin, TransitionButtons, EditView):
    stats_url_name = None

    def get_form(self, *args: Any, **kwargs: Any) -> Any:
        """Whoever comes from the review sees what is wrong at its place, before anything is sent."""
        form = super().get_form(*args, **kwargs)
        if self.request.method == "GET" and "check" in self.request.GET:
            form.show_problems(timezone.now())  # noqa: TID251  a view: as it stands now
        return form

    @cached_property
    def header_buttons(self) -> list[Any]:
        buttons = [*super().header_buttons]
        if self.review_url_name:
            url = reverse(self.review_url_name, args=[quote(self.object.pk)])
            buttons.append(HeaderButton(_t("Review"), url=url, icon_name="clipboard-list"))
        if self.stats_url_name:
            url = reverse(self.stats_url_name, args=[quote(self.object.pk)])
            buttons.append(HeaderButton(_t("Statistics"), url=url, icon_name="view"))
        if has_calls(self.object):
            url = reverse(TRY_URL_NAME, args=[quote(self.object.pk)])
            buttons.append(HeaderButton(_t("Try HTTP calls"), url=url, icon_name="link-external"))
        return buttons

    @cached_property
    def header_more_buttons(self) -> list[Any]:
        # The object is the draft; its life is that of the row.
        row = listing.with_journeys(Campaign.objects.filter(pk=self.object.pk)).get()
        return [*super().header_more_buttons, *self.transition_buttons(row, row.active, self.request.path)]


class CampaignCopyView(CopyView):
    """The copy is a campaign of its own: every step gets a new id, so that their numbers are never mixed."""

    def get_object(self, queryset: Any = None) -> Campaign:
        campaign = super().get_object(queryset)
        campaign.steps = with_ids(campaign.raw_steps, fresh=True)
        campaign.filters = with_ids(campaign.raw_filters, fresh=True)
        campaign.trigger = with_ids([campaign.raw_trigger] if campaign.raw_trigger else [], fresh=True)
        campaign.goal = with_ids([campaign.raw_goal] if campaign.raw_goal else [], fresh=True)
        campaign.exits = with_ids(campaign.raw_exits, fresh=True)
        return campaign


class CampaignWorkflowActionView(WorkflowActionView):
    """Approving the last task publishes. What cannot go live, or not by this person, is not approved, and says why."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            with transaction.atomic():
                return super().post(request, *args, **kwargs)
        except CannotGoLive as error:
            messages.error(request, str(error))
        if request.headers.get("x-requested-with") == "XMLHttpRequest":
            return self.render_modal_json(request, {"step": "success", "redirect": self.redirect_url})
        return redirect(self.redirect_url)


class CampaignViewSet(SnippetViewSet):
    """``stats_view_class``, ``review_view_class`` and ``transition_views`` (by the name of their URL: "pause", "resume" …)
    are set by whoever composes the admin: campaigns know nothing of reporting and of journeys.
    """

    model = Campaign
    icon = "tasks"
    menu_label = _("Campaigns")
    menu_name = "campaigns"
    stats_view_class: Any = None
    transition_views: dict[str, Any] = {}
    review_view_class: Any = None
    index_view_class = CampaignIndexView
    add_view_class = CampaignCreateView
    edit_view_class = CampaignEditView
    copy_view_class = CampaignCopyView
    workflow_action_view_class = CampaignWorkflowActionView
    index_results_template_name = "wagtail_journeys/campaigns/index_results.html"
    list_display = [
        "name",
        Column("switch", label=_("On"), accessor=lambda campaign: getattr(campaign, "switch", "")),
        SentenceColumn("trigger", accessor=listing.trigger_in_words, label=_("Starts when a contact")),
        StatusColumn(accessor=state_in_words, primary=lambda campaign: campaign.admits),
        NumberColumn("entered", label=_("Entered"), sort_key="entered"),
        NumberColumn("active", label=_("Inside now"), sort_key="active"),
        Column("rate", label=_("Converted"), accessor=listing.rate_in_words, sort_key="rate"),
        Column("days", label=_("Last 30 days"), accessor=lambda campaign: getattr(campaign, "trend", "")),
    ]
    filterset_class = StateFilterSet
    list_per_page = 50
    inspect_view_enabled = False

    def get_edit_handler(self) -> Any:
        return panels.edit_handler().bind_to_model(self.model)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Campaign]:
        return with_schedule(listing.with_journeys(Campaign.objects.all()))

    def get_common_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        stats = self.get_url_name("stats") if self.stats_view_class else None
        review = self.get_url_name("review") if self.review_view_class else None
        transitions = {name: self.get_url_name(name) for name in self.transition_views}
        return super().get_common_view_kwargs(
            **{
                "stats_url_name": stats,
                "review_url_name": review,
                "transition_url_names": transitions,
                "start_url_name": self.get_url_name("start"),
                **kwargs,
            }
        )

    def get_urlpatterns(self) -> list[Any]:
        patterns = super().get_urlpatterns()
        patterns.append(path("start/", self.construct_view(StartView), name="start"))
        if self.stats_view_class:
            view = self.construct_view(self.stats_view_class)
            patterns.append(path(f"stats/<{self.pk_path_converter}:pk>/", view, name="stats"))
        for name, view_class in self.transition_views.items():
            view = self.construct_view(view_class)
            patterns.append(path(f"{name}/<{self.pk_path_converter}:pk>/", view, name=name))
        if self.review_view_class:
            view = self.construct_view(self.review_view_class)
            patterns.append(path(f"review/<{self.pk_path_converter}:pk>/", view, name="review"))
        return patterns
