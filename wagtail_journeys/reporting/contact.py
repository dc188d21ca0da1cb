"""What the contact page says above its timeline. Five statements, whatever the contact has done."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _t
from django.utils.translation import ngettext

from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.contacts.models import ConsentEntry, ConsentState, Contact, Suppression, address_hash
from wagtail_journeys.journeys.models import Journey, Visit
from wagtail_journeys.reporting.sentences import StepWords, duration, sentence, words_of
from wagtail_journeys.segments.models import Membership, Segment

#: Rows shown of each list; a contact in more segments than that is rare, and the timeline has them all.
SHOWN = 100


@dataclass(frozen=True)
class Standing:
    """Where an active journey stands, and why it waits."""

    journey: Journey
    step: StepWords
    why: str


@dataclass(frozen=True)
class Summary:
    contact: Contact
    visitors: int
    suppression: Suppression | None
    consents: list[Any]
    memberships: list[Membership]
    journeys: list[Standing]
    #: Live segments with rules that the contact is not in.
    elsewhere: list[Segment]

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
        elsewhere=list(
            Segment.objects.filter(live=True, kind=Segment.Kind.DYNAMIC)
            .exclude(memberships__in=Membership.objects.filter(contact_id=contact.pk, left_at__isnull=True))
            .order_by("name")
            .only("pk", "name")[:SHOWN]
        ),
    )


def consents(contact_id: int) -> list[Any]:
    """The present consents with the source of the entry that decided each."""
    newest = ConsentEntry.objects.filter(contact_id=OuterRef("contact_id"), topic_id=OuterRef("topic_id"))
    return list(
        ConsentState.objects.filter(contact_id=contact_id)
        .select_related("topic")
        .annotate(source=Subquery(newest.order_by("-occurred_at", "-pk").values("source")[:1]))
        .order_by("topic__name")[:SHOWN]
    )


def standings(contact_id: int, now: datetime.datetime) -> list[Standing]:
    error = Visit.objects.filter(pk=OuterRef("visit_id")).values("reason")
    active = list(
        Journey.objects.filter(contact_id=contact_id, state=Journey.State.ACTIVE)
        .select_related("campaign")
        .annotate(error=Subquery(error))
        .order_by(F("due_at").asc(nulls_last=True), "pk")[:SHOWN]
    )
    words = words_of(journey.version_id for journey in active)
    unknown = StepWords(_t("a step that is gone"))
    return [
        Standing(
            journey,
            words.get(journey.version_id, {}).get(journey.step_id, unknown),
            why_it_waits(journey, now),
        )
        for journey in active
    ]


def why_it_waits(journey: Journey, now: datetime.datetime) -> str:
    """Why an active journey has not gone on yet."""
    campaign = journey.campaign
    if not campaign.live:
        return _t("The campaign is not live: nothing moves until it is published again.")
    if campaign.state == Campaign.State.PAUSED:
        return _t("The campaign is paused: nothing moves until somebody resumes it.")
    if campaign.state == Campaign.State.ENDED:
        return _t("The campaign has ended: the contact will be taken out.")
    if journey.attempts:
        tried = ngettext("Failed %d time", "Failed %d times", journey.attempts) % journey.attempts
        error = getattr(journey, "error", "")
        return sentence(f"{tried}: {error}" if error else tried)
    if journey.due_at is None:
        return _t("Waits for something to happen.")
    if journey.due_at <= now:
        return _t("Due: it goes on when a cluster looks at the queue.")
    return _t("Goes on in %s.") % duration(journey.due_at - now)
