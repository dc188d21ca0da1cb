"""The last days of an event as a small picture, with the same in words for those who do not see it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import ngettext

DAYS = 30
WIDTH, HEIGHT = 4, 24  # of one day, with its gap; of the whole


def counts(daily: Mapping[str, int], now: datetime.datetime, days: int = DAYS) -> list[int]:
    """The number of events of each of the last days (UTC), today last."""
    today = now.astimezone(datetime.UTC).date()
    each = (today - datetime.timedelta(days=ago) for ago in range(days - 1, -1, -1))
    return [daily.get(day.isoformat(), 0) for day in each]


def sparkline(daily: Mapping[str, int], now: datetime.datetime) -> SafeString:
    """One bar a day; a day with events has at least a small one."""
    numbers = counts(daily, now)
    most = max(numbers)
    bars = format_html_join(
        "",
        '<rect x="{}" y="{}" width="{}" height="{}"></rect>',
        (
            (day * WIDTH, HEIGHT - height, WIDTH - 1, height)
            for day, number in enumerate(numbers)
            if number
            for height in [max(2, round(number / most * HEIGHT))]
        ),
    )
    return format_html(
        '<svg class="wj-spark" role="img" aria-label="{}" viewBox="0 0 {} {}" width="{}" height="{}">{}</svg>',
        in_words(numbers),
        DAYS * WIDTH,
        HEIGHT,
        DAYS * WIDTH,
        HEIGHT,
        bars,
    )


def in_words(numbers: list[int]) -> str:
    total = sum(numbers)
    if not total:
        return _t("None in the last %d days") % len(numbers)
    said = ngettext("%(n)s in the last %(days)d days", "%(n)s in the last %(days)d days", total)
    words = said % {"n": intcomma(total), "days": len(numbers)}
    return _t("%(words)s, at most %(most)s on one day") % {"words": words, "most": intcomma(max(numbers))}
