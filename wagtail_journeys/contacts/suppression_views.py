"""Suppressed addresses in the admin: looked up, added by hand or from a file, and sent to again with a reason."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.signing import BadSignature
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.generic import TemplateView
from wagtail.admin import messages
from wagtail.admin.filters import DateRangePickerWidget, WagtailFilterSet
from wagtail.admin.ui.tables import Column, DateColumn, TitleColumn
from wagtail.admin.views import generic
from wagtail.admin.views.generic.base import BaseObjectMixin, WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.widgets.button import Button, HeaderButton
from wagtail.log_actions import log

from wagtail_journeys.contacts import suppression, suppression_exchange
from wagtail_journeys.contacts.models import Suppression, address_hash

URL_NAMESPACE = "journeys_suppressions"
LIFT_PERMISSION = "wagtail_journeys.lift_suppression"
LIFT_ACTION, ADD_ACTION = "wagtail_journeys.lift_suppression", "wagtail_journeys.suppress"

#: Contacts of whom the list says which address it is, on one page.
PAGE = 50


class SuppressionFilterSet(WagtailFilterSet):
    reason = django_filters.MultipleChoiceFilter(
        label=_("Reason"), choices=Suppression.Reason.choices, widget=forms.CheckboxSelectMultiple
    )
    since = django_filters.DateFromToRangeFilter(label=_("Since"), widget=DateRangePickerWidget)

    class Meta:
        model = Suppression
        fields: list[str] = []


class SuppressionIndexView(generic.IndexView):
    """Only hashes are known, so the search wants a whole address; a piece of the note is found as well."""

    results_template_name = "wagtail_journeys/suppressions/index_results.html"
    default_ordering = "-since"
    any_permission_required = ["add", "view"]
    add_item_label = _("Add")

    @cached_property
    def columns(self) -> list[Column]:
        return [
            self._get_title_column_class(TitleColumn)(
                "address_hash", label=_("Address (hash)"), accessor=lambda row: f"{row.address_hash[:16]}…"
            ),
            Column("reason", label=_("Reason"), accessor="get_reason_display"),
            Column("note", label=_("Note"), accessor=lambda row: row.note or "–"),
            DateColumn("since", label=_("Since"), sort_key="since"),
        ]

    def search_queryset(self, queryset: QuerySet[Suppression]) -> QuerySet[Suppression]:
        words = self.search_query.strip()
        return queryset.filter(
            Q(address_hash=address_hash(words))
            | Q(address_hash__startswith=words.lower())
            | Q(note__icontains=words)
        )

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        buttons = super().header_buttons
        if self.user_has_permission("add"):
            buttons = [
                *buttons,
                HeaderButton(
                    _t("Import"), url=reverse(f"{URL_NAMESPACE}:import"), icon_name="upload", priority=20
                ),
            ]
        return buttons

    @cached_property
    def header_more_buttons(self) -> list[Button]:
        url = reverse(f"{URL_NAMESPACE}:export")
        return [
            *super().header_more_buttons,
            Button(_t("Export as CSV"), url=f"{url}?format=csv", icon_name="download", priority=90),
            Button(_t("Export as XLSX"), url=f"{url}?format=xlsx", icon_name="download", priority=91),
        ]

    def get_list_more_buttons(self, instance: Suppression) -> list[Button]:
        if not self.request.user.has_perm(LIFT_PERMISSION):
            return []
        url = reverse(f"{URL_NAMESPACE}:lift", args=[instance.pk])
        return [Button(_("Send to it again"), url=url, icon_name="undo", priority=20)]

    def get_context_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(*args, **kwargs)
        context["narrowed"] = bool(self.is_searching or self.is_filtering)
        return context


class AddressForm(forms.Form):
    address = forms.EmailField(label=_("Email address"), max_length=320)
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=500,
        help_text=_("Who asked for it, and when. The address itself is not kept: do not write it here."),
    )


class FileForm(forms.Form):
    file = forms.FileField(
        label=_("File"),
        help_text=_(
            "CSV with a column “email” or “address_hash”, or just one address in each row. At most 20,000 rows."
        ),
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=500, help_text=_("Where it is from."))


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Why is it right to send to this address again?"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("It stays in the history, with your name."),
    )


class Here(WagtailAdminTemplateMixin, TemplateView):
    """What the pages around the list have in common."""

    model = Suppression
    header_icon = "no-view"

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse(f"{URL_NAMESPACE}:index"), "label": _t("Suppressed addresses")},
            {"url": "", "label": self.get_page_title()},
        ]

    def back(self) -> HttpResponse:
        return HttpResponseRedirect(reverse(f"{URL_NAMESPACE}:index"))


class AddView(PermissionCheckedMixin, Here):
    permission_required = "add"
    template_name = "wagtail_journeys/suppressions/add.html"
    page_title = _("Suppress an address")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**{"form": AddressForm(), **kwargs})

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = AddressForm(request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        now = timezone.now()  # noqa: TID251 a view: somebody does it now
        address, note = form.cleaned_data["address"], form.cleaned_data["note"]
        if suppression.suppress(address, Suppression.Reason.MANUAL, note, now):
            row = suppression.of_address(address).get()
            log(row, ADD_ACTION, user=request.user)
            messages.success(request, _t("Nothing is sent to this address any more."))
        else:
            messages.info(request, _t("This address was suppressed already."))
        return self.back()


class ImportView(PermissionCheckedMixin, Here):
    """A file is read and counted first; the second page says what would happen, and does it."""

    permission_required = "add"
    template_name = "wagtail_journeys/suppressions/import.html"
    page_title = _("Import suppressed addresses")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**{"form": FileForm(), **kwargs})

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "packed" in request.POST:
            return self.take(request)
        form = FileForm(request.POST, request.FILES)
        if form.is_valid():
            given = form.cleaned_data["file"]
            try:
                content = given.read(suppression_exchange.MOST_BYTES + 1)
                found = suppression_exchange.read(given.name, content)
            except ValidationError as error:
                form.add_error("file", error)
            else:
                note = form.cleaned_data["note"]
                return self.render_to_response(self.get_context_data(form=None, found=found, note=note))
        return self.render_to_response(self.get_context_data(form=form))

    def take(self, request: HttpRequest) -> HttpResponse:
        try:
            hashes = suppression_exchange.unpack(request.POST["packed"])
        except BadSignature:
            messages.error(request, _t("Please choose the file once more."))
            return HttpResponseRedirect(reverse(f"{URL_NAMESPACE}:import"))
        now = timezone.now()  # noqa: TID251 a view: somebody does it now
        note = request.POST.get("note", "")[:500]
        number = len(suppression.suppress_hashes(hashes, Suppression.Reason.MANUAL, note, now))
        row = Suppression.objects.filter(address_hash__in=hashes).first()
        if row is not None:
            log(row, ADD_ACTION, user=request.user, data={"addresses": number})
        words = ngettext("%d address is now suppressed.", "%d addresses are now suppressed.", number)
        messages.success(request, words % number)
        return self.back()


class LiftView(BaseObjectMixin, Here):
    """Undoing a suppression needs its own permission and a reason, which is logged."""

    template_name = "wagtail_journeys/suppressions/lift.html"
    page_title = _("Send to this address again")
    index_url_name = None
    #: ``perform(hashes, now)`` is the pipeline's, which lies above this package: segments look at the contacts again.
    perform: Callable[[Collection[str], Any], int]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(LIFT_PERMISSION):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = {"form": ReasonForm(), "suppression": self.object, **kwargs}
        return super().get_context_data(**context)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = ReasonForm(request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        now = timezone.now()  # noqa: TID251 a view: somebody does it now
        row = self.object
        about = {"reason": form.cleaned_data["reason"], "was": row.reason, "hash": row.address_hash}
        log(row, LIFT_ACTION, user=request.user, data=about, deleted=True)
        self.perform([row.address_hash], now)
        messages.success(request, _t("Emails may be sent to this address again."))
        return self.back()


class ExportView(PermissionCheckedMixin, Here):
    any_permission_required = ["view"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        kind = request.GET.get("format", "csv")
        kind = kind if kind in suppression_exchange.FORMATS else "csv"
        content, content_type = suppression_exchange.export(kind, Suppression.objects.order_by("pk"))
        response = HttpResponse(content, content_type=content_type)
        response.headers["Content-Disposition"] = f'attachment; filename="suppressed-addresses.{kind}"'
        return response


class SuppressionViewSet(ModelViewSet):
    model = Suppression
    name = "suppressions"
    url_prefix = "journeys/suppressions"
    url_namespace = URL_NAMESPACE
    icon = "no-view"
    menu_label = _("Suppressed addresses")
    add_to_reference_index = False
    copy_view_enabled = False
    inspect_view_enabled = False
    index_view_class = SuppressionIndexView
    add_view_class = AddView
    lift_view_class = LiftView
    filterset_class = SuppressionFilterSet
    search_fields = ["note"]
    search_backend_name = None
    list_per_page = PAGE
    form_fields: list[str] = []

    def get_common_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        absent = dict.fromkeys(["edit", "delete", "history", "usage"])
        return super().get_common_view_kwargs(**{f"{name}_url_name": None for name in absent}, **kwargs)

    def get_add_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return kwargs

    def get_permissions_to_register(self) -> QuerySet[Any]:
        kept = ["view_suppression", "add_suppression", "lift_suppression"]
        return super().get_permissions_to_register().filter(codename__in=kept)

    def get_urlpatterns(self) -> list[Any]:
        return [
            path("", self.index_view, name="index"),
            path("results/", self.index_results_view, name="index_results"),
            path("add/", self.add_view, name="add"),
            path("import/", self.construct_view(ImportView), name="import"),
            path("export/", self.construct_view(ExportView), name="export"),
            path("<int:pk>/lift/", self.construct_view(self.lift_view_class), name="lift"),
        ]


def register_log_actions(actions: Any) -> None:
    actions.register_action(ADD_ACTION, _("Suppress addresses"), _("Suppressed addresses"))
    actions.register_action(LIFT_ACTION, _("Send to a suppressed address again"), _("Suppression lifted"))
