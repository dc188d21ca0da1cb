"""The catalogue of events in the admin: what comes in, who needs it, and what of it is wanted."""

from __future__ import annotations

import datetime
from typing import Any

import django_filters
from django.contrib.admin.utils import quote
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.panels import FieldPanel, MultiFieldPanel, ObjectList
from wagtail.admin.ui.tables import Column, DateColumn, NumberColumn, StatusTagColumn, TitleColumn
from wagtail.admin.views import generic
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.widgets.button import Button
from wagtail.permissions import policy_registry

from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events import catalogue, drawing, needs
from wagtail_journeys.events.forms import EventForm
from wagtail_journeys.events.models import Event, EventDefinition
from wagtail_journeys.events.observing import Kind

URL_NAMESPACE = "journeys_events"
RECENT = 20

edit_handler = ObjectList(
    [
        FieldPanel("name"),
        FieldPanel("label"),
        FieldPanel("description"),
        MultiFieldPanel(
            [FieldPanel("declared"), FieldPanel("anonymous_allowed")], heading=_("What it may do")
        ),
        FieldPanel(
            "declared_properties",
            help_text=_(
                "What the event has besides its name. Editors are offered these, and a value of another type is "
                "pointed out on the page of the event; nothing is refused for it."
            ),
        ),
        MultiFieldPanel([FieldPanel("expected"), FieldPanel("ignored")], heading=_("Warnings")),
    ],
    base_form_class=EventForm,
)


def url_of(name: str, event: EventDefinition) -> str:
    return reverse(f"{URL_NAMESPACE}:{name}", args=[quote(event.pk)])


def is_built_in(event: EventDefinition) -> bool:
    return event.name in catalogue.LABELS


def words_of(event: EventDefinition) -> str:
    return str(catalogue.LABELS.get(event.name) or event.label)


def state_of(event: EventDefinition) -> str:
    if is_built_in(event):
        return _t("built in")
    if event.ignored:
        return _t("ignored")
    if not event.declared:
        return _t("not declared")
    return _t("declared for visitors") if event.anonymous_allowed else _t("declared")


def seen_choices() -> list[tuple[str, Any]]:
    return [
        ("7", _("in the last 7 days")),
        ("30", _("in the last 30 days")),
        ("before", _("longer ago")),
        ("never", _("never")),
    ]


class EventFilterSet(WagtailFilterSet):
    declared = django_filters.BooleanFilter(label=_("Declared"))
    anonymous_allowed = django_filters.BooleanFilter(label=_("Visitors may send it"))
    seen = django_filters.ChoiceFilter(
        label=_("Seen"), choices=seen_choices, empty_label=_("All"), method="seen_when"
    )
    ignored = django_filters.BooleanFilter(label=_("Ignored"))

    class Meta:
        model = EventDefinition
        fields: list[str] = []

    def seen_when(
        self, events: QuerySet[EventDefinition], name: str, value: str
    ) -> QuerySet[EventDefinition]:
        if value == "never":
            return events.filter(last_seen__isnull=True)
        days = 30 if value == "before" else int(value)
        since = timezone.now() - datetime.timedelta(days=days)  # noqa: TID251  a view
        if value == "before":
            return events.filter(last_seen__lt=since)
        return events.filter(last_seen__gte=since)


class Needed:
    """Who needs which event, as far as this user may know."""

    request: HttpRequest

    @cached_property
    def now(self) -> datetime.datetime:
        return timezone.now()  # noqa: TID251  a view: "now" is when the editor looks

    @cached_property
    def needs(self) -> dict[str, list[needs.Need]]:
        found: dict[str, list[needs.Need]] = {}
        for need in needs.needs():
            if needs.may_be_seen(need, self.request.user):
                found.setdefault(need.event, []).append(need)
        return found

    @cached_property
    def doubts(self) -> dict[str, catalogue.Doubt]:
        return {doubt.event: doubt for doubt in catalogue.absent(self.now)}


class EventIndexView(Needed, generic.IndexView):
    results_template_name = "wagtail_journeys/events/index_results.html"
    default_ordering = "-last_seen"
    any_permission_required = ["add", "change", "view"]

    @cached_property
    def columns(self) -> list[Column]:
        return [
            self._get_title_column_class(TitleColumn)(
                "name",
                label=_("Name"),
                accessor="name",
                sort_key="name",
                get_url=lambda event: url_of("inspect", event),
            ),
            Column("words", label=_("In words"), accessor=words_of),
            StatusTagColumn(
                "declared",
                label=_("State"),
                accessor=state_of,
                primary=lambda event: event.declared,
                sort_key="declared",
            ),
            Column("used_by", label=_("Used by"), accessor=self.used_by),
            NumberColumn("volume", label=_("Number"), sort_key="volume"),
            Column(
                "days",
                label=_("Last 30 days"),
                accessor=lambda event: drawing.sparkline(event.daily, self.now),
            ),
            DateColumn("first_seen", label=_("First seen"), sort_key="first_seen"),
            DateColumn("last_seen", label=_("Last seen"), sort_key="last_seen"),
        ]

    def used_by(self, event: EventDefinition) -> SafeString:
        found = {need.url: need for need in self.needs.get(event.name, ())}
        names = format_html_join(
            ", ", '<a href="{}">{}</a>', ((need.url, need.title) for need in found.values())
        )
        doubt = self.doubts.get(event.name)
        if doubt is None:
            return names
        return format_html('{} <span class="wj-tag wj-tag--critical">{}</span>', names, short(doubt))

    def order_queryset(self, queryset: QuerySet[EventDefinition]) -> QuerySet[EventDefinition]:
        field = self.ordering.lstrip("-")
        if field in ("first_seen", "last_seen"):
            # Never seen is the end of both.
            key = (
                F(field).desc(nulls_last=True)
                if self.ordering.startswith("-")
                else F(field).asc(nulls_last=True)
            )
            return queryset.order_by(key, "name")
        return queryset.order_by(self.ordering, "name")

    def get_base_queryset(self) -> QuerySet[EventDefinition]:
        return EventDefinition.objects.defer("seen_properties", "declared_properties")

    def get_list_more_buttons(self, instance: EventDefinition) -> list[Button]:
        buttons: list[Button] = super().get_list_more_buttons(instance)
        if not instance.declared and self.user_has_permission("change"):
            url = url_of("edit", instance) + "?declare=1"
            buttons.append(Button(_("Declare"), url=url, icon_name="check", priority=5))
        return buttons

    def get_delete_url(self, instance: EventDefinition) -> str | None:
        return None if is_built_in(instance) else super().get_delete_url(instance)

    def get_context_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(*args, **kwargs)
        context["narrowed"] = bool(self.is_searching or self.is_filtering)
        return context


def short(doubt: catalogue.Doubt) -> str:
    return {
        "never": _t("never seen"),
        "silent": _t("expected, but absent"),
        "held": _t("starts nothing"),
    }[doubt.problem]


class EventEditView(generic.EditView):
    def get_initial(self) -> dict[str, Any]:
        """The link “Declare” opens the form with what it is about already ticked."""
        initial: dict[str, Any] = super().get_initial()
        if "declare" in self.request.GET:
            by_visitors = bool(catalogue.VISITORS & set(self.object.sources))
            initial |= {"declared": True, "anonymous_allowed": by_visitors}
        return initial

    @cached_property
    def can_delete(self) -> bool:
        return not is_built_in(self.object) and self.user_has_permission_for_instance("delete", self.object)


class EventDeleteView(generic.DeleteView):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if is_built_in(self.object):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)


class EventView(Needed, generic.InspectView):
    """One event: what is known of it, who needs it, its properties, and the newest of them."""

    template_name = "wagtail_journeys/events/event.html"
    any_permission_required = ["add", "change", "view"]
    page_title = _("Event")
    header_icon = "history"

    def get_fields(self) -> list[str]:
        return []

    def get_delete_url(self) -> str | None:
        return None if is_built_in(self.object) else super().get_delete_url()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        event: EventDefinition = self.object
        user = self.request.user
        may_see_contacts = policy_registry.get_by_type(Contact).user_has_any_permission(
            user, ["add", "change", "delete", "view"]
        )
        edit_url = self.get_edit_url()
        kinds = {kind.value: kind.label for kind in Kind}
        return {
            **super().get_context_data(**kwargs),
            "event": event,
            "words": words_of(event),
            "state": state_of(event),
            "built_in": is_built_in(event),
            "doubt": catalogue.doubt_about(event.name, self.needs.get(event.name, ()), self.now),
            "needs": list({need.url: need for need in self.needs.get(event.name, ())}.values()),
            "sparkline": drawing.sparkline(event.daily, self.now),
            "spark_words": drawing.in_words(drawing.counts(event.daily, self.now)),
            "properties": [
                (item, kinds.get(item.kind, "–"), ", ".join(str(kinds.get(kind, kind)) for kind in item.seen))
                for item in event.properties
            ],
            "documented": catalogue.PROPERTIES.get(event.name, {}),
            "recent": Event.objects.filter(name=event.name)
            .select_related("contact")
            .order_by("-occurred_at", "-pk")[:RECENT],
            "may_see_contacts": may_see_contacts,
            "may_debug": user.has_perm("wagtail_journeys.use_debugger"),
            "declare_url": f"{edit_url}?declare=1" if edit_url and not event.declared else "",
        }


class EventViewSet(ModelViewSet):
    model = EventDefinition
    name = "events"
    url_prefix = "journeys/events"
    url_namespace = URL_NAMESPACE
    icon = "history"
    menu_label = _("Events")
    edit_handler = edit_handler
    add_to_reference_index = False
    copy_view_enabled = False
    inspect_view_enabled = True
    inspect_template_name = EventView.template_name
    index_view_class = EventIndexView
    edit_view_class = EventEditView
    delete_view_class = EventDeleteView
    inspect_view_class = EventView
    filterset_class = EventFilterSet
    search_fields = ["name", "label", "description"]
    search_backend_name = None
    list_per_page = 50

    def get_common_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_common_view_kwargs(**{"usage_url_name": None, **kwargs})

    def get_urlpatterns(self) -> list[Any]:
        return [found for found in super().get_urlpatterns() if found.name != "usage"]
