"""The contact that somebody means by what they typed."""

from __future__ import annotations

from django.db.models import Q

from .models import Contact, normalise_email


def meant(text: str) -> Q:
    """A filter on Contact: the email address, the external id or the number is ``text``."""
    text = text.strip()
    wanted = Q(email=normalise_email(text)) | Q(external_id=text)
    if text.isascii() and text.isdecimal() and len(text) < 19:
        wanted |= Q(pk=int(text))
    return wanted


def find(text: str) -> Contact | None:
    return Contact.objects.filter(meant(text)).order_by("pk").first() if text.strip() else None
