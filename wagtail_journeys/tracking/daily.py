"""Cookieless mode: visitors of one day can be counted, and nobody can be known again tomorrow."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import ipaddress
import secrets

from django.http import HttpRequest

from wagtail_journeys.events.models import Heartbeat

_NAME = "salt"
_kept: tuple[datetime.date, str] | None = None


def visitor_id(request: HttpRequest, now: datetime.datetime) -> str:
    """A hash of host, shortened IP address and browser with the day's salt. It is never anybody's identity."""
    parts = [
        request.get_host(),
        network(request.META.get("REMOTE_ADDR", "")),
        request.headers.get("User-Agent", ""),
    ]
    digest = hmac.new(_salt(now).encode(), "\n".join(parts).encode("utf-8", "replace"), hashlib.sha256)
    return f"daily-{digest.hexdigest()[:32]}"


def network(address: str) -> str:
    """The address without what tells one household from another: its /24, or /48 with IPv6."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(ipaddress.ip_network((found, 24 if found.version == 4 else 48), strict=False))


def _salt(now: datetime.datetime) -> str:
    """The salt of this day (UTC). A new day's salt overwrites the old one, which is then gone for good."""
    global _kept
    day = now.astimezone(datetime.UTC).date()
    if _kept is None or _kept[0] != day:
        start = datetime.datetime.combine(day, datetime.time(), datetime.UTC)
        row, _made = Heartbeat.objects.get_or_create(
            pk=_NAME, defaults={"at": start, "holder": secrets.token_hex(20)}
        )
        if row.at < start:
            Heartbeat.objects.filter(pk=_NAME, at=row.at).update(at=start, holder=secrets.token_hex(20))
            row.refresh_from_db()
        _kept = (day, row.holder)
    return _kept[1]


def forget() -> None:
    """Ask the database for the salt again (tests)."""
    global _kept
    _kept = None
