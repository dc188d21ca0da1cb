"""The list of contacts, narrowed by what lies above contacts."""

from __future__ import annotations

import django_filters
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.contacts.viewsets import ContactFilterSet
from wagtail_journeys.segments.models import Membership, Segment


class ContactReportFilterSet(ContactFilterSet):
    segment = django_filters.ModelChoiceFilter(
        label=_("In segment"),
        queryset=Segment.objects.order_by("name"),
        method="in_segment",
        empty_label=_("All"),
    )

    def in_segment(
        self, contacts: QuerySet[Contact], name: str, segment: Segment | None
    ) -> QuerySet[Contact]:
        if segment is None:
            return contacts
        stay = Membership.objects.filter(contact=OuterRef("pk"), segment=segment, left_at__isnull=True)
        return contacts.filter(Exists(stay))
