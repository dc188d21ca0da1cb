"""Adding contacts to a campaign in the admin: choose whom, see what would happen, confirm, and follow how it goes on.

A view is where the clock is read.
"""

from __future__ import annotations

import datetime
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.generic import TemplateView
from wagtail.admin import messages
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.admin.widgets.button import Button, HeaderButton
from wagtail.log_actions import LogFormatter, log
from wagtail.permissions import policy_registry

from wagtail_journeys.campaigns import versions
from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.campaigns.preview import describe_trigger
from wagtail_journeys.campaigns.versions import LiveCampaign
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.contacts.permissions import may_see_contacts
from wagtail_journeys.contacts.views import contact_url
from wagtail_journeys.exceptions import EnrolRefused
from wagtail_journeys.journeys import enrolment
from wagtail_journeys.journeys.models import EnrolRequest
from wagtail_journeys.segments import lists, sizes
from wagtail_journeys.segments.models import Segment

PERMISSION = "wagtail_journeys.enrol_campaign"
ENROL_URL_NAME, CHOOSE_URL_NAME, REQUEST_URL_NAME = (
    "journeys_enrol",
    "journeys_enrol_choose",
    "journeys_enrolment",
)
ASKED, CANCELLED = "wagtail_journeys.enrol", "wagtail_journeys.enrol_cancelled"

Source = EnrolRequest.Source


def may_enrol(user: Any) -> bool:
    return bool(user.has_perm(PERMISSION))


def may_see_segments(user: Any) -> bool:
    rights = ["add", "change", "delete", "view", "publish"]
    return bool(policy_registry.get_by_type(Segment).user_has_any_permission(user, rights))


def enrol_button(campaign: Campaign, user: Any) -> list[Any]:
    """The way to adding contacts, for whoever may do it with this campaign now."""
    if not (may_enrol(user) and campaign.admits):
        return []
    return [
        Button(
            _t("Add contacts"),
            url=reverse(ENROL_URL_NAME, args=[campaign.pk]),
            icon_name="plus",
            priority=30,
        )
    ]


def choose_button(user: Any, label: str, **query: int) -> list[Any]:
    """The way from a contact or a segment to the campaigns that it can be added to."""
    if not may_enrol(user):
        return []
    url = f"{reverse(CHOOSE_URL_NAME)}?{urlencode(query)}"
    return [HeaderButton(label, url=url, icon_name="plus")]


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else 0


class EnrolBase(WagtailAdminTemplateMixin, TemplateView):
    header_icon = "plus"
    kwargs: dict[str, Any]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not may_enrol(request.user):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def now(self) -> datetime.datetime:
        return timezone.now()  # noqa: TID251 a view: somebody adds contacts now

    @cached_property
    def given(self) -> Any:
        return self.request.POST if self.request.method == "POST" else self.request.GET

    @cached_property
    def contact(self) -> Contact | None:
        pk = _number(self.given.get("contact"))
        if not pk:
            return None
        if not may_see_contacts(self.request.user):
            raise PermissionDenied
        return get_object_or_404(Contact, pk=pk)

    @cached_property
    def segment(self) -> Segment | None:
        pk = _number(self.given.get("segment"))
        if not pk:
            return None
        if not may_see_segments(self.request.user):
            raise PermissionDenied
        return get_object_or_404(Segment, pk=pk)

    def campaign_crumbs(self, campaign: Campaign) -> list[dict[str, Any]]:
        viewset: Any = Campaign.snippet_viewset
        return [
            {"url": reverse(viewset.get_url_name("list")), "label": _("Campaigns")},
            {"url": reverse(viewset.get_url_name("edit"), args=[campaign.pk]), "label": str(campaign)},
        ]


class ChooseView(EnrolBase):
    """The campaigns that a contact, or the members of a segment, can be added to."""

    template_name = "wagtail_journeys/journeys/enrol_choose.html"

    def get_page_title(self) -> str:
        return _t("Add “%s” to a campaign") % (self.contact or self.segment)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        if self.contact is not None:
            above = [
                {"url": reverse("journeys_contacts:index"), "label": _("Contacts")},
                {"url": contact_url(self.contact.pk), "label": str(self.contact)},
            ]
        elif self.segment is not None:
            viewset: Any = Segment.snippet_viewset
            url = reverse(viewset.get_url_name("inspect"), args=[self.segment.pk])
            above = [
                {"url": reverse(viewset.get_url_name("list")), "label": _("Segments")},
                {"url": url, "label": str(self.segment)},
            ]
        else:
            raise Http404
        return [*self.breadcrumbs_items, *above, {"url": "", "label": _("Add to a campaign")}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        query = urlencode({"contact": self.contact.pk} if self.contact else {"segment": self.segment.pk})  # type: ignore[union-attr]
        ways = [
            {
                "campaign": campaign,
                "sentence": describe_trigger({"type": campaign.trigger, "value": campaign.params}),
                "url": f"{reverse(ENROL_URL_NAME, args=[campaign.id])}?{query}",
                "takes": enrolment.takes(campaign),
            }
            for campaign in sorted(versions.admitting(), key=lambda one: one.name.lower())
        ]
        return {
            **super().get_context_data(**kwargs),
            "takers": [way for way in ways if way["takes"]],
            "others": [way for way in ways if not way["takes"]],
        }


class EnrolView(EnrolBase):
    """Whom to add, what would happen, and doing it. Only the confirmation changes anything."""

    template_name = "wagtail_journeys/journeys/enrol.html"

    @cached_property
    def campaign(self) -> Campaign:
        return get_object_or_404(Campaign, pk=self.kwargs["pk"])

    @cached_property
    def running(self) -> LiveCampaign | None:
        found = enrolment.find(self.campaign.pk)
        return found if found and found.admits else None

    def get_page_title(self) -> str:
        return _t("Add contacts to “%s”") % self.campaign

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        here = {"url": "", "label": _("Add contacts"), "sublabel": str(self.campaign)}
        return [*self.breadcrumbs_items, *self.campaign_crumbs(self.campaign), here]

    @cached_property
    def pasted(self) -> lists.Pasted:
        addresses = self.given.get("addresses", "")
        if addresses and not may_see_contacts(self.request.user):
            raise PermissionDenied
        return lists.read_addresses(addresses)

    @cached_property
    def draft(self) -> EnrolRequest | None:
        """What is asked for, not saved; None where nobody is named yet."""
        asked: dict[str, Any] = {"user": self.request.user}
        if self.contact is not None:
            source, asked["contacts"] = Source.CONTACT, [self.contact.pk]
        elif self.segment is not None:
            source, asked["segment"] = Source.SEGMENT, self.segment
        elif self.given.get("addresses", "").strip():
            source, asked["contacts"] = Source.PASTED, self.pasted.contacts
        else:
            return None
        return enrolment.draft(self.campaign, source, self.now, **asked)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user, running, draft = self.request.user, self.running, self.draft
        takes = running is not None and enrolment.takes(running)
        segments: list[Segment] = []
        if draft is None and may_see_segments(user):
            segments = list(sizes.with_members(Segment.objects.filter(live=True)).order_by("name"))
        viewset: Any = Campaign.snippet_viewset
        return {
            **super().get_context_data(**kwargs),
            "campaign": self.campaign,
            "running": running,
            "takes": takes,
            "sentence": describe_trigger({"type": running.trigger, "value": running.params})
            if running
            else "",
            "draft": draft,
            "forecast": enrolment.forecast(draft, self.now) if draft is not None and running else None,
            "contact": self.contact,
            "segment": self.segment,
            "addresses": self.given.get("addresses", ""),
            "pasted": self.pasted,
            "segments": segments,
            "may_see_contacts": may_see_contacts(user),
            "nobody": self.request.method == "POST" and draft is None,
            "earlier": EnrolRequest.objects.filter(campaign=self.campaign).select_related("user")[:20],
            "here": reverse(ENROL_URL_NAME, args=[self.campaign.pk]),
            "cancel": reverse(viewset.get_url_name("edit"), args=[self.campaign.pk]),
            "back": f"{reverse(CHOOSE_URL_NAME)}?{urlencode({'contact': self.contact.pk})}"
            if self.contact
            else "",
        }

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        draft = self.draft
        if draft is None or "confirm" not in request.POST:
            return self.render_to_response(self.get_context_data())
        try:
            asked = enrolment.ask(draft, skip_trigger="skip_trigger" in request.POST)
        except EnrolRefused as why:
            messages.error(request, str(why))
            return self.render_to_response(self.get_context_data())
        data = {"count": asked.total, "source": asked.source, "segment": str(asked.segment or "")}
        log(self.campaign, ASKED, user=request.user, data=data)
        return redirect(REQUEST_URL_NAME, asked.pk)


class RequestView(EnrolBase):
    """How far it has come, who was refused and why; POST cancels it."""

    template_name = "wagtail_journeys/journeys/enrolment.html"

    @cached_property
    def asked(self) -> EnrolRequest:
        rows = EnrolRequest.objects.select_related("campaign", "user", "segment")
        return get_object_or_404(rows, pk=self.kwargs["pk"])

    def get_page_title(self) -> str:
        return _t("Adding contacts to “%s”") % self.asked.campaign

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        url = reverse(ENROL_URL_NAME, args=[self.asked.campaign_id])
        return [
            *self.breadcrumbs_items,
            *self.campaign_crumbs(self.asked.campaign),
            {"url": url, "label": _("Add contacts")},
            {"url": "", "label": _("Adding contacts"), "sublabel": str(self.asked.campaign)},
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.asked
        return {
            **super().get_context_data(**kwargs),
            "asked": asked,
            "waiting": asked.state == EnrolRequest.State.WAITING,
            "paused": not asked.campaign.admits,
            "reasons": enrolment.in_words(asked.refused),
            "again": reverse(ENROL_URL_NAME, args=[asked.campaign_id]),
        }

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        asked = self.asked
        if enrolment.cancel(asked, self.now):
            asked.refresh_from_db()
            log(asked.campaign, CANCELLED, user=request.user, data={"count": asked.entered})
            messages.success(request, _t("Nobody else is added. Who has entered stays."))
        else:
            messages.error(request, _t("It was over already."))
        return redirect(REQUEST_URL_NAME, asked.pk)


def register_log_actions(actions: Any) -> None:
    @actions.register_action(ASKED)
    class Asked(LogFormatter):
        label = _("Add contacts")

        def format_message(self, entry: Any) -> str:
            number = entry.data.get("count", 0)
            words = {"number": number, "segment": entry.data.get("segment") or ""}
            if words["segment"]:
                said = ngettext(
                    "%(number)d contact of the segment “%(segment)s” was added",
                    "%(number)d contacts of the segment “%(segment)s” were added",
                    number,
                )
            else:
                said = ngettext("%(number)d contact was added", "%(number)d contacts were added", number)
            return said % words

    actions.register_action(CANCELLED, _("Stop adding contacts"), _("Adding contacts was cancelled"))


urlpatterns = [
    path("enrol/", ChooseView.as_view(), name=CHOOSE_URL_NAME),
    path("campaigns/<int:pk>/enrol/", EnrolView.as_view(), name=ENROL_URL_NAME),
    path("enrolments/<int:pk>/", RequestView.as_view(), name=REQUEST_URL_NAME),
]
