"""Write keys in the admin: made, changed, replaced and withdrawn. A value is shown once, on the page that answers."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.forms import Textarea
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView
from wagtail.admin.panels import FieldPanel, HelpPanel, MultiFieldPanel, ObjectList
from wagtail.admin.ui.tables import Column, DateColumn, StatusTagColumn
from wagtail.admin.views import generic
from wagtail.admin.views.generic.base import BaseObjectMixin, WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.widgets.button import Button
from wagtail.log_actions import LogActionRegistry, log

from wagtail_journeys.ingest import keys
from wagtail_journeys.ingest.models import WriteKey

URL_NAMESPACE = "journeys_keys"
ROTATED, REVOKED = "journeys.key_rotated", "journeys.key_revoked"

#: A key is revoked, never deleted: its events and the log go on naming it.
WITHOUT = {"delete", "usage"}

edit_handler = ObjectList(
    [
        FieldPanel("name"),
        FieldPanel("kind"),
        FieldPanel("site"),
        MultiFieldPanel(
            [
                HelpPanel(
                    content=_(
                        "Browsers and apps show the key to everybody. These two lists say what somebody can do who "
                        "has read it."
                    )
                ),
                FieldPanel("allowed_origins", widget=Textarea(attrs={"rows": 3})),
                FieldPanel("allowed_events", widget=Textarea(attrs={"rows": 5})),
            ],
            heading=_("For public keys"),
        ),
        MultiFieldPanel([FieldPanel("may_enrol")], heading=_("For server keys")),
    ]
)


def state_of(key: WriteKey) -> str:
    return _t("revoked") if key.revoked_at else _t("works")


class KeyIndexView(generic.IndexView):
    results_template_name = "wagtail_journeys/ingest/index_results.html"
    default_ordering = "-created_at"
    any_permission_required = ["add", "change", "view"]

    @cached_property
    def columns(self) -> list[Column]:
        return [
            self._get_title_column("name"),
            Column("kind", label=_("Kind"), accessor=lambda key: key.get_kind_display().partition(":")[0]),
            Column("prefix", label=_("Begins with"), accessor=lambda key: f"{key.prefix}…"),
            StatusTagColumn(
                "state", label=_("State"), accessor=state_of, primary=lambda key: not key.revoked_at
            ),
            DateColumn("last_used_at", label=_("Last used"), sort_key="last_used_at"),
            DateColumn("created_at", label=_("Created"), sort_key="created_at"),
        ]

    def get_list_more_buttons(self, instance: WriteKey) -> list[Button]:
        buttons = super().get_list_more_buttons(instance)
        if not instance.revoked_at and self.user_has_permission("change"):
            buttons += [
                Button(_("Rotate"), url=_url("rotate", instance), icon_name="rotate", priority=20),
                Button(_("Revoke"), url=_url("revoke", instance), icon_name="cross", priority=30),
            ]
        return buttons


class KeyCreateView(generic.CreateView):
    value = ""

    def save_instance(self) -> WriteKey:
        self.value = keys.new_secret(self.form.instance)
        key: WriteKey = super().save_instance()
        keys.forget()
        return key

    def form_valid(self, form: Any) -> HttpResponse:
        self.form = form
        with transaction.atomic():
            self.object = self.save_instance()
        return show_once(self.request, self.object, self.value)


class KeyEditView(generic.EditView):
    def get_form(self, form_class: Any = None) -> Any:
        form = super().get_form(form_class)
        form.fields["kind"].disabled = True  # its value says which kind it is, and so does whoever has it
        return form

    def save_instance(self) -> WriteKey:
        key: WriteKey = super().save_instance()
        keys.forget()
        return key


class Asked(PermissionCheckedMixin, BaseObjectMixin, WagtailAdminTemplateMixin, TemplateView):
    """A page that asks before something is done to a key."""

    model = WriteKey
    permission_required = "change"
    template_name = "wagtail_journeys/ingest/asked.html"
    header_icon = "key"

    def get_base_object_queryset(self) -> QuerySet[WriteKey]:
        return WriteKey.objects.filter(revoked_at__isnull=True)

    def get_page_subtitle(self) -> str:
        return str(self.object)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse(f"{URL_NAMESPACE}:index"), "label": _t("Write keys")},
            {"url": "", "label": self.get_page_title()},
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        index = reverse(f"{URL_NAMESPACE}:index")
        return super().get_context_data(
            **kwargs, question=self.question, button=self.button, serious=self.serious, index_url=index
        )

    question: Any = ""
    button: Any = ""
    serious = False


class RotateView(Asked):
    page_title = _("Rotate the key")
    question = _(
        "The key gets a new value, which you see once. The old value goes on working for 24 hours: put the new one "
        "in its place until then."
    )
    button = _("Yes, give it a new value")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with transaction.atomic():
            value = keys.rotate(self.object, timezone.now())
            log(self.object, ROTATED)
        return show_once(request, self.object, value)


class RevokeView(Asked):
    page_title = _("Revoke the key")
    question = _(
        "From now on nothing is taken with this key. Whoever still sends with it is refused, and what they send is "
        "lost. This cannot be undone."
    )
    button = _("Yes, revoke it")
    serious = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with transaction.atomic():
            keys.revoke(self.object, timezone.now())
            log(self.object, REVOKED)
        messages.success(request, _t("“%s” is revoked.") % self.object.name)
        return redirect(f"{URL_NAMESPACE}:index")


def show_once(request: HttpRequest, key: WriteKey, value: str) -> HttpResponse:
    """The answer to the POST itself: a redirect would have to keep the value somewhere."""
    keys.forget()
    settings_url = reverse("wagtail_journeys:api", kwargs={"call": "batch"}).removesuffix("/v1/batch")
    context = {
        "key": key,
        "value": value,
        "host": request.build_absolute_uri(settings_url),
        "index_url": reverse(f"{URL_NAMESPACE}:index"),
        "page_title": _t("Copy the key now"),
        "header_icon": "key",
        "breadcrumbs_items": [
            {"url": reverse("wagtailadmin_home"), "label": _t("Home")},
            {"url": reverse(f"{URL_NAMESPACE}:index"), "label": _t("Write keys")},
            {"url": "", "label": key.name},
        ],
    }
    response = TemplateResponse(request, "wagtail_journeys/ingest/shown_once.html", context)
    response.headers["Cache-Control"] = "no-store"
    return response


def register_log_actions(actions: LogActionRegistry) -> None:
    actions.register_action(ROTATED, _("Rotate a write key"), _("Key rotated"))
    actions.register_action(REVOKED, _("Revoke a write key"), _("Key revoked"))


def _url(name: str, key: WriteKey) -> str:
    return reverse(f"{URL_NAMESPACE}:{name}", args=[key.pk])


class WriteKeyViewSet(ModelViewSet):
    model = WriteKey
    name = "write_keys"
    url_prefix = "journeys/keys"
    url_namespace = URL_NAMESPACE
    icon = "key"
    menu_label = _("Write keys")
    edit_handler = edit_handler
    add_to_reference_index = False
    copy_view_enabled = False
    inspect_view_enabled = False
    index_view_class = KeyIndexView
    add_view_class = KeyCreateView
    edit_view_class = KeyEditView

    def get_common_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_common_view_kwargs(**{"delete_url_name": None, "usage_url_name": None, **kwargs})

    def _asked(self, view: type[Asked]) -> Any:
        return self.construct_view(view)

    def get_urlpatterns(self) -> list[Any]:
        kept = [found for found in super().get_urlpatterns() if found.name not in WITHOUT]
        return [
            *kept,
            path("rotate/<int:pk>/", self._asked(RotateView), name="rotate"),
            path("revoke/<int:pk>/", self._asked(RevokeView), name="revoke"),
        ]
