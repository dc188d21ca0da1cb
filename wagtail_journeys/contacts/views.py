"""The list of contacts."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.tables import Column, DateColumn, TitleColumn
from wagtail.admin.views import generic

from wagtail_journeys.contacts.models import Contact

URL_NAMESPACE = "journeys_contacts"


def contact_url(contact_id: int) -> str:
    """The page of one contact."""
    return reverse(f"{URL_NAMESPACE}:inspect", args=[contact_id])


class ContactIndexView(generic.IndexView):
    """Search and filters by the ORM: contacts are in no search index, that would make every new one eleven statements."""

    results_template_name = "wagtail_journeys/contacts/index_results.html"
    default_ordering = "-created_at"

    @cached_property
    def columns(self) -> list[Column]:
        return [
            self._get_title_column_class(TitleColumn)(
                "contact", label=_("Contact"), accessor=str, get_url=lambda contact: contact_url(contact.pk)
            ),
            Column("name", label=_("Name")),
            Column("locale", label=_("Language"), sort_key="locale"),
            DateColumn("last_seen_at", label=_("Last seen"), sort_key="last_seen_at"),
            DateColumn("created_at", label=_("Created"), sort_key="created_at"),
        ]

    def order_queryset(self, queryset: QuerySet[Contact]) -> QuerySet[Contact]:
        if self.ordering == "-last_seen_at":
            return queryset.order_by(F("last_seen_at").desc(nulls_last=True), "-pk")
        if self.ordering == "last_seen_at":
            return queryset.order_by(F("last_seen_at").asc(nulls_first=True), "pk")
        return queryset.order_by(self.ordering, "-pk")

    def search_queryset(self, queryset: QuerySet[Contact]) -> QuerySet[Contact]:
        """Every word must be found in one of the fields, so that a first and a last name together find a person."""
        for word in self.search_query.split():
            found = Q()
            for field in self.search_fields or []:
                found |= Q(**{f"{field}__icontains": word})
            try:
                found |= Q(uuid=uuid.UUID(word))
            except ValueError:
                pass
            queryset = queryset.filter(found)
        return queryset

    def get_context_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(*args, **kwargs)
        context["narrowed"] = bool(self.is_searching or self.is_filtering)
        return context

    def get_page_title(self) -> str:
        return _t("Contacts")
