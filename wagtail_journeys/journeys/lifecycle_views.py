"""Pages that say with numbers what pausing, ending … a campaign does, and do it when asked; and how the log tells of it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.generic import TemplateView
from wagtail.admin.utils import get_valid_next_url_from_request
from wagtail.admin.views.generic.base import BaseObjectMixin, WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.log_actions import LogFormatter

from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.campaigns.states import Phase, Transition
from wagtail_journeys.exceptions import NotPossible

from . import lifecycle
from .lifecycle import Done, Numbers

#: The question, what it means, and the button; by transition.
WORDS: dict[str, tuple[Any, Any, Any]] = {
    Transition.PAUSE: (
        _("Pause this campaign?"),
        _(
            "Nobody enters. Those inside stay where they are, their clocks go on, and nothing is sent until you resume it. "
            "Goals and ways out still count."
        ),
        _("Yes, pause it"),
    ),
    Transition.RESUME: (
        _("Resume this campaign?"),
        _(
            "Contacts enter again from now on, and those inside go on. What happened while it was paused starts nothing."
        ),
        _("Yes, resume it"),
    ),
    Transition.STOP: (
        _("Stop this campaign?"),
        _(
            "Nobody enters any more. Those inside finish; when the last one is through, the campaign has ended."
        ),
        _("Yes, stop it"),
    ),
    Transition.END: (
        _("End this campaign now?"),
        _(
            "Everybody inside leaves at once, and what is queued is not sent. This cannot be undone: a campaign that is "
            "published again starts with nobody inside."
        ),
        _("Yes, end it now"),
    ),
    Transition.ARCHIVE: (
        _("Archive this campaign?"),
        _(
            "It leaves the list; a filter shows it. Its numbers and history stay. Goals reached later are not counted."
        ),
        _("Yes, archive it"),
    ),
    Transition.RESTORE: (
        _("Restore this campaign?"),
        _("It comes back into the list as it was. Nothing starts by that."),
        _("Yes, restore it"),
    ),
}


class TransitionView(PermissionCheckedMixin, BaseObjectMixin, WagtailAdminTemplateMixin, TemplateView):
    """GET asks, with numbers; POST does it. Both need the permission to publish."""

    model = Campaign
    permission_required = "publish"
    template_name = "wagtail_journeys/campaigns/transition.html"
    header_icon = "tasks"
    transition: Any = None
    index_url_name: Any = None
    edit_url_name: Any = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        allowed = self.permission_policy.user_has_permission_for_instance(
            request.user, "publish", self.object
        )
        if not allowed:
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_base_object_queryset(self) -> QuerySet[Campaign]:
        return Campaign.objects.all()

    def get_page_title(self) -> str:
        return str(Transition(self.transition).label)

    def get_page_subtitle(self) -> str:
        return str(self.object)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse(self.index_url_name), "label": _t("Campaigns")},
            {"url": self._edit_url(), "label": str(self.object)},
            {"url": "", "label": self.get_page_title(), "sublabel": self.get_page_subtitle()},
        ]

    def _edit_url(self) -> str:
        return reverse(self.edit_url_name, args=[self.object.pk])

    def _next(self) -> str:
        return get_valid_next_url_from_request(self.request) or self._edit_url()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        now = timezone.now()  # noqa: TID251 a view: as it stands now
        found = lifecycle.numbers(self.object, now)
        question, meaning, button = WORDS[self.transition]
        choosing = self.transition in (Transition.RESUME, Transition.STOP) and found.overdue
        return super().get_context_data(
            **kwargs,
            campaign=self.object,
            question=question,
            meaning=meaning,
            button=button,
            serious=self.transition == Transition.END,
            numbers=found,
            paused=self.object.phase == Phase.PAUSED,
            overdue=lifecycle.OVERDUE if choosing else None,
            refusal=lifecycle.refusal(self.transition, self.object, found, self.request.user),
            next=self._next(),
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        choice = {}
        if self.transition in (Transition.RESUME, Transition.STOP):
            choice = {"overdue": request.POST.get("overdue") or lifecycle.NOW}
        try:
            done = lifecycle.DO[self.transition](
                self.object,
                request.user,
                timezone.now(),  # noqa: TID251 a view: somebody does it now
                **choice,
            )
        except NotPossible as error:
            messages.error(request, str(error))
        else:
            say = messages.success if done.changed else messages.info
            say(request, sentence(self.transition, self.object, done))
        return redirect(self._next())


def sentence(transition: str, campaign: Campaign, done: Done) -> str:
    """What has been done, in numbers."""
    if not done.changed:
        return _t("Nothing to do: “%(name)s” is %(phase)s.") % {
            "name": campaign,
            "phase": campaign.phase.label,
        }
    words = {
        Transition.PAUSE: _t("“%s” is paused."),
        Transition.RESUME: _t("“%s” goes on."),
        Transition.STOP: _t("“%s” is stopping: nobody enters any more."),
        Transition.END: _t("“%s” has ended."),
        Transition.ARCHIVE: _t("“%s” is in the archive."),
        Transition.RESTORE: _t("“%s” is back in the list."),
    }[Transition(transition)] % campaign
    return " ".join([words, *_details(transition, done)])


def _details(transition: str, done: Done) -> list[str]:
    before: Numbers = done.numbers
    found = []
    staying = before.inside - done.left
    if transition == Transition.PAUSE and staying:
        found.append(
            ngettext("%d contact stays where it is.", "%d contacts stay where they are.", staying) % staying
        )
    if transition in (Transition.RESUME, Transition.STOP) and staying:
        found.append(ngettext("%d contact goes on.", "%d contacts go on.", staying) % staying)
    if transition in (Transition.RESUME, Transition.STOP) and before.overdue:
        found.append(ngettext("%d was overdue.", "%d were overdue.", before.overdue) % before.overdue)
    if done.left:
        found.append(ngettext("%d contact left.", "%d contacts left.", done.left) % done.left)
    if done.messages:
        found.append(
            ngettext("%d message was called back.", "%d messages were called back.", done.messages)
            % done.messages
        )
    if done.calls:
        found.append(
            ngettext("%d HTTP call was called back.", "%d HTTP calls were called back.", done.calls)
            % done.calls
        )
    return found


#: For the viewset of campaigns, which is told from above: by the name of the URL.
VIEWS: dict[str, Any] = {
    str(transition): type(f"{transition.name.title()}View", (TransitionView,), {"transition": transition})
    for transition in Transition
}


# --- the log ---------------------------------------------------------------------------------------------------------------

_LOGGED: dict[str, tuple[Any, Any]] = {
    "pause": (_("Pause campaign"), _("Paused, with %(inside)s inside")),
    "resume": (_("Resume campaign"), _("Resumed, with %(inside)s inside; %(overdue)s overdue: %(choice)s")),
    "stop": (_("Stop campaign"), _("Stopped: no entries any more; %(inside)s inside finish")),
    "end": (
        _("End campaign"),
        _(
            "Ended: %(left)s contacts left, %(messages_back)s messages and %(calls_back)s HTTP calls called back"
        ),
    ),
    "archive": (_("Archive campaign"), _("Archived")),
    "restore": (_("Restore campaign"), _("Restored from the archive")),
    "ended": (_("Campaign ended by itself"), _("Ended by itself: nobody is inside any more")),
    "ignores_topics": (
        _("Publish without a topic"),
        _("Published without a topic: it ignores what contacts agreed to"),
    ),
}

_BLANK = dict.fromkeys(["inside", "overdue", "left", "messages_back", "calls_back"], 0)


def register_log_actions(actions: Any) -> None:
    for name, (label, words) in _LOGGED.items():
        actions.register_action(f"journeys.{name}")(_formatter(label, words))


def _formatter(label_: Any, words: Any) -> type[LogFormatter]:
    class Formatter(LogFormatter):
        label = label_

        def format_message(self, log_entry: Any) -> str:
            data = {**_BLANK, **(log_entry.data or {})}
            data["choice"] = lifecycle.OVERDUE.get(str(data.get("choice")), "")
            return str(words) % data

    return Formatter
