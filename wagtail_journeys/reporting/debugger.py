"""The debugger: what comes in just now, why something was rejected, and another try once the cause is mended."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.generic import TemplateView
from wagtail.admin import messages
from wagtail.admin.menu import MenuItem
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.admin.viewsets.base import ViewSet
from wagtail.permissions import policy_registry

from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events import deadletters
from wagtail_journeys.events.models import Event, InboxItem
from wagtail_journeys.reporting import tail

DEBUGGER_PERMISSION = "wagtail_journeys.use_debugger"
URL_NAMESPACE = "journeys_debugger"
BOTS = {"": _("All"), "without": _("Without bots"), "only": _("Bots only")}


def wanted_of(given: Any) -> tail.Wanted:
    """The filters in a query string or a form."""
    values = {
        name: str(given.get(name, "")).strip()[:320]
        for name in ("state", "source", "name", "contact", "bots")
    }
    values["state"] = values["state"] if values["state"] in tail.STATES else ""
    values["bots"] = values["bots"] if values["bots"] in BOTS else ""
    return tail.Wanted(**values)


class DebuggerMixin(WagtailAdminTemplateMixin):
    """Payloads hold what people typed: who may see them has a permission of its own."""

    header_icon = "code"
    request: HttpRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(DEBUGGER_PERMISSION):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_page_title(self) -> str:
        return _t("Debugger")

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [*self.breadcrumbs_items, {"url": "", "label": self.get_page_title()}]

    def may_see_contacts(self) -> bool:
        policy = policy_registry.get_by_type(Contact)
        return bool(policy.user_has_any_permission(self.request.user, ["add", "change", "delete", "view"]))


class TailView(DebuggerMixin, TemplateView):
    """The newest events; the page asks for them again by itself until it is told to pause."""

    template_name = "wagtail_journeys/reporting/debugger.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        wanted = wanted_of(self.request.GET)
        before = self.request.GET.get("before", "")
        page = tail.page(wanted, before)
        query = wanted.query()
        return {
            **super().get_context_data(**kwargs),
            "wanted": wanted,
            "query": urlencode(query),
            "page": page,
            "is_newest": not before,
            "older": urlencode(query | {"before": page.older}) if page.older else "",
            "states": tail.STATES,
            "bots": BOTS,
            "may_see_contacts": self.may_see_contacts(),
        }


class TailResultsView(TailView):
    """The lines alone, for the page that looks again."""

    template_name = "wagtail_journeys/reporting/debugger_lines.html"


class LineView(DebuggerMixin, TemplateView):
    """One event with everything that is known of it."""

    template_name = "wagtail_journeys/reporting/debugger_line.html"

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse(f"{URL_NAMESPACE}:index"), "label": self.get_page_title()},
            {"url": "", "label": _("Event")},
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        if self.kwargs["kind"] == "event":
            event = get_object_or_404(Event.objects.select_related("contact"), pk=self.kwargs["pk"])
            line = tail.line_of_event(event)
        else:
            item = get_object_or_404(InboxItem, pk=self.kwargs["pk"])
            line = tail.line_of_item(item)
        letters = (
            InboxItem.objects.filter(pk=line.pk) if line.state == tail.REJECTED else InboxItem.objects.none()
        )
        return {
            **super().get_context_data(**kwargs),
            "line": line,
            "is_repeatable": deadletters.repeatable(letters).exists(),
            "may_see_contacts": self.may_see_contacts(),
        }


class ActView(DebuggerMixin, TemplateView):
    """Submit rejected events again, or delete them: one, or all that a filter shows. First the numbers, then the deed."""

    template_name = "wagtail_journeys/reporting/debugger_act.html"

    def letters(self, given: Any) -> QuerySet[InboxItem]:
        one = given.get("pk", "")
        rejected = InboxItem.objects.filter(dead_at__isnull=False)
        if one:
            return rejected.filter(pk=int(one) if one.isdecimal() and len(one) < 19 else 0)
        found = tail.items_of(wanted_of({**given.dict(), "state": tail.REJECTED}))
        top = given.get("top", "")
        # What has come in since the numbers were shown was not meant.
        return found.filter(pk__lte=int(top)) if top.isdecimal() and len(top) < 19 else found

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        if self.kwargs["action"] not in ("again", "delete"):
            raise Http404
        letters = self.letters(self.request.GET)
        newest = letters.order_by("-pk").values_list("pk", flat=True).first()
        given = {name: value for name, value in self.request.GET.items() if value and name != "top"}
        return {
            **super().get_context_data(**kwargs),
            "action": self.kwargs["action"],
            "total": letters.count(),
            "repeatable": deadletters.repeatable(letters).count(),
            "given": given | {"top": newest or 0},
        }

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        letters = self.letters(request.POST)
        if self.kwargs["action"] == "again":
            again = deadletters.submit_again(letters)
            done = again.submitted
            if again.rejected:
                text = ngettext(
                    "%(n)s event was rejected once more; its reason is up to date.",
                    "%(n)s events were rejected once more; their reasons are up to date.",
                    again.rejected,
                )
                messages.warning(request, text % {"n": again.rejected})
            text = ngettext("%(n)s event was submitted again.", "%(n)s events were submitted again.", done)
        elif self.kwargs["action"] == "delete":
            done = deadletters.discard(letters)
            text = ngettext("%(n)s rejected event was deleted.", "%(n)s rejected events were deleted.", done)
        else:
            raise Http404
        messages.success(request, text % {"n": done})
        return HttpResponseRedirect(reverse(f"{URL_NAMESPACE}:index"))


class DebuggerMenuItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(DEBUGGER_PERMISSION))


class DebuggerViewSet(ViewSet):
    name = URL_NAMESPACE
    url_prefix = "journeys/debugger"
    menu_label = _("Debugger")
    icon = "code"
    menu_item_class = DebuggerMenuItem

    def get_urlpatterns(self) -> list[Any]:
        return [
            path("", TailView.as_view(), name="index"),
            path("lines/", TailResultsView.as_view(), name="lines"),
            path("act/<str:action>/", ActView.as_view(), name="act"),
            path("<str:kind>/<int:pk>/", LineView.as_view(), name="line"),
        ]
