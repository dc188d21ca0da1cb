"""The list of messages that were perhaps sent, and the decision about them: it arrived, or it did not and goes out now."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.generic import TemplateView
from wagtail.admin import messages
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.log_actions import log

from wagtail_journeys import jobs

from .models import Message
from .resolving import resolve

PERMISSION = "wagtail_journeys.resolve_message"
ARRIVED_ACTION = "wagtail_journeys.message_arrived"
LOST_ACTION = "wagtail_journeys.message_sent_again"
URL_NAME = "journeys_messages:unknown"
PER_PAGE = 50

ANSWERS = ("arrived", "lost")


class UnknownView(WagtailAdminTemplateMixin, TemplateView):
    """GET lists them; POST with an answer asks for confirmation, and with the confirmation does it."""

    page_title = _("Perhaps sent")
    header_icon = "mail"
    template_name = "wagtail_journeys/messages/unknown.html"
    confirm_template_name = "wagtail_journeys/messages/unknown_confirm.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse("journeys_messages:index"), "label": _("Messages")},
            {"url": "", "label": self.page_title},
        ]

    def unknown(self) -> QuerySet[Message]:
        found = Message.objects.filter(state=Message.State.UNKNOWN).select_related("campaign", "template")
        return found.defer("context", "merge").order_by("pk")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        page = Paginator(self.unknown(), PER_PAGE).get_page(self.request.GET.get("p"))
        return {**super().get_context_data(**kwargs), "page": page}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer = request.POST.get("answer")
        ids = [int(pk) for pk in request.POST.getlist("message") if pk.isascii() and pk.isdecimal()][
            :PER_PAGE
        ]
        if answer not in ANSWERS or not ids:
            messages.warning(request, _t("Choose the messages first."))
            return redirect(URL_NAME)
        if "confirm" not in request.POST:
            chosen = list(self.unknown().filter(pk__in=ids))
            context = super().get_context_data()
            context |= {"chosen": chosen, "answer": answer, "number": len(chosen)}
            return self.response_class(request, [self.confirm_template_name], context)
        self._decide(ids, answer == "arrived")
        return redirect(URL_NAME)

    def _decide(self, ids: list[int], arrived: bool) -> None:
        now = timezone.now()  # noqa: TID251 a view: somebody decides now
        decided = resolve(ids, arrived, now)
        action = ARRIVED_ACTION if arrived else LOST_ACTION
        for message in Message.objects.filter(pk__in=decided):
            log(message, action, user=self.request.user, data={"message": str(message.uuid)})
        jobs.wake()
        if arrived:
            words = ngettext("%d message is sent.", "%d messages are sent.", len(decided))
        else:
            words = ngettext("%d message goes out now.", "%d messages go out now.", len(decided))
        messages.success(self.request, words % len(decided))


def register_log_actions(actions: Any) -> None:
    actions.register_action(ARRIVED_ACTION, _("Message arrived"), _("Found out that the message arrived"))
    actions.register_action(LOST_ACTION, _("Send message again"), _("Sent the message again"))
