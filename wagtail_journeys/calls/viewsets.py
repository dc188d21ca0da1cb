"""Every HTTP call, to be found again and read: what was asked of whom, what came back, and why it did not work."""

from __future__ import annotations

import datetime
import json
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from django.views.generic import TemplateView
from wagtail.admin import messages
from wagtail.admin.filters import DateRangePickerWidget, WagtailFilterSet
from wagtail.admin.ui.tables import Column, DateColumn, StatusTagColumn, TitleColumn
from wagtail.admin.views import generic
from wagtail.admin.views.generic.base import BaseObjectMixin, WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.log_actions import log
from wagtail.permissions import policy_registry

from wagtail_journeys import jobs
from wagtail_journeys.contacts.finding import meant
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.contacts.views import contact_url

from . import outbox, secrets
from .models import Breaker, Call, Stop

State = Call.State

URL_NAMESPACE = "journeys_calls"
RETRY_PERMISSION = "wagtail_journeys.retry_call"
RETRY_ACTION = "wagtail_journeys.retry_call"
ENABLE_ACTION = "wagtail_journeys.enable_calls"


def call_url(call_id: int) -> str:
    """The page of one call."""
    return reverse(f"{URL_NAMESPACE}:inspect", args=[call_id])


#: What each state means, for somebody who has never heard of a queue.
EXPLANATIONS = {
    State.QUEUED: _("It is waiting for its turn."),
    State.SENDING: _("It is being sent right now."),
    State.DEFERRED: _("It did not work, and is tried again by itself, with the same id."),
    State.HELD: _(
        "The receiver wants no more calls of this step. It waits until somebody enables them again."
    ),
    State.DONE: _("The receiver has taken it."),
    State.FAILED: _("It did not work, and is not tried again by itself."),
    State.CANCELLED: _("It was called back before it was sent."),
    State.UNKNOWN: _(
        "Perhaps received. It was sent, but the answer never came back: the connection or the cluster broke at that "
        "moment. It is not sent again by itself, so that nothing happens twice. The receiver knows: ask it for the id."
    ),
}

TONES = {State.DONE: "positive", State.FAILED: "critical", State.UNKNOWN: "critical", State.HELD: "critical"}


def shown_headers(headers: list[list[str]]) -> list[tuple[str, str]]:
    """Headers for people: what is secret is dots."""
    return [(name, secrets.shown_header(name, value)) for name, value in headers]


def pretty(text: str) -> str:
    """JSON with lines and indents, anything else as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


def story(call: Call) -> list[tuple[datetime.datetime, str]]:
    """What happened to the call, the first thing first."""
    decided = _t("Somebody tried it out.") if call.is_test else _t("A campaign decided to make it.")
    found = [(call.created_at, decided)]
    if call.marked_at:
        found.append((call.marked_at, _t("It was sent (try %d).") % call.attempts))
    if call.settled_at:
        found.append((call.settled_at, _t("It ended as: %s.") % call.get_state_display()))
    return found


def campaigns(request: HttpRequest) -> QuerySet[Any]:
    return Call._meta.get_field("campaign").related_model._default_manager.order_by("name")


class CallFilterSet(WagtailFilterSet):
    state = django_filters.MultipleChoiceFilter(
        label=_("State"), choices=State.choices, widget=forms.CheckboxSelectMultiple
    )
    campaign = django_filters.ModelChoiceFilter(label=_("Campaign"), queryset=campaigns, empty_label=_("All"))
    host = django_filters.CharFilter(label=_("Host"), lookup_expr="icontains")
    contact = django_filters.CharFilter(
        label=_("Contact"), method="of_contact", help_text=_("Email address, external id or number.")
    )
    is_test = django_filters.BooleanFilter(label=_("Tried out by somebody"))
    created_at = django_filters.DateFromToRangeFilter(label=_("Created"), widget=DateRangePickerWidget)

    class Meta:
        model = Call
        fields: list[str] = []

    def of_contact(self, calls: QuerySet[Call], name: str, value: str) -> QuerySet[Call]:
        return calls.filter(contact__in=Contact.objects.filter(meant(value)).order_by().values("pk"))


class CallIndexView(generic.IndexView):
    template_name = "wagtail_journeys/calls/index.html"
    results_template_name = "wagtail_journeys/calls/index_results.html"
    default_ordering = "-created_at"
    any_permission_required = ["view"]

    @cached_property
    def columns(self) -> list[Column]:
        return [
            TitleColumn(
                "host",
                label=_("Call"),
                accessor=lambda call: f"{call.method} {call.host or '–'}",
                get_url=lambda call: call_url(call.pk),
            ),
            Column(
                "contact", label=_("Contact"), accessor=lambda call: call.contact or _("(made-up person)")
            ),
            StatusTagColumn(
                "state",
                label=_("State"),
                accessor="get_state_display",
                primary=lambda call: call.state == State.DONE,
            ),
            Column("response_status", label=_("Answer"), accessor=lambda call: call.response_status or "–"),
            Column("error", label=_("Why")),
            Column(
                "campaign",
                label=_("Campaign"),
                accessor=lambda call: (
                    _t("%s (tried out)") % (call.campaign or "–") if call.is_test else call.campaign or "–"
                ),
            ),
            DateColumn("created_at", label=_("Created"), sort_key="created_at"),
        ]

    def get_base_queryset(self) -> QuerySet[Call]:
        return Call.objects.select_related("campaign", "contact").defer(
            "body", "headers", "response", "campaign__steps"
        )

    def order_queryset(self, queryset: QuerySet[Call]) -> QuerySet[Call]:
        # Numbers grow with time, and the table is in their order already.
        return queryset.order_by("pk" if self.ordering == "created_at" else "-pk")

    def get_context_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(*args, **kwargs)
        context["narrowed"] = bool(self.is_searching or self.is_filtering)
        context["stops"] = Stop.objects.select_related("campaign").order_by("-since")[:20]
        context["silent"] = Breaker.objects.filter(opened_at__isnull=False).order_by("opened_at")[:20]
        context["may_retry"] = self.request.user.has_perm(RETRY_PERMISSION)
        return context


class OneCall(PermissionCheckedMixin, BaseObjectMixin, WagtailAdminTemplateMixin, TemplateView):
    model = Call
    any_permission_required = ["view"]
    header_icon = "link-external"
    index_url_name = None

    def get_base_object_queryset(self) -> QuerySet[Call]:
        return Call.objects.select_related("contact", "campaign")

    def get_page_title(self) -> str:
        return str(self.object)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse(f"{URL_NAMESPACE}:index"), "label": _("HTTP calls")},
            {"url": "", "label": self.get_page_title()},
        ]


class CallView(OneCall):
    """One call: its state and why, its story, the request and the answer."""

    template_name = "wagtail_journeys/calls/call.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        call = self.object
        may_see_contact = policy_registry.get_by_type(Contact).user_has_any_permission(
            self.request.user, ["add", "change", "delete", "view"]
        )
        again = call.state in outbox.AGAIN and bool(call.host) and not call.is_test
        return {
            **super().get_context_data(**kwargs),
            "call": call,
            "tone": TONES.get(State(call.state), ""),
            "explanation": EXPLANATIONS[State(call.state)],
            "story": story(call),
            "url": secrets.shown(call.url),
            "headers": shown_headers(call.headers),
            "body": pretty(secrets.shown(call.body)),
            "response": pretty(call.response),
            "contact_url": contact_url(call.contact_id) if call.contact_id and may_see_contact else "",
            "may_send_again": again and self.request.user.has_perm(RETRY_PERMISSION),
        }


class AgainView(OneCall):
    """Look what would happen, then confirm."""

    template_name = "wagtail_journeys/calls/again.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(RETRY_PERMISSION):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_page_title(self) -> str:
        return _t("Send again: %s") % self.object

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return {**context, "call": self.object, "is_unknown": self.object.state == State.UNKNOWN}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        call = self.object
        if outbox.send_again(call, timezone.now()):  # noqa: TID251 a view: somebody sends it now
            log(call, RETRY_ACTION, user=request.user, data={"call": str(call.uuid)})
            jobs.wake()
            messages.success(request, _t("The call is in the queue again."))
        else:
            messages.error(request, _t("The call cannot be sent again as it is now."))
        return redirect(call_url(call.pk))


@require_POST
def enable(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody says that the receiver wants the calls of a step again."""
    if not request.user.has_perm(RETRY_PERMISSION):
        raise PermissionDenied
    stopped = get_object_or_404(Stop.objects.select_related("campaign"), pk=pk)
    campaign, host = stopped.campaign, stopped.host
    number = outbox.enable(stopped, timezone.now())  # noqa: TID251 a view: somebody enables them now
    log(campaign, ENABLE_ACTION, user=request.user, data={"host": host, "calls": number})
    jobs.wake()
    words = ngettext(
        "Calls to %(host)s are enabled; %(number)d goes out.",
        "Calls to %(host)s are enabled; %(number)d go out.",
        number,
    )
    messages.success(request, words % {"host": host, "number": number})
    return redirect(reverse(f"{URL_NAMESPACE}:index"))


class CallViewSet(ModelViewSet):
    """List and view; a call is what it is, but some may be sent again."""

    model = Call
    name = "calls"
    url_prefix = "journeys/calls"
    url_namespace = URL_NAMESPACE
    icon = "link-external"
    menu_label = _("HTTP calls")
    add_to_reference_index = False
    copy_view_enabled = False
    inspect_view_enabled = True
    index_view_class = CallIndexView
    inspect_view_class = CallView
    filterset_class = CallFilterSet
    search_fields = ["host", "url", "error"]
    search_backend_name = None
    list_per_page = 50
    form_fields: list[str] = []

    def get_common_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        absent = dict.fromkeys(["add", "edit", "delete", "history", "usage"])
        return super().get_common_view_kwargs(**{f"{name}_url_name": None for name in absent}, **kwargs)

    def get_inspect_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return kwargs

    def get_permissions_to_register(self) -> QuerySet[Any]:
        return super().get_permissions_to_register().filter(codename__in=["view_call", "retry_call"])

    def get_urlpatterns(self) -> list[Any]:
        return [
            path("", self.index_view, name="index"),
            path("results/", self.index_results_view, name="index_results"),
            path("<int:pk>/", self.inspect_view, name="inspect"),
            path("<int:pk>/again/", self.construct_view(AgainView), name="again"),
            path("stopped/<int:pk>/enable/", enable, name="enable"),
        ]


def register_log_actions(actions: Any) -> None:
    actions.register_action(RETRY_ACTION, _("Send HTTP call again"), _("Sent the HTTP call again"))
    actions.register_action(
        ENABLE_ACTION, _("Enable HTTP calls"), _("Enabled the HTTP calls of a step again")
    )
