"""What the preview panel of a segment shows: how many contacts match now, the rules in words, and some of the contacts."""

from __future__ import annotations

import datetime
import logging
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.timesince import timesince
from django.utils.translation import gettext as _t

from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.streams import raw

from . import compiler, drafts
from .models import Segment

logger = logging.getLogger(__name__)

SAMPLE = 10


@dataclass
class Preview:
    """``count`` is None while the rules cannot be asked; ``problems`` then says why.

    ``sample`` has contacts, each with how long ago it was last seen.
    """

    sentence: str = ""
    problems: list[str] = field(default_factory=list)
    failed: bool = False
    loop: list[str] = field(default_factory=list)
    count: int | None = None
    total: int = 0
    sample: list[tuple[Contact, str]] = field(default_factory=list)
    may_see_contacts: bool = False


def preview(segment: Segment, user: Any, now: datetime.datetime) -> Preview:
    """Never raises: whatever the editor is in the middle of typing, there is something to show."""
    found = Preview(may_see_contacts=may_see_contacts(user), total=Contact.objects.count())
    if segment.kind == Segment.Kind.STATIC:
        matching = Contact.objects.filter(
            memberships__segment_id=segment.pk, memberships__left_at__isnull=True
        )
        if segment.pk is None:
            matching = Contact.objects.none()
    else:
        rules = raw(segment.rules)
        found.sentence = drafts.sentence(segment.match, rules)
        found.problems = drafts.problems(segment.rules)
        if found.problems or not rules:
            return found
        try:
            found.loop = drafts.cycle(segment.pk, rules)
            matching = compiler.contacts_matching(segment.match, rules, now)
        except Exception:
            logger.exception("The rules of segment %s cannot be asked", segment.pk)
            found.failed = True
            return found
    try:
        with transaction.atomic():  # a statement that fails must not spoil the rest of the request
            found.count = matching.count()
            if found.may_see_contacts:
                found.sample = [
                    (contact, _ago(contact, now)) for contact in matching.order_by("-pk")[:SAMPLE]
                ]
    except Exception:
        logger.exception("The rules of segment %s cannot be asked", segment.pk)
        found.failed = True
    return found


def _ago(contact: Contact, now: datetime.datetime) -> str:
    if contact.last_seen_at is None:
        return "—"
    return _t("%s ago") % timesince(contact.last_seen_at, now, depth=1)


def may_see_contacts(user: Any) -> bool:
    """Whether names and addresses may be shown: the right to segments is not yet the right to contacts."""
    return any(user.has_perm(f"wagtail_journeys.{right}_contact") for right in ("view", "change"))
