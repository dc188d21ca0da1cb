"""What the contact page says above its timeline. A handful of statements, whatever the contact has done."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _t

from wagtail_journeys.contacts.models import ConsentEntry, ConsentState, Contact, Suppression, address_hash
from wagtail_journeys.journeys.models import Refusal
from wagtail_journeys.reporting.standing import Standing, refusals, standings
from wagtail_journeys.segments.models import Membership, Segment

#: Rows shown of each list; a contact in more segments than that is rare, and the timeline has them all.
SHOWN = 100


@dataclass(frozen=True)
class Summary:
    contact: Contact
    visitors: int
    suppression: Suppression | None
    consents: list[Consent]
    memberships: list[Membership]
    #: Those the contact is inside now, then the newest of the others.
    journeys: list[Standing]
    refusals: list[Refusal]
    #: Live segments with rules that the contact is not in.
    elsewhere: list[Segment]
    now: datetime.datetime

    @property
    def is_paused(self) -> bool:
        until = self.contact.paused_until
        return until is not None and until > self.now

    @property
    def attributes(self) -> list[tuple[str, str]]:
        return [(name, plain(value)) for name, value in sorted(self.contact.attributes.items())]


def plain(value: Any) -> str:
    """An attribute as somebody would write it, not as Python does."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return _t("yes") if value else _t("no")
    if isinstance(value, list) and not any(isinstance(item, list | dict) for item in value):
        return ", ".join(plain(item) for item in value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, indent=1)
    return str(value)


def contacts() -> QuerySet[Contact]:
    """Contacts with the number of their visitor ids."""
    return Contact.objects.annotate(visitors=Count("identities"))


def summary(contact: Contact, now: datetime.datetime) -> Summary:
    """Everything about a contact of ``contacts()`` that is true now."""
    return Summary(
        contact=contact,
        visitors=getattr(contact, "visitors", 0),
        suppression=(
            Suppression.objects.filter(address_hash=address_hash(contact.email)).first()
            if contact.email
            else None
        ),
        consents=consents(contact.pk),
        memberships=list(
            Membership.objects.filter(contact_id=contact.pk, left_at__isnull=True)
            .select_related("segment")
            .order_by("segment__name")[:SHOWN]
        ),
        journeys=standings(contact.pk, now),
        refusals=refusals(contact.pk),
        elsewhere=list(
            Segment.objects.filter(live=True, kind=Segment.Kind.DYNAMIC)
            .exclude(memberships__in=Membership.objects.filter(contact_id=contact.pk, left_at__isnull=True))
            .order_by("name")
            .only("pk", "name")[:SHOWN]
        ),
        now=now,
    )


@dataclass(frozen=True)
class Consent:
    """A present consent, and the entry of the ledger that decided it."""

    state: ConsentState
    entry: ConsentEntry | None

    @property
    def proof(self) -> list[tuple[str, str]]:
        return [
            (name, plain(value)) for name, value in (self.entry.proof if self.entry else {}).items() if value
        ]


def consents(contact_id: int) -> list[Consent]:
    """The present consents, each with what proves it. Two statements."""
    newest = ConsentEntry.objects.filter(contact_id=OuterRef("contact_id"), topic_id=OuterRef("topic_id"))
    states = list(
        ConsentState.objects.filter(contact_id=contact_id)
        .select_related("topic")
        .annotate(decided=Subquery(newest.order_by("-occurred_at", "-pk").values("pk")[:1]))
        .order_by("topic__name")[:SHOWN]
    )
    entries = ConsentEntry.objects.select_related("actor").in_bulk({state.decided for state in states})
    return [Consent(state, entries.get(state.decided)) for state in states]
