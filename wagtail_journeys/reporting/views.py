"""The contact page, the statistics of a campaign, and the lists behind its numbers. A view is where the clock is read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.utils import quote
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView
from wagtail.admin.ui.tables import Column, TitleColumn
from wagtail.admin.views.generic.base import BaseListingView, BaseObjectMixin, WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.admin.widgets.button import HeaderButton

from wagtail_journeys.calls.models import Call
from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.contacts.views import contact_url
from wagtail_journeys.emails.models import Message
from wagtail_journeys.journeys import enrol_views
from wagtail_journeys.reporting import health_views, statistics
from wagtail_journeys.reporting.campaigns import Counted
from wagtail_journeys.reporting.contact import contacts, summary
from wagtail_journeys.reporting.journey_views import inside_url, may_read
from wagtail_journeys.reporting.merging import MERGE_PERMISSION, MERGE_URL_NAME
from wagtail_journeys.reporting.permissions import ANY, may_see
from wagtail_journeys.reporting.stories import journey_url
from wagtail_journeys.reporting.timeline import KINDS, Position, timeline

COUNTED_URL_NAME = "journeys_counted"


class ContactView(PermissionCheckedMixin, BaseObjectMixin, WagtailAdminTemplateMixin, TemplateView):
    """Everything about one contact: what is true now, and the timeline of how it came to be."""

    model = Contact
    any_permission_required = ANY
    template_name = "wagtail_journeys/reporting/contact.html"
    header_icon = "user"
    index_url_name = None
    edit_url_name = None

    def get_base_object_queryset(self) -> QuerySet[Contact]:
        return contacts()

    def get_page_title(self) -> str:
        return self.object.name or str(self.object)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse(self.index_url_name), "label": _("Contacts")},
            {"url": "", "label": self.get_page_title()},
        ]

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        buttons = []
        if self.edit_url_name and self.user_has_permission("change"):
            url = reverse(self.edit_url_name, args=[quote(self.object.pk)])
            buttons.append(HeaderButton(_t("Edit"), url=url, icon_name="edit"))
        label = _t("Add to a campaign")
        buttons += enrol_views.choose_button(self.request.user, label, contact=self.object.pk)
        if self.request.user.has_perm(MERGE_PERMISSION):
            url = reverse(MERGE_URL_NAME, args=[self.object.pk])
            buttons.append(HeaderButton(_t("Merge"), url=url, icon_name="user"))
        return buttons

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kind = self.request.GET.get("kind", "")
        kind = kind if kind in KINDS else ""
        cursor = Position.unpack(self.request.GET.get("before", ""))
        now = timezone.now()  # noqa: TID251 a view: what is due is told from the moment of looking
        return {
            **super().get_context_data(**kwargs),
            "now": now,
            "summary": summary(self.object, now),
            "page": timeline(self.object.pk, kinds=[kind] if kind else (), cursor=cursor),
            "kinds": KINDS,
            "kind": kind,
            "cursor": cursor,
            "may_see_messages": may_see(self.request, Message),
            "may_see_calls": may_see(self.request, Call),
            "may_see_journeys": may_read(self.request),
        }


class CampaignStatsView(PermissionCheckedMixin, BaseObjectMixin, WagtailAdminTemplateMixin, TemplateView):
    """How many contacts went where in a campaign; every number leads to the contacts it counts."""

    model = Campaign
    any_permission_required = [*ANY, "publish"]
    template_name = "wagtail_journeys/reporting/campaign_stats.html"
    header_icon = "view"
    index_url_name = None
    edit_url_name = None

    def get_page_title(self) -> str:
        return _t("Statistics")

    def get_page_subtitle(self) -> str:
        return str(self.object)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        here = {"url": "", "label": _("Statistics"), "sublabel": str(self.object)}
        return [*self.breadcrumbs_items, *campaign_crumbs(self), here]

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        buttons = []
        if may_read(self.request):
            url = inside_url(self.object.pk)
            buttons.append(HeaderButton(_t("Who is where"), url=url, icon_name="group"))
        if self.edit_url_name and self.user_has_permission("change"):
            url = reverse(self.edit_url_name, args=[quote(self.object.pk)])
            buttons.append(HeaderButton(_t("Edit campaign"), url=url, icon_name="edit"))
        return buttons

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        version = version_of(self.request)
        link = None
        if may_see(self.request, Contact):
            base = reverse(COUNTED_URL_NAME, args=[self.object.pk])

            def link(counted: Counted) -> str:
                return f"{base}?{urlencode(query_of(counted, version))}"

        report = statistics.report(self.object, version, link)
        if report is None:
            raise Http404("No such version of the campaign.")
        return {
            **super().get_context_data(**kwargs),
            "campaign": self.object,
            "report": report,
            "health": health_views.of_page(self.request),
        }


class CountedView(PermissionCheckedMixin, BaseListingView):
    """The contacts behind one number of a campaign (semantics Q3): as many rows as the number says."""

    any_permission_required = [*ANY, "publish"]
    model = Campaign
    header_icon = "group"
    paginate_by = 50
    results_template_name = "wagtail_journeys/reporting/counted_results.html"
    verbose_name_plural = _("contacts")
    index_url_name = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        self.campaign = get_object_or_404(Campaign, pk=kwargs["pk"])
        return super().dispatch(request, *args, **kwargs)

    def user_has_any_permission(self, permissions: Iterable[str]) -> bool:
        return super().user_has_any_permission(permissions) and may_see(self.request, Contact)

    @cached_property
    def counted(self) -> Counted:
        given = self.request.GET
        return Counted(
            given.get("of", "entered"),
            given.get("step", ""),
            given.get("arm", ""),
            given.get("reason"),
            given.get("variant", ""),
        )

    def get_index_url(self) -> str:
        return reverse(COUNTED_URL_NAME, args=[self.campaign.pk])

    def get_base_queryset(self) -> QuerySet[Any]:
        try:
            rows = self.counted.rows(self.campaign, version_of(self.request))
        except KeyError:
            raise Http404("No such number.") from None
        return rows.select_related(*statistics.CONTACT_OF[rows.model]).order_by("-pk")

    @cached_property
    def columns(self) -> list[Column]:
        return [
            TitleColumn(
                "contact",
                label=_("Contact"),
                accessor=statistics.contact_of,
                get_url=lambda row: contact_url(statistics.contact_of(row).pk),
            ),
            Column("name", label=_("Name"), accessor=lambda row: statistics.contact_of(row).name),
            Column("since", label=_("Since"), accessor=statistics.since_of),
            Column("state", label=_("State"), accessor=statistics.state_of),
            Column("why", label=_("Why"), accessor=statistics.why_of),
            TitleColumn(
                "journey",
                label=_("Journey"),
                accessor=lambda row: _("Why is this contact here?"),
                get_url=lambda row: journey_url(statistics.journey_of(row)),
            ),
        ]

    def get_page_title(self) -> str:
        return statistics.title(self.campaign, self.counted, version_of(self.request))

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": statistics.campaign_url("list"), "label": _("Campaigns")},
            {"url": statistics.campaign_url("stats", self.campaign.pk), "label": _("Statistics")},
            {"url": "", "label": self.get_page_title(), "sublabel": str(self.campaign)},
        ]


def campaign_crumbs(view: Any) -> list[dict[str, Any]]:
    """Campaigns › this campaign, with links for those who may follow them."""
    edit_url = ""
    if view.edit_url_name and view.user_has_permission("change"):
        edit_url = reverse(view.edit_url_name, args=[quote(view.object.pk)])
    crumbs: list[dict[str, Any]] = [{"url": edit_url, "label": str(view.object)}]
    if view.index_url_name:
        crumbs.insert(0, {"url": reverse(view.index_url_name), "label": _("Campaigns")})
    return crumbs


def version_of(request: HttpRequest) -> int | None:
    """The number of the version asked for; None for all of them together."""
    given = request.GET.get("version", "")
    return int(given) if given.isdecimal() and len(given) < 10 and int(given) else None


def query_of(counted: Counted, version: int | None) -> dict[str, Any]:
    query: dict[str, Any] = {"of": counted.what}
    for name in ("step", "arm", "variant"):
        if getattr(counted, name):
            query[name] = getattr(counted, name)
    if counted.reason is not None:
        query["reason"] = counted.reason
    if version:
        query["version"] = version
    return query
