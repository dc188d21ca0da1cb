"""The page between a finished draft and going live. It works without JavaScript; everything on it is a link or a button."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.utils import quote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView
from wagtail import hooks
from wagtail.admin import messages
from wagtail.admin.views.generic.base import BaseObjectMixin, WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.admin.widgets.button import HeaderButton
from wagtail.models import Revision

from wagtail_journeys.campaigns import checks, topicless
from wagtail_journeys.campaigns.checks import Draft, Finding, Level
from wagtail_journeys.campaigns.models import Campaign

from . import enrolment, review

HEADINGS = {
    Level.ERROR: _("Mend these first"),
    Level.WARNING: _("Have a look at these"),
    Level.HINT: _("Good to know"),
}
PRESENT = "present"
#: What becomes of those inside: fields of the campaign, kept in the revision, with their choices.
CHOICES = {"inside_follow": Campaign.InsideFollow, "inside_removed": Campaign.InsideRemoved}


class CampaignReviewView(PermissionCheckedMixin, BaseObjectMixin, WagtailAdminTemplateMixin, TemplateView):
    """The newest draft as it would go live. Whoever may change campaigns may look; publishing needs its own permission."""

    model = Campaign
    any_permission_required = ["change", "publish"]
    template_name = "wagtail_journeys/campaigns/review.html"
    header_icon = "clipboard-list"
    index_url_name: str = ""
    edit_url_name: str = ""

    @cached_property
    def draft(self) -> Draft:
        now = timezone.now()  # noqa: TID251  a view: it would go live now
        return Draft.of(self.object, now)

    @cached_property
    def found(self) -> list[Finding]:
        return checks.findings(self.draft)

    @property
    def has_errors(self) -> bool:
        return any(finding.level == Level.ERROR for finding in self.found)

    @property
    def locked(self) -> bool:
        lock = self.object.get_lock()
        return bool(lock and lock.for_user(self.request.user))

    @property
    def topicless(self) -> str:
        """Why this person may not publish it as it ignores topics; "" where that is no question."""
        return topicless.refusal(self.draft, self.request.user)

    @property
    def scheduled(self) -> bool:
        """Whether publishing puts it on the schedule instead."""
        go_live_at = self.draft.campaign.go_live_at
        return bool(go_live_at and go_live_at > self.draft.now)

    def get_page_title(self) -> str:
        return _t("Review of “%s”") % self.draft.campaign

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse(self.index_url_name), "label": _("Campaigns")},
            {"url": self.edit_url, "label": str(self.draft.campaign)},
            {"url": "", "label": _("Review"), "sublabel": str(self.draft.campaign)},
        ]

    @cached_property
    def edit_url(self) -> str:
        return reverse(self.edit_url_name, args=[quote(self.object.pk)])

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        return [HeaderButton(_t("Edit"), url=self.edit_url, icon_name="edit")]

    def place_of(self, finding: Finding) -> str:
        """The address of the field or block in the editor; "" where it has none."""
        path = f"{finding.field}.{finding.block}" if finding.block else finding.field
        shown = "?check=1" if finding.level == Level.ERROR else ""
        return f"{self.edit_url}{shown}#:w:contentpath={path}" if path else ""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.user_has_permission("publish"):
            raise PermissionDenied
        revision = self.draft.revision
        said = self.in_the_way(revision)
        if said or revision is None:
            messages.error(request, said)
            return redirect(request.path)
        return self.publish(self.draft.campaign, self.with_choices(self.draft.campaign, revision))

    def in_the_way(self, revision: Revision | None) -> str:
        """Why it cannot be published at this moment; "" when it can."""
        if self.locked:
            return _t("The campaign is locked: it cannot be published at the moment.")
        if revision is None or str(revision.pk) != self.request.POST.get("revision"):
            return _t("The campaign was changed after you opened this page. Look at it once more.")
        if self.topicless:
            return self.topicless
        if self.has_errors:
            return _t("The campaign cannot go live like this. Mend what is listed first.")
        return ""

    def with_choices(self, campaign: Campaign, revision: Revision) -> Revision:
        """The revision that says what becomes of those inside: this one, or a new one where something else was chosen."""
        chosen = {
            name: self.request.POST[name]
            for name, choices in CHOICES.items()
            if self.request.POST.get(name) in choices.values
            and self.request.POST[name] != getattr(campaign, name)
        }
        for name, value in chosen.items():
            setattr(campaign, name, value)
        return campaign.save_revision(user=self.request.user, clean=False) if chosen else revision

    def publish(self, campaign: Campaign, revision: Revision) -> HttpResponse:
        for hook in hooks.get_hooks("before_publish"):
            response = hook(self.request, campaign)
            if isinstance(response, HttpResponse):
                return response
        revision.publish(user=self.request.user, skip_permission_checks=True)
        if not self.scheduled and self.request.POST.get(PRESENT) == "also":
            enrolment.enrol_present(campaign, self.draft.now, self.request.user)
        for hook in hooks.get_hooks("after_publish"):
            response = hook(self.request, campaign)
            if isinstance(response, HttpResponse):
                return response
        said = _t("“%s” will go live as scheduled.") if self.scheduled else _t("“%s” is published.")
        button = messages.button(self.edit_url, _t("Edit"))
        messages.success(self.request, said % campaign, buttons=[button])
        return redirect(self.index_url_name)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        campaign = self.draft.campaign
        levels = [
            (
                level,
                HEADINGS[level],
                [(finding, self.place_of(finding)) for finding in self.found if finding.level == level],
            )
            for level in Level
        ]
        begins = not self.object.live
        return {
            **super().get_context_data(**kwargs),
            **dict(review.parts(self.draft)),
            "campaign": campaign,
            "levels": [(level, heading, found) for level, heading, found in levels if found],
            "has_errors": self.has_errors,
            "may_publish": self.user_has_permission("publish") and not self.locked and not self.topicless,
            "topicless": self.topicless,
            "inside": None if self.has_errors else review.inside(self.draft),
            "choices": CHOICES,
            "locked": self.locked,
            "scheduled": self.scheduled,
            "is_published": self.object.live and not self.object.has_unpublished_changes,
            "revision": self.draft.revision,
            "edit_url": self.edit_url,
            "mend_url": f"{self.edit_url}?check=1",
            "present": enrolment.present(campaign) if begins and not self.scheduled else 0,
        }
