"""Every message, to be found again and read: what was or will be sent to whom, in which state and why. Read-only."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Any

import django_filters
from django import forms
from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.generic import TemplateView
from wagtail.admin.filters import DateRangePickerWidget, WagtailFilterSet
from wagtail.admin.ui.tables import Column, DateColumn, StatusTagColumn, TitleColumn
from wagtail.admin.views import generic
from wagtail.admin.views.generic.base import BaseObjectMixin, WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.permissions import policy_registry

from wagtail_journeys.contacts.finding import meant
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.contacts.views import contact_url
from wagtail_journeys.emails import hit_words
from wagtail_journeys.emails.hit_models import Hit
from wagtail_journeys.emails.kept import Content, content
from wagtail_journeys.emails.models import EmailTemplate, Message
from wagtail_journeys.emails.reports import SMTP
from wagtail_journeys.emails.traffic import MailServer

from . import resolve_views, resolving, throttle

State = Message.State

URL_NAMESPACE = "journeys_messages"


def message_url(message_id: int) -> str:
    """The page of one message."""
    return reverse(f"{URL_NAMESPACE}:inspect", args=[message_id])


#: Who may read what was written, which is more than that something was sent.
BODY_PERMISSION = "wagtail_journeys.view_message_body"
PERMISSIONS = ["view_message", "view_message_body", "resolve_message"]

#: What each state means, for somebody who has never heard of a mail queue.
EXPLANATIONS = {
    State.QUEUED: _("It is waiting for its turn."),
    State.CLAIMED: _(
        "A cluster is preparing it right now. If that cluster stops, it goes back into the queue."
    ),
    State.HANDING_OVER: _("It is being given to the mail server right now."),
    State.DEFERRED: _("The mail server asked to be tried again later."),
    State.SENT: _("The mail server has taken it."),
    State.BOUNCED: _("The mail server refused it for good."),
    State.FAILED: _("It could not be sent, and will not be tried again."),
    State.CANCELLED: _("It was called back before it was given to the mail server. Nobody got it."),
    State.UNKNOWN: _(
        "Perhaps sent. It was given to the mail server, but the answer never came back: the connection or the cluster "
        "broke at that moment. It is not sent again by itself, so that nobody gets it twice. The mail server's own log "
        "knows: search it for the Message-ID in the headers."
    ),
}

TONES = {
    State.SENT: "positive",
    State.BOUNCED: "critical",
    State.FAILED: "critical",
    State.UNKNOWN: "critical",
}


@dataclass(frozen=True)
class Happened:
    at: datetime.datetime
    text: str


def story(message: Message) -> list[Happened]:
    """What happened to the message, the first thing first."""
    decided = _t("A campaign decided to send it.") if message.campaign_id else _t("It was queued.")
    found = [Happened(message.created_at, decided)]
    if message.marked_at:
        found.append(
            Happened(message.marked_at, _t("It was marked as handed over, and given to the mail server."))
        )
    if message.settled_at:
        found.append(Happened(message.settled_at, _t("It ended as: %s.") % message.get_state_display()))
    reports = message.feedback.exclude(provider=SMTP).order_by("happened_at", "pk")
    for report in reports:
        words = _t("%(provider)s reported: %(what)s %(reason)s")
        said = {
            "provider": report.provider,
            "what": report.get_kind_display(),
            "reason": report.reason and f"({report.reason})",
        }
        found.append(Happened(report.happened_at, (words % said).strip()))
    if message.confirmed_at:
        found.append(Happened(message.confirmed_at, _t("The receiver confirmed the address.")))
    if message.emptied_at:
        found.append(Happened(message.emptied_at, _t("Its content was thrown away.")))
    return sorted(found, key=lambda each: each.at)


def headers_of(message: Message) -> list[tuple[str, str]]:
    """The headers that the receiver's mail program reads."""
    version = message.version
    found = [
        ("From", (version.from_email if version else "") or settings.DEFAULT_FROM_EMAIL),
        ("To", message.address),
        ("Reply-To", version.reply_to if version else ""),
        ("Subject", message.subject),
        ("Date", format_datetime(message.marked_at) if message.marked_at else ""),
        ("Message-ID", message.header_id),
    ]
    if message.context.get("unsubscribe_url"):
        found.append(("List-Unsubscribe", _t("<a link of this receiver's own>")))
        found.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return [(name, value) for name, value in found if value]


REACTIONS = [
    ("opened", _("opened by a person")),
    ("clicked", _("a person followed a link")),
    ("programs", _("opened or followed by programs only")),
    ("nothing", _("nothing that is known")),
]


def campaigns(request: HttpRequest) -> QuerySet[Any]:
    return Message._meta.get_field("campaign").related_model._default_manager.order_by("name")


class MessageFilterSet(WagtailFilterSet):
    state = django_filters.MultipleChoiceFilter(
        label=_("State"), choices=State.choices, widget=forms.CheckboxSelectMultiple
    )
    verdict = django_filters.MultipleChoiceFilter(
        label=_("Reported since"), choices=Message.Verdict.choices, widget=forms.CheckboxSelectMultiple
    )
    campaign = django_filters.ModelChoiceFilter(label=_("Campaign"), queryset=campaigns, empty_label=_("All"))
    template = django_filters.ModelChoiceFilter(
        label=_("Email template"), queryset=EmailTemplate.objects.order_by("name"), empty_label=_("All")
    )
    contact = django_filters.CharFilter(
        label=_("Contact"), method="of_contact", help_text=_("Email address, external id or number.")
    )
    reaction = django_filters.ChoiceFilter(
        label=_("What was done with it"), choices=REACTIONS, method="of_reaction", empty_label=_("All")
    )
    created_at = django_filters.DateFromToRangeFilter(label=_("Created"), widget=DateRangePickerWidget)

    class Meta:
        model = Message
        fields: list[str] = []

    def of_contact(self, messages: QuerySet[Message], name: str, value: str) -> QuerySet[Message]:
        return messages.filter(contact__in=Contact.objects.filter(meant(value)).order_by().values("pk"))

    def of_reaction(self, messages: QuerySet[Message], name: str, value: str) -> QuerySet[Message]:
        human = Hit.Verdict.HUMAN
        wanted = {
            "opened": Q(opened=human),
            "clicked": Q(clicked=human),
            "programs": ~Q(opened="", clicked="") & ~Q(opened=human) & ~Q(clicked=human),
            "nothing": Q(opened="", clicked=""),
        }
        return messages.filter(wanted[value])


class MessageIndexView(generic.IndexView):
    template_name = "wagtail_journeys/messages/index.html"
    results_template_name = "wagtail_journeys/messages/index_results.html"
    default_ordering = "-created_at"
    any_permission_required = ["view", "change"]

    @cached_property
    def columns(self) -> list[Column]:
        return [
            TitleColumn(
                "subject",
                label=_("Subject"),
                accessor=lambda message: message.subject or message.template or _("(not rendered yet)"),
                get_url=lambda message: message_url(message.pk),
            ),
            Column(
                "address",
                label=pgettext_lazy("of an email", "To"),
                accessor=lambda message: message.address or "–",
            ),
            StatusTagColumn(
                "state",
                label=_("State"),
                accessor="get_state_display",
                primary=lambda message: message.state == State.SENT,
            ),
            Column(
                "verdict", label=_("Since"), accessor=lambda message: message.get_verdict_display() or "–"
            ),
            Column("reason", label=_("Why")),
            Column("campaign", label=_("Campaign")),
            DateColumn("created_at", label=_("Created"), sort_key="created_at"),
        ]

    def get_base_queryset(self) -> QuerySet[Message]:
        return Message.objects.select_related("campaign", "template").defer("context", "merge")

    def order_queryset(self, queryset: QuerySet[Message]) -> QuerySet[Message]:
        # Numbers grow with time, and the table is in their order already.
        return queryset.order_by("pk" if self.ordering == "created_at" else "-pk")

    def get_context_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(*args, **kwargs)
        context["narrowed"] = bool(self.is_searching or self.is_filtering)
        now = timezone.now()  # noqa: TID251 a view: what holds messages up now
        day = throttle.warm_up(now)
        return {
            **context,
            "unknown": resolving.unknown(),
            "may_resolve": self.request.user.has_perm(resolve_views.PERMISSION),
            "silent": MailServer.objects.filter(opened_at__isnull=False),
            "warming": day,
            "used": throttle.used(day) if day else 0,
        }


class MessageView(PermissionCheckedMixin, BaseObjectMixin, WagtailAdminTemplateMixin, TemplateView):
    """One message: its state and why, its story, and what the receiver reads."""

    model = Message
    any_permission_required = ["view", "change"]
    template_name = "wagtail_journeys/messages/message.html"
    header_icon = "mail"
    index_url_name = None

    def get_base_object_queryset(self) -> QuerySet[Message]:
        return Message.objects.select_related("contact", "campaign", "topic", "template", "version")

    def get_page_title(self) -> str:
        return self.object.subject or _t("Message to %s") % (self.object.address or self.object.contact)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse(f"{URL_NAMESPACE}:index"), "label": _("Messages")},
            {"url": "", "label": self.get_page_title()},
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        message = self.object
        may_see_contact = policy_registry.get_by_type(Contact).user_has_any_permission(
            self.request.user, ["add", "change", "delete", "view"]
        )
        may_read = self.request.user.has_perm(BODY_PERMISSION)
        hidden = Content(problem=_t("You may see that it was sent, but not read it."))
        shown = content(message) if may_read else hidden
        return {
            **context,
            "message": message,
            "tone": TONES.get(State(message.state), ""),
            "explanation": EXPLANATIONS[State(message.state)],
            "is_unknown": message.state == State.UNKNOWN,
            "may_resolve": self.request.user.has_perm(resolve_views.PERMISSION),
            "story": story(message),
            "hits": hit_words.tell(message),
            "content": shown,
            "headers": headers_of(message),
            "contact_url": contact_url(message.contact_id) if may_see_contact else "",
        }


class MessageViewSet(ModelViewSet):
    """List and view only: a message is what it is."""

    model = Message
    name = "messages"
    url_prefix = "journeys/messages"
    url_namespace = URL_NAMESPACE
    icon = "mail"
    menu_label = _("Messages")
    add_to_reference_index = False
    copy_view_enabled = False
    inspect_view_enabled = True
    index_view_class = MessageIndexView
    inspect_view_class = MessageView
    filterset_class = MessageFilterSet
    search_fields = ["subject", "address"]
    search_backend_name = None
    list_per_page = 50
    form_fields: list[str] = []

    def get_common_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        absent = dict.fromkeys(["add", "edit", "delete", "history", "usage"])
        return super().get_common_view_kwargs(**{f"{name}_url_name": None for name in absent}, **kwargs)

    def get_inspect_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return kwargs

    def get_permissions_to_register(self) -> QuerySet[Any]:
        return super().get_permissions_to_register().filter(codename__in=PERMISSIONS)

    def get_urlpatterns(self) -> list[Any]:
        return [
            path("", self.index_view, name="index"),
            path("results/", self.index_results_view, name="index_results"),
            path("unknown/", resolve_views.UnknownView.as_view(), name="unknown"),
            path("<int:pk>/", self.inspect_view, name="inspect"),
        ]
