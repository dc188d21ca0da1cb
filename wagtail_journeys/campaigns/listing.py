"""What the list of campaigns shows beside their names: numbers, the last 30 days, and a switch. A constant number of
statements for a page of the list, however many campaigns are on it.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.core.cache import cache
from django.db.models import Case, Count, F, FloatField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, TruncDate
from django.urls import reverse
from django.utils.formats import localize
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _t

from wagtail_journeys.events import drawing

from .models import Campaign
from .preview import trigger_sentence
from .states import Phase, Transition

SENTENCE_AGE = 60  # seconds


def journeys() -> Any:
    """Journeys are told about campaigns, not the other way round: reached by the name of their relation."""
    return Campaign._meta.get_field("journeys").related_model


def with_journeys(campaigns: QuerySet[Campaign]) -> QuerySet[Campaign]:
    """Campaigns with ``entered``, ``active`` and ``converted`` journeys, and ``rate``: converted of 100 that entered."""
    mine = journeys().objects.filter(campaign=OuterRef("pk")).order_by().values("campaign")

    def counted(**only: Any) -> Any:
        return Coalesce(Subquery(mine.annotate(number=Count("pk", **only)).values("number")), 0)

    return campaigns.annotate(
        entered=counted(),
        active=counted(filter=Q(state="active")),
        converted=counted(filter=Q(converted_at__isnull=False)),
    ).annotate(
        rate=Case(
            When(entered__gt=0, then=F("converted") * 100.0 / F("entered")),
            default=Value(0.0),
            output_field=FloatField(),
        )
    )


def entries_by_day(ids: Sequence[int], now: datetime.datetime) -> dict[int, dict[str, int]]:
    """How many journeys began on each of the last days, by campaign and day (ISO): one statement."""
    since = now - datetime.timedelta(days=drawing.DAYS)
    found = (
        journeys()
        .objects.filter(campaign__in=ids, entered_at__gte=since)
        .order_by()
        .annotate(day=TruncDate("entered_at", tzinfo=datetime.UTC))
        .values_list("campaign", "day")
        .annotate(number=Count("pk"))
    )
    by_day: dict[int, dict[str, int]] = defaultdict(dict)
    for campaign, day, number in found:
        by_day[campaign][day.isoformat()] = number
    return by_day


def triggers(campaigns: Iterable[Campaign]) -> dict[int, str]:
    """What starts each campaign, in words. Sentences look titles up, so they are kept for a minute."""
    keys = {}
    for campaign in campaigns:
        stored = json.dumps([get_language(), campaign.raw_trigger], default=str).encode()
        keys[campaign.pk] = (
            campaign,
            f"wj-trigger-{hashlib.blake2b(stored, digest_size=16).hexdigest()}",
        )
    known = cache.get_many({key for _campaign, key in keys.values()})
    new = {}
    for campaign, key in keys.values():
        if key not in known:
            new[key] = known[key] = trigger_sentence(campaign)
    if new:
        cache.set_many(new, SENTENCE_AGE)
    return {pk: known[key] for pk, (_campaign, key) in keys.items()}


def dress(
    campaigns: Sequence[Campaign], now: datetime.datetime, switch: Callable[[Campaign], SafeString]
) -> None:
    """Give the campaigns of a page what their rows show."""
    days, said = entries_by_day([campaign.pk for campaign in campaigns], now), triggers(campaigns)
    for campaign in campaigns:
        shown: Any = campaign
        shown.trend = drawing.sparkline(days.get(campaign.pk, {}), now)
        shown.said = said[campaign.pk]
        shown.switch = switch(campaign)


def trigger_in_words(campaign: Campaign) -> SafeString:
    """What starts it; below that what its events will hardly do, where the view has found that out."""
    doubts = format_html_join(
        "", '<div class="wj-doubt">{}</div>', ((text,) for text in getattr(campaign, "doubts", ()))
    )
    said = getattr(campaign, "said", None)
    return format_html("{}{}", (trigger_sentence(campaign) if said is None else said) or "…", doubts)


def rate_in_words(campaign: Any) -> str:
    """Converted, in percent of those who entered; "—" where there is no goal or nobody entered."""
    if not campaign.entered or not (campaign.raw_goal or campaign.converted):
        return "—"
    return _t("%s %%") % localize(round(campaign.rate, 1))


def switch(
    campaign: Campaign, transition_url_names: dict[str, str], edit_url_name: str, back: str
) -> SafeString:
    """On or off, as a link to where it is changed: its numbers are shown and it is asked once more there.

    Without URL names it only tells: for who may not change it, and for campaigns that are at their end.
    """
    words = {
        Phase.LIVE: (_t("On"), _t("“%s” is on. Pause it."), Transition.PAUSE),
        Phase.PAUSED: (_t("Off"), _t("“%s” is paused. Resume it."), Transition.RESUME),
        Phase.DRAFT: (_t("Off"), _t("“%s” is a draft. Open it to publish it."), None),
    }
    on = campaign.phase == Phase.LIVE
    if campaign.phase not in words:
        return format_html('<span class="wj-switch wj-switch--none">{}</span>', "—")
    word, title, transition = words[campaign.phase]
    if transition is None:
        url = reverse(edit_url_name, args=[campaign.pk]) if edit_url_name else ""
    else:
        name = transition_url_names.get(transition)
        url = f"{reverse(name, args=[campaign.pk])}?{back}" if name else ""
    look = "wj-switch wj-switch--on" if on else "wj-switch"
    if not url:
        return format_html('<span class="{}"><span class="wj-switch__knob"></span>{}</span>', look, word)
    return format_html(
        '<a class="{}" href="{}" role="switch" aria-checked="{}" aria-label="{}" title="{}">'
        '<span class="wj-switch__knob"></span>{}</a>',
        look,
        url,
        "true" if on else "false",
        title % campaign,
        title % campaign,
        word,
    )
