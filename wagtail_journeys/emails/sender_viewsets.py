"""Senders in the admin: saving one asks the owner of its address, unless the settings name it."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from wagtail.admin import messages
from wagtail.admin.panels import FieldPanel, FieldRowPanel, HelpPanel, ObjectList
from wagtail.admin.ui.tables import BooleanColumn, Column
from wagtail.snippets.views import snippets
from wagtail.snippets.views.snippets import SnippetViewSet

from . import carrier, composing, senders
from .traffic import SenderIdentity

logger = logging.getLogger(__name__)

ASK_URL_NAME = "journeys_sender_ask"


def state_of(identity: SenderIdentity) -> str:
    if identity.is_verified:
        return _t("confirmed")
    return _t("waits for its owner") if identity.asked_at else _t("not confirmed")


def ask(request: HttpRequest, identity: SenderIdentity) -> None:
    """Ask the owner of the address, and say to the editor what happens next."""
    base_url = identity.site.root_url if identity.site else composing.base_url()
    now = timezone.now()  # noqa: TID251 a view: somebody asks now
    try:
        asked = senders.ask(identity, base_url, carrier.send_notice, now)
    except Exception:
        logger.exception("The owner of the sender %s could not be asked", identity.pk)
        messages.error(request, _t("The email that asks its owner could not be sent. Try again later."))
        return
    if asked:
        words = _t(
            "%s got an email with a link. Nothing is sent from it until its owner has pressed the button there."
        )
        messages.info(request, words % identity.email)


class Asks:
    """For the views that save a sender."""

    request: HttpRequest
    form: Any

    def save_instance(self) -> SenderIdentity:
        changed = "email" in self.form.changed_data
        identity: SenderIdentity = super().save_instance()  # type: ignore[misc]
        if changed:
            identity.verified_at = identity.asked_at = None
            identity.save(update_fields=["verified_at", "asked_at"])
            ask(self.request, identity)
        return identity


class SenderCreateView(Asks, snippets.CreateView):
    pass


class SenderEditView(Asks, snippets.EditView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        identity = self.object
        waiting = None if identity.is_verified else reverse(ASK_URL_NAME, args=[identity.pk])
        return {**super().get_context_data(**kwargs), "ask_url": waiting, "asked_at": identity.asked_at}


@require_POST
def ask_again(request: HttpRequest, pk: int) -> HttpResponse:
    if not request.user.has_perm("wagtail_journeys.change_senderidentity"):
        raise PermissionDenied
    identity = get_object_or_404(SenderIdentity.objects.select_related("site"), pk=pk)
    if not identity.is_verified:
        ask(request, identity)
    return redirect(SenderIdentity.snippet_viewset.get_url_name("list"))  # type: ignore[attr-defined]


class SenderViewSet(SnippetViewSet):
    model = SenderIdentity
    icon = "user"
    menu_label = _("Senders")
    menu_name = "senders"
    add_view_class = SenderCreateView
    edit_view_class = SenderEditView
    edit_template_name = "wagtail_journeys/senders/edit.html"
    index_results_template_name = "wagtail_journeys/senders/index_results.html"
    add_to_reference_index = False
    inspect_view_enabled = False
    copy_view_enabled = False

    @cached_property
    def list_display(self) -> list[Any]:
        return [
            "email",
            "name",
            Column("state", label=_("State"), accessor=state_of),
            Column("site", label=_("Site"), accessor=lambda sender: sender.site or _t("all sites")),
            BooleanColumn("is_default", label=_("Sent from by default")),
        ]

    edit_handler = ObjectList(
        [
            HelpPanel(
                _(
                    "Emails may be from this address once its owner has pressed the button in the email that saving sends "
                    "there. The mail server or provider must be allowed to send for its domain as well (SPF, DKIM)."
                )
            ),
            FieldRowPanel([FieldPanel("name"), FieldPanel("email")]),
            FieldPanel("site"),
            FieldPanel("is_default"),
        ]
    )


def admin_urls() -> list[Any]:
    return [path("journeys/senders/<int:pk>/ask/", ask_again, name=ASK_URL_NAME)]
