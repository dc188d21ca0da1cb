"""From which addresses steps may send."""

from __future__ import annotations

from email.utils import parseaddr

from django.conf import settings

from wagtail_journeys.conf import conf


def allowed(address: str) -> bool:
    """Whether an email may be from this address: one of the site's own domain, or one that JOURNEYS_SENDERS names."""
    address = address.strip().lower()
    domain = address.rpartition("@")[2]
    own = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].lower().rpartition("@")[2]
    named = {str(sender).strip().lower() for sender in conf.SENDERS}
    return bool(domain) and (domain == own or address in named or f"@{domain}" in named)
