"""Segments kept by hand: contacts are added and removed by people, imports and campaigns. History is kept."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef

from wagtail_journeys import db
from wagtail_journeys.contacts.models import Contact, normalise_email

from . import compiler
from .membership import Change
from .models import Membership, Segment


def add(segment: Segment, contacts: Collection[int], now: datetime.datetime) -> list[Change]:
    """Let these contacts (ids) into the list; those who are on it, and those who do not exist, change nothing.

    Two statements. Inside a transaction; hand the changes to ``pipeline.change_list`` or ``pipeline.follow``, which see
    to the segments and campaigns that look at the list. Raises ValueError for a segment that rules decide about.
    """
    _check(segment)
    known = Contact.objects.filter(compiler.among(contacts)).order_by("pk").values_list("pk", flat=True)
    made = db.insert_rows(
        Membership,
        ["segment", "contact", "entered_at"],
        [(segment.pk, contact, now) for contact in known],
        ignore_conflicts=True,
        returning=["id", "contact"],
    )
    return [Change(segment.pk, contact, pk, True, now) for pk, contact in made]


def remove(segment: Segment, contacts: Collection[int], now: datetime.datetime) -> list[Change]:
    """End the stays of these contacts (ids); who is not on the list changes nothing. Like ``add``."""
    _check(segment)
    inside = Membership.objects.filter(
        compiler.among(contacts, "contact_id"), segment=segment, left_at__isnull=True
    )
    stays = list(inside.values_list("pk", "contact_id"))
    db.update_rows(Membership, "id", ["left_at"], [(pk, now) for pk, _contact in stays])
    return [Change(segment.pk, contact, pk, False, now) for pk, contact in stays]


def take_back(
    segment: Segment, at: datetime.datetime, now: datetime.datetime, *, added: bool
) -> list[Change]:
    """Undo what was added, or removed, at the moment ``at``.

    Who was added then and is still there leaves. Who was removed then and has not come back is on the list again, as if
    never away: the old stay goes on, and nobody enters.
    """
    _check(segment)
    stays = Membership.objects.filter(segment=segment)
    if added:
        mine = stays.filter(entered_at=at, left_at__isnull=True).values_list("contact_id", flat=True)
        return remove(segment, list(mine), now)
    back = Membership.objects.filter(segment=segment, contact=OuterRef("contact"), left_at__isnull=True)
    gone = stays.filter(~Exists(back), left_at=at).values_list("contact_id", "pk")
    reopened = dict(gone.order_by("pk"))  # the newest stay, where a contact has two that ended at once
    db.update_rows(Membership, "id", ["left_at"], [(pk, None) for pk in reopened.values()])
    return [Change(segment.pk, contact, pk, True, now, again=True) for contact, pk in reopened.items()]


def _check(segment: Segment) -> None:
    if segment.kind != Segment.Kind.STATIC:
        raise ValueError(f"“{segment}” is not kept by hand: its rules say who belongs.")


@dataclass
class Pasted:
    """What a text of addresses holds: contacts by id, addresses nobody has, and words that are no address."""

    contacts: list[int] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    repeated: int = 0


def read_addresses(text: str) -> Pasted:
    """Addresses with anything but letters between them: lines, commas, semicolons, tabs, “Name <address>”.

    One statement per 900 addresses.
    """
    found = Pasted()
    addresses: dict[str, None] = {}
    for word in text.replace(",", " ").replace(";", " ").split():
        word = word.strip("<>\"'()[]").removeprefix("mailto:")
        name, at, domain = word.rpartition("@")
        if not (name and at and "." in domain.strip(".")):
            if at:
                found.unreadable.append(word)
            continue
        address = normalise_email(word)
        found.repeated += address in addresses
        addresses[address] = None
    known: dict[str, int] = {}
    for part in db.chunks(list(addresses), 900):
        rows = Contact.objects.filter(email__in=part).values_list("email", "pk")
        known |= {email: pk for email, pk in rows if email}
    found.contacts = [known[address] for address in addresses if address in known]
    found.unknown = [address for address in addresses if address not in known]
    return found
