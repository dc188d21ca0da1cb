"""Send a test: the newest draft of an email, as some contact would read it, to colleagues. Counted nowhere (semantics Q3)."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.generic import FormView
from wagtail.admin import messages
from wagtail.admin.views.generic.base import BaseObjectMixin, WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.log_actions import log
from wagtail.models import Site
from wagtail.permissions import policy_registry

from wagtail_journeys.contacts.permissions import may_see_contacts
from wagtail_journeys.events.fields import SuggestInput
from wagtail_journeys.exceptions import TemplateError

from . import senders, smtp, trying
from .carrier import Carrier
from .mime import Letter
from .models import EmailTemplate
from .outbox import sending_domain

SENT = "wagtail_journeys.test_send"
#: Colleagues at a time.
MOST = 10


def colleagues() -> QuerySet[Any]:
    """Users who may use the admin and have an address."""
    may = (
        Q(is_superuser=True)
        | Q(user_permissions__codename="access_admin")
        | Q(groups__permissions__codename="access_admin")
    )
    users = get_user_model()._default_manager.filter(may, is_active=True).exclude(email="")
    return users.distinct().order_by("email")


class TestForm(forms.Form):
    to: Any = forms.ModelMultipleChoiceField(
        queryset=None,
        widget=forms.CheckboxSelectMultiple,
        label=_("To"),
        help_text=_("Colleagues who may use this admin, and have an address."),
        error_messages={"required": _("Choose at least one colleague.")},
    )
    contact = forms.CharField(
        required=False,
        max_length=320,
        label=_("As this contact would read it"),
        help_text=_(
            "Email address, external id or number. Empty: a made-up person. The contact gets nothing."
        ),
    )
    event = forms.CharField(
        required=False,
        max_length=100,
        label=_("Started by this event"),
        help_text=_("The contact's newest event of this name is taken. Empty: its newest event."),
        widget=SuggestInput("event"),
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        to: Any = self.fields["to"]
        to.queryset = colleagues()
        to.label_from_instance = lambda colleague: colleague.email
        to.initial = [user.pk]
        if not may_see_contacts(user):
            del self.fields["contact"], self.fields["event"]

    def clean_to(self) -> Any:
        if len(self.cleaned_data["to"]) > MOST:
            raise ValidationError(_t("At most %d colleagues at a time.") % MOST)
        return self.cleaned_data["to"]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        try:
            data["reader"] = trying.Reader.named(data.get("contact", ""), data.get("event", ""))
        except TemplateError as error:
            self.add_error("contact", str(error))
        return data


class TestSendView(PermissionCheckedMixin, BaseObjectMixin, WagtailAdminTemplateMixin, FormView):
    """For those who may change or publish the template."""

    model = EmailTemplate
    any_permission_required = ["change", "publish"]
    form_class = TestForm
    template_name = "wagtail_journeys/emails/test_send.html"
    header_icon = "mail"
    page_title = _("Send a test")
    index_url_name = ""
    edit_url_name = ""

    def get_page_subtitle(self) -> str:
        return str(self.object)

    @cached_property
    def draft(self) -> EmailTemplate:
        found: EmailTemplate = self.object.get_latest_revision_as_object()
        return found

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse(self.index_url_name), "label": _("Email templates")},
            {"url": reverse(self.edit_url_name, args=[self.object.pk]), "label": str(self.object)},
            {"url": "", "label": self.page_title},
        ]

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.request.user}

    def form_valid(self, form: TestForm) -> HttpResponse:
        now = timezone.now()  # noqa: TID251  a view: somebody sends it now
        sender = self.draft.from_email
        if sender and not senders.allowed(sender):
            form.add_error(None, senders.refusal(sender))
            return self.form_invalid(form)
        try:
            email = trying.read(
                self.draft, form.cleaned_data["reader"], now, Site.find_for_request(self.request)
            )
        except TemplateError as error:
            form.add_error(None, _t("It cannot be sent like this: %s") % error)
            return self.form_invalid(form)
        letters = [letter_to(colleague.email, self.draft, email) for colleague in form.cleaned_data["to"]]
        sent, problems = hand_over(letters, now)
        log(self.object, SENT, user=self.request.user, data={"number": len(sent)})
        if sent:
            messages.success(self.request, _t("A test went to %s.") % ", ".join(sent))
        for address, problem in problems:
            messages.error(
                self.request, _t("%(address)s: %(problem)s") % {"address": address, "problem": problem}
            )
        return redirect(self.edit_url_name, self.object.pk)


def letter_to(address: str, template: EmailTemplate, email: Any) -> Letter:
    """The email with a mark in its subject, without links of the receiver's own in its headers."""
    key = uuid.uuid4()
    return Letter(
        message=0,
        sender=template.sender or settings.DEFAULT_FROM_EMAIL,
        to=address,
        subject=_t("[Test] %s") % email.subject,
        html=email.html,
        text=email.text,
        header_id=f"<{key}@{sending_domain()}>",
        reply_to=template.reply_to,
        headers={"Auto-Submitted": "auto-generated"},
        key=str(key),
    )


def hand_over(letters: list[Letter], now: Any) -> tuple[list[str], list[tuple[str, str]]]:
    """Addresses that the mail server took, and those that it did not with the reason. At most once each."""
    sent: list[str] = []
    problems: list[tuple[str, str]] = []
    with Carrier() as carrier:
        for letter in letters:
            try:
                letter.checked()
            except TemplateError as error:
                problems.append((letter.to, str(error)))
                continue
            trouble = carrier.connect()
            if trouble is not None:
                problems.append((letter.to, trouble))
                continue
            outcome = carrier.hand_over(letter, now)
            if outcome.state == smtp.SENT:
                sent.append(letter.to)
            else:
                problems.append((letter.to, outcome.reason))
    return sent, problems


def register_log_actions(actions: Any) -> None:
    actions.register_action(SENT, _("Send a test"), _("Sent a test to colleagues"))


def may_send(user: Any) -> bool:
    policy = policy_registry.get_by_type(EmailTemplate)
    return bool(policy.user_has_any_permission(user, ["change", "publish"]))
