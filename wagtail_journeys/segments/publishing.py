"""What publishing a segment will do, told before it is done: who enters, who leaves, and what campaigns make of it."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.db.models import QuerySet

from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.exceptions import TooSlow

from . import compiler, counting, usage
from .compiler import Rule
from .models import Membership, Segment
from .sampling import Count, budget

#: Seconds that the exact numbers may take; the dialog waits for them.
EXACT_SECONDS = 2.0


@dataclass(frozen=True)
class Start:
    """A campaign that entering the segment starts, or leaving it, and for how many contacts at most."""

    name: str
    url: str
    entering: bool
    contacts: int


@dataclass(frozen=True)
class OnCampaigns:
    """``contacts`` of those who enter or leave are on their way in live campaigns that use the segment."""

    contacts: int = 0
    starts: list[Start] = field(default_factory=list)


#: segment, those entering, those leaving, how many enter and how many leave
Ask = Callable[[int, "QuerySet[Contact]", "QuerySet[Contact]", int, int], OnCampaigns]

_asked: list[Ask] = []


def ask_campaigns(function: Ask) -> None:
    """Campaigns are built on segments, so they say for themselves what a change means to them."""
    _asked[:] = [function]


@dataclass(frozen=True)
class Effect:
    """``first``: nobody belongs yet. Where the numbers would take too long ``entering`` is None and ``about`` an estimate."""

    first: bool
    members: int = 0
    entering: int | None = None
    leaving: int | None = None
    about: Count | None = None
    campaigns: OnCampaigns = field(default_factory=OnCampaigns)
    asked_by: list[str] = field(default_factory=list)


def effect(segment: int | None, match: str, rules: Sequence[Rule], now: datetime.datetime) -> Effect:
    """What publishing these rules for this segment would do now. Raises what the conditions raise."""
    inside = Membership.objects.filter(segment=segment or 0, left_at__isnull=True)
    live, others = False, list[str]()
    if segment:
        live = Segment.objects.filter(pk=segment, live=True).exists()
        others = [other.name for other in usage.asked_by([segment])[segment]]
    members = inside.count()
    first = not live and not members
    try:
        with budget(EXACT_SECONDS):
            matching = compiler.contacts_matching(match, rules, now)
            entering = matching.exclude(pk__in=inside.values("contact_id"))
            leaving = Contact.objects.filter(pk__in=inside.values("contact_id")).exclude(
                pk__in=matching.order_by().values("pk")
            )
            count_entering = entering.count()
            count_leaving = leaving.count() if members else 0
            on_campaigns = OnCampaigns()
            if segment and _asked:
                on_campaigns = _asked[0](segment, entering, leaving, count_entering, count_leaving)
    except TooSlow:
        about = counting.count(match, rules, now)
        return Effect(first, members, about=about, asked_by=others)
    return Effect(first, members, count_entering, count_leaving, None, on_campaigns, others)
