"""Contacts in the admin: list, form, and the address of the contact page.

The page itself tells about events, segments, journeys and messages, which lie above contacts: ``wagtail_hooks`` hands it
in as ``inspect_view_class``.
"""

from __future__ import annotations

from typing import Any

import django_filters
from django.conf import settings
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import DateRangePickerWidget, WagtailFilterSet
from wagtail.admin.ui.tables import BooleanColumn, Column
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.snippets.views.snippets import CreateView, EditView, SnippetViewSet

from wagtail_journeys.contacts import topic_panels, topics
from wagtail_journeys.contacts.models import Contact, Topic
from wagtail_journeys.contacts.panels import edit_handler
from wagtail_journeys.contacts.views import URL_NAMESPACE, ContactIndexView

#: The views that a contact has not: deleting a person is more than deleting a row, and nothing refers to contacts.
WITHOUT = {"delete", "usage"}


def languages() -> list[tuple[str, str]]:
    """Languages that contacts have, with their code as the label."""
    codes = (
        Contact.objects.exclude(locale="")
        .order_by("locale")
        .values_list("locale", flat=True)
        .distinct()[:100]
    )
    return [(code, code) for code in codes]


class ContactFilterSet(WagtailFilterSet):
    locale = django_filters.ChoiceFilter(label=_("Language"), choices=languages, empty_label=_("All"))
    last_seen_at = django_filters.DateFromToRangeFilter(label=_("Last seen"), widget=DateRangePickerWidget)
    created_at = django_filters.DateFromToRangeFilter(label=_("Created"), widget=DateRangePickerWidget)

    class Meta:
        model = Contact
        fields: list[str] = []


class ContactViewSet(ModelViewSet):
    model = Contact
    name = "contacts"
    url_prefix = "journeys/contacts"
    url_namespace = URL_NAMESPACE
    icon = "user"
    menu_label = _("Contacts")
    edit_handler = edit_handler
    add_to_reference_index = False
    inspect_view_enabled = True
    copy_view_enabled = False
    index_view_class = ContactIndexView
    filterset_class = ContactFilterSet
    search_fields = ["email", "first_name", "last_name", "external_id"]
    search_backend_name = None
    list_per_page = 50
    list_export = [
        "uuid",
        "email",
        "external_id",
        "first_name",
        "last_name",
        "locale",
        "time_zone",
        "country",
        "points",
        "last_seen_at",
        "created_at",
    ]
    export_filename = "contacts"

    def get_common_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_common_view_kwargs(**{"delete_url_name": None, "usage_url_name": None, **kwargs})

    def get_urlpatterns(self) -> list[Any]:
        kept = [found for found in super().get_urlpatterns() if found.name not in WITHOUT | {"inspect"}]
        return [*kept, path("<int:pk>/", self.inspect_view, name="inspect")]


class KeepsWordings:
    """Saving a topic keeps the words that people agree to from now on, in every language of the site."""

    def save_instance(self) -> Topic:
        topic: Topic = super().save_instance()  # type: ignore[misc]
        now = timezone.now()  # noqa: TID251 a view: the editor saves now
        for code, _name in settings.LANGUAGES:
            topics.keep_wordings(topics.worded([topic], code), now)
        return topic


class TopicCreateView(KeepsWordings, CreateView):
    pass


class TopicEditView(KeepsWordings, EditView):
    pass


def short_mode(topic: Topic) -> str:
    """ "opt-in", without what that means: the form says it."""
    return str(topic.get_mode_display()).partition(":")[0]


class TopicViewSet(SnippetViewSet):
    model = Topic
    icon = "tag"
    menu_label = _("Topics")
    menu_name = "topics"
    index_results_template_name = "wagtail_journeys/topics/index_results.html"
    list_display = [
        "name",
        "purpose",
        Column("mode", label=_("Who gets it"), accessor=short_mode, sort_key="mode"),
        BooleanColumn("double_opt_in", label=_("Confirm by email"), sort_key="double_opt_in"),
        BooleanColumn("is_public", label=_("Contacts can choose it"), sort_key="is_public"),
    ]
    add_to_reference_index = False
    sort_order_field = "sort_order"
    edit_handler = topic_panels.edit_handler
    add_view_class = TopicCreateView
    edit_view_class = TopicEditView
