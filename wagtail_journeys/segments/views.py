"""The page of one segment, and changing a list by hand. A view is where the clock is read."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection
from typing import Any

from django.contrib.admin.utils import quote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.generic import TemplateView, View
from wagtail.admin import messages
from wagtail.admin.admin_url_finder import AdminURLFinder
from wagtail.admin.views.generic.base import BaseObjectMixin, WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.admin.widgets.button import HeaderButton
from wagtail.log_actions import log
from wagtail.models import ModelLogEntry

from wagtail_journeys.contacts.models import Contact

from . import charts, compiler, drafts, exports, lists, members, sizes, usage
from .membership import Change
from .models import Membership, Segment
from .preview import may_see_contacts

ADDED, REMOVED = "wagtail_journeys.list_added", "wagtail_journeys.list_removed"
ACTIONS = {"add": ADDED, "remove": REMOVED}
GROWTH_DAYS = 90


class SegmentView(PermissionCheckedMixin, BaseObjectMixin, WagtailAdminTemplateMixin, TemplateView):
    """What a segment says, how it grew, who uses it, which others are like it, and who is in it."""

    model = Segment
    any_permission_required = ["add", "change", "delete", "view", "publish"]
    template_name = "wagtail_journeys/segments/segment.html"
    header_icon = "group"
    index_url_name = None
    edit_url_name = None
    inspect_url_name = None
    list_change_url_name = None
    list_undo_url_name = None

    def get_base_object_queryset(self) -> QuerySet[Segment]:
        return sizes.with_members(Segment.objects.all())

    def get_page_title(self) -> str:
        return str(self.object)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        index = {"url": reverse(self.index_url_name), "label": _("Segments")}
        return [*self.breadcrumbs_items, index, {"url": "", "label": str(self.object)}]

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        if self.edit_url_name and self.user_has_permission("change"):
            url = reverse(self.edit_url_name, args=[quote(self.object.pk)])
            return [HeaderButton(_t("Edit"), url=url, icon_name="edit")]
        return []

    def list_url(self, mode: str = "add") -> str:
        return reverse(self.list_change_url_name, args=[self.object.pk, mode])

    def list_remove_url(self) -> str:
        return self.list_url("remove")

    def undo_url(self) -> str:
        """Where the number of the log entry is to be put behind."""
        return reverse(self.list_undo_url_name, args=[self.object.pk, 0]).removesuffix("0/")

    @cached_property
    def now(self) -> datetime.datetime:
        return timezone.now()  # noqa: TID251 a view

    @cached_property
    def shown(self) -> str:
        given = self.request.GET.get("shown", "")
        return given if given in members.SHOWN else "now"

    def stays(self) -> QuerySet[Membership]:
        return members.stays(self.object, self.shown, self.request.GET.get("q", "").strip(), self.now)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        kind = request.GET.get("export", "")
        if kind in exports.FORMATS:
            if not may_see_contacts(request.user):
                raise PermissionDenied
            return exports.response(self.object, self.stays(), kind)
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        segment, may_see = self.object, may_see_contacts(self.request.user)
        today = sizes.day_of(self.now)
        days = sizes.growth(segment.pk, today, GROWTH_DAYS)
        shared, estimated = members.overlaps(segment, segment.members)
        search = self.request.GET.get("q", "").strip()
        found = members.page(self.stays(), self.request.GET.get("before", "")) if may_see else None
        query = {"shown": self.shown, "q": search}
        finder = AdminURLFinder(self.request.user)
        is_list = segment.kind == Segment.Kind.STATIC
        return {
            **super().get_context_data(**kwargs),
            "segment": segment,
            "is_list": is_list,
            "sentence": "" if is_list else drafts.sentence(segment.match, segment.raw_rules),
            "days": days,
            "chart": charts.growth(days),
            "overlaps": shared,
            "estimated": estimated,
            "users": [
                (user, user._meta.verbose_name, finder.get_edit_url(user))
                for user in usage.used_by([segment.pk])[segment.pk]
            ],
            "may_see_contacts": may_see,
            "may_change": is_list and may_see and self.user_has_permission("change"),
            "page": found,
            "shown": self.shown,
            "choices": members.SHOWN,
            "q": search,
            "older": urlencode({**query, "before": found.older}) if found and found.older else "",
            "query": urlencode(query),
            "exports": exports.FORMATS,
            "undo": undoable(segment) if is_list else None,
        }


def undoable(segment: Segment) -> ModelLogEntry | None:
    """The last change to a list that was made by hand, unless it has been undone."""
    last = (
        ModelLogEntry.objects.for_instance(segment)
        .filter(action__in=[ADDED, REMOVED])
        .order_by("-pk")
        .first()
    )
    return last if last and not last.data.get("undone") else None


class ListView(PermissionCheckedMixin, WagtailAdminTemplateMixin):
    """What views that change a list by hand share. ``perform`` is the pipeline's, which lies above this package."""

    model = Segment
    permission_required = "change"
    header_icon = "group"
    index_url_name = None
    inspect_url_name = None
    perform: Callable[[Callable[..., list[Change]], Segment, Collection[int], datetime.datetime], int]

    request: HttpRequest
    kwargs: dict[str, Any]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not may_see_contacts(request.user):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def segment(self) -> Segment:
        return get_object_or_404(Segment, pk=self.kwargs["pk"], kind=Segment.Kind.STATIC)

    def back(self) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse(self.inspect_url_name, args=[quote(self.segment.pk)]))


class ListChangeView(ListView, TemplateView):
    """Add or remove contacts: paste addresses or pick contacts, see what would happen, confirm."""

    template_name = "wagtail_journeys/segments/list_change.html"

    @property
    def mode(self) -> str:
        mode = self.kwargs["mode"]
        if mode not in ACTIONS:
            raise Http404
        return str(mode)

    def get_page_title(self) -> str:
        return _t("Add contacts") if self.mode == "add" else _t("Remove contacts")

    def get_page_subtitle(self) -> str:
        return str(self.segment)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse(self.index_url_name), "label": _("Segments")},
            {"url": self.back().url, "label": str(self.segment)},
            {"url": "", "label": self.get_page_title()},
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        search = self.request.GET.get("q", "").strip()
        return {
            **super().get_context_data(**kwargs),
            "segment": self.segment,
            "mode": self.mode,
            "q": search,
            "found": self.candidates(search)[:20] if search else [],
            "cancel": self.back().url,
        }

    def candidates(self, search: str) -> QuerySet[Contact]:
        inside = Membership.objects.filter(segment=self.segment, left_at__isnull=True).values("contact_id")
        asked = Contact.objects.filter(email__startswith=search.lower()) | Contact.objects.filter(
            external_id__startswith=search
        )
        asked |= Contact.objects.filter(first_name__istartswith=search)
        asked |= Contact.objects.filter(last_name__istartswith=search)
        known = asked.order_by("email", "pk")
        return known.exclude(pk__in=inside) if self.mode == "add" else known.filter(pk__in=inside)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        pasted = lists.read_addresses(request.POST.get("addresses", ""))
        picked = [
            int(pk)
            for pk in request.POST.getlist("contacts")
            if pk.isascii() and pk.isdecimal() and len(pk) < 19
        ]
        contacts = sorted({*pasted.contacts, *picked})
        inside = set(
            Membership.objects.filter(
                compiler.among(contacts, "contact_id"), segment=self.segment, left_at__isnull=True
            ).values_list("contact_id", flat=True)
        )
        moving = sorted(inside if self.mode == "remove" else set(contacts) - inside)
        if "confirm" not in request.POST:
            context = self.get_context_data(
                pasted=pasted,
                addresses=request.POST.get("addresses", ""),
                picked=picked,
                moving=len(moving),
                staying=len(contacts) - len(moving),
                checked=True,
            )
            return self.render_to_response(context)
        now = timezone.now()  # noqa: TID251 a view: somebody changes the list now
        number = self.perform(lists.add if self.mode == "add" else lists.remove, self.segment, moving, now)
        if number:
            data = {"count": number, "at": now.isoformat()}
            log(self.segment, ACTIONS[self.mode], user=request.user, data=data)
        messages.success(request, said(self.mode, number))
        return self.back()


def said(mode: str, number: int) -> str:
    if mode == "add":
        return ngettext("%d contact was added.", "%d contacts were added.", number) % number
    return ngettext("%d contact was removed.", "%d contacts were removed.", number) % number


class ListUndoView(ListView, View):
    """Undo the last change to a list that was made by hand."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        entry = undoable(self.segment)
        at = parse_datetime(entry.data.get("at", "")) if entry and entry.pk == kwargs["entry"] else None
        if entry is None or at is None:
            messages.error(request, _t("There is nothing to undo: the list was changed again meanwhile."))
            return self.back()
        now = timezone.now()  # noqa: TID251 a view: somebody undoes it now
        added = entry.action == ADDED

        def take_back(segment: Segment, _contacts: Collection[int], now: datetime.datetime) -> list[Change]:
            return lists.take_back(segment, at, now, added=added)

        number = self.perform(take_back, self.segment, [], now)
        ModelLogEntry.objects.filter(pk=entry.pk).update(data={**entry.data, "undone": True})
        log(
            self.segment,
            REMOVED if added else ADDED,
            user=request.user,
            data={"count": number, "undone": True},
        )
        messages.success(request, said("remove" if added else "add", number))
        return self.back()
