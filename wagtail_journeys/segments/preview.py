"""Who matches the rules that an editor is writing: how many contacts, the rules in words, and some of the contacts."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.utils.timesince import timesince
from django.utils.translation import gettext as _t

from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.contacts.permissions import may_see_contacts
from wagtail_journeys.exceptions import BadRules, TooSlow
from wagtail_journeys.streams import raw

from . import compiler, counting, drafts
from .conditions import population
from .models import Segment
from .sampling import Count, budget

logger = logging.getLogger(__name__)

SAMPLE = 10

#: Seconds that each of two ways to find the examples may take.
SAMPLE_SECONDS = 0.12


@dataclass
class Preview:
    """``count`` is None while the rules cannot be asked; ``problems`` then says why.

    ``sample`` has contacts, each with how long ago it was last seen.
    """

    kind: str = Segment.Kind.DYNAMIC
    sentence: str = ""
    problems: list[str] = field(default_factory=list)
    failed: bool = False
    loop: list[str] = field(default_factory=list)
    count: Count | None = None
    sample: list[tuple[Contact, str]] = field(default_factory=list)
    may_see_contacts: bool = False

    @property
    def can_be_asked(self) -> bool:
        return not (self.problems or self.failed)


def preview(segment: Segment, user: Any, now: datetime.datetime) -> Preview:
    """For Wagtail's preview panel, from the object of the form."""
    return look(segment.pk, segment.kind, segment.match, segment.rules, raw(segment.rules), user, now)


def look(
    pk: int | None,
    kind: str,
    match: str,
    stream: Any,
    rules: list[dict[str, Any]],
    user: Any,
    now: datetime.datetime,
) -> Preview:
    """Never raises: whatever the editor is in the middle of typing, there is something to show.

    ``stream`` and ``rules`` are the same rules, as the form has them and as they are stored.
    """
    found = Preview(kind=kind, may_see_contacts=may_see_contacts(user))
    try:
        if kind == Segment.Kind.STATIC:
            _list(found, pk, now)
        else:
            _rules(found, pk, match, stream, rules, now)
    except Exception:
        logger.exception("The rules of segment %s cannot be asked", pk)
        found.failed = True
        found.count = None
    return found


def _list(found: Preview, pk: int | None, now: datetime.datetime) -> None:
    inside = Contact.objects.filter(memberships__segment_id=pk or 0, memberships__left_at__isnull=True)
    number = inside.count()
    found.count = Count(number, number)
    _examples(found, inside.all, now)


def _rules(
    found: Preview,
    pk: int | None,
    match: str,
    stream: Any,
    rules: list[dict[str, Any]],
    now: datetime.datetime,
) -> None:
    found.sentence = drafts.sentence(match, rules)
    found.problems = drafts.problems(stream)
    if found.problems or not rules:
        return
    try:
        found.loop = drafts.cycle(pk, rules)
    except BadRules:
        logger.warning("Segments that cannot be read are left out of the search for circles", exc_info=True)
    found.count = counting.count(match, rules, now)
    if found.count.exact:
        _examples(found, lambda: compiler.contacts_matching(match, rules, now), now)
    elif found.may_see_contacts:
        some = Contact.objects.filter(pk__in=found.count.examples).order_by("-pk")
        found.sample = [(contact, _ago(contact, now)) for contact in some]


def _examples(found: Preview, matching: Callable[[], QuerySet[Contact]], now: datetime.datetime) -> None:
    """The newest who match. What is rare is found by asking about everybody, what is frequent one contact after another."""
    if not found.may_see_contacts:
        return
    for way in (population.everybody, nullcontext):
        try:
            with budget(SAMPLE_SECONDS), way():
                newest = matching().order_by("-pk")[:SAMPLE]
                found.sample = [(contact, _ago(contact, now)) for contact in newest]
                return
        except TooSlow:
            continue
    logger.info("No examples in time")


def _ago(contact: Contact, now: datetime.datetime) -> str:
    if contact.last_seen_at is None:
        return "—"
    return _t("%s ago") % timesince(contact.last_seen_at, now, depth=1)
