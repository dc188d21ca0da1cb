"""Addresses to which nothing is ever sent. Only their hashes are kept; statement counts do not grow with rows."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable

from django.db.models import QuerySet

from wagtail_journeys import db

from .models import Suppression, address_hash


def suppress(address: str, reason: str, note: str, now: datetime.datetime) -> bool:
    """Never send anything to ``address`` again. Returns False where it was suppressed already (the first reason stays)."""
    return bool(suppress_many([address], reason, note, now))


def suppress_many(addresses: Iterable[str], reason: str, note: str, now: datetime.datetime) -> set[str]:
    """The same for many addresses, in one statement. Returns the hashes of those that were not suppressed before."""
    return suppress_hashes([address_hash(address) for address in addresses], reason, note, now)


def suppress_hashes(hashes: Iterable[str], reason: str, note: str, now: datetime.datetime) -> set[str]:
    """The same for addresses of which nothing but the hash is known."""
    word = Suppression.Reason(reason).value
    rows = [(hashed, word, note, now) for hashed in dict.fromkeys(hashes)]
    written = db.insert_rows(
        Suppression,
        ["address_hash", "reason", "note", "since"],
        rows,
        ignore_conflicts=True,
        returning=["address_hash"],
    )
    return {hashed for (hashed,) in written}


def of_address(address: str) -> QuerySet[Suppression]:
    """The suppression of an address, if there is one."""
    return Suppression.objects.filter(address_hash=address_hash(address))


def lift(hashes: Collection[str]) -> int:
    """Send to these addresses again; returns how many were suppressed. Whoever calls it writes down who and why, and has
    segments and campaigns look at the contacts again (``pipeline.lift_suppressions`` does)."""
    return Suppression.objects.filter(address_hash__in=set(hashes)).delete()[0]
