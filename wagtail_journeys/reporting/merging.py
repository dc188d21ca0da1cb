"""Merging two contacts in the admin: choose the other one, see what would happen, confirm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView
from wagtail.admin import messages
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.log_actions import log

from wagtail_journeys.contacts.finding import meant
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.contacts.views import URL_NAMESPACE, contact_url
from wagtail_journeys.journeys import merging

MERGE_PERMISSION = "wagtail_journeys.merge_contact"
MERGE_ACTION = "wagtail_journeys.merge_contact"
MERGE_URL_NAME = "journeys_contact_merge"


@dataclass(frozen=True)
class Row:
    """One field of both contacts, side by side, and what the merged contact will say."""

    label: str
    kept: Any
    gone: Any
    result: Any

    @property
    def is_lost(self) -> bool:
        return bool(self.gone) and self.gone != self.result


def _labels() -> dict[str, Any]:
    return {field.name: field.verbose_name for field in Contact._meta.fields}


def rows(kept: Contact, gone: Contact) -> list[Row]:
    values, labels = merging.merged_values(kept, gone), _labels()
    found = [
        Row(
            str(labels[name]),
            getattr(kept, name),
            getattr(gone, name),
            values[name],
        )
        for name in (*merging.FIELDS, "points", "lifetime_value", "orders")
    ]
    names = sorted(kept.attributes.keys() | gone.attributes.keys())
    of_both = ((name, kept.attributes.get(name), gone.attributes.get(name)) for name in names)
    return found + [Row(name, mine, other, values["attributes"][name]) for name, mine, other in of_both]


def find(value: str, but: Contact) -> Contact | None:
    """Another contact by address, external id or number."""
    return Contact.objects.filter(meant(value)).exclude(pk=but.pk).order_by("pk").first() if value else None


class MergeView(WagtailAdminTemplateMixin, TemplateView):
    """Looking changes nothing; the confirmation does, in one transaction."""

    template_name = "wagtail_journeys/reporting/contact_merge.html"
    header_icon = "user"
    #: ``perform(kept id, gone id, now)`` is the pipeline's, which lies beside this package.
    perform: Callable[[int, int, Any], bool]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(MERGE_PERMISSION):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def kept(self) -> Contact:
        return get_object_or_404(Contact, pk=self.kwargs["pk"])

    def get_page_title(self) -> str:
        return _t("Merge contacts")

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse(f"{URL_NAMESPACE}:index"), "label": _("Contacts")},
            {"url": contact_url(self.kept.pk), "label": str(self.kept)},
            {"url": "", "label": self.get_page_title()},
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        value = self.request.GET.get("with", "").strip()
        gone = find(value, self.kept)
        context = {**super().get_context_data(**kwargs), "kept": self.kept, "gone": gone, "value": value}
        if gone is not None:
            context |= {"rows": rows(self.kept, gone), "moving": merging.count(gone, self.kept)}
        return context

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        given = request.POST.get("gone", "")
        gone = get_object_or_404(Contact, pk=int(given) if given.isdecimal() and len(given) < 19 else 0)
        now = timezone.now()  # noqa: TID251 a view: the editor merges now
        name = str(gone)
        if self.perform(self.kept.pk, gone.pk, now):
            log(self.kept, MERGE_ACTION, user=request.user, data={"contact": str(gone.uuid)})
            messages.success(
                request, _t("“%(gone)s” is now part of “%(kept)s”.") % {"gone": name, "kept": self.kept}
            )
        else:
            messages.error(request, _t("A contact cannot be merged with itself."))
        return HttpResponseRedirect(contact_url(self.kept.pk))
