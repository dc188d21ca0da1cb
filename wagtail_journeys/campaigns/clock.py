"""Local clocks: the zone that counts, clock times that are skipped or come twice, and lengths of time."""

from __future__ import annotations

import calendar
import datetime
import zoneinfo

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

UNITS = {"minutes": _("minutes"), "hours": _("hours"), "days": _("days"), "weeks": _("weeks")}


def zone_of(*names: str) -> zoneinfo.ZoneInfo:
    """The first of these zones that exists (the contact's, the campaign's), or else the site's (semantics T1)."""
    for candidate in (*names, settings.TIME_ZONE):
        if candidate:
            try:
                return zoneinfo.ZoneInfo(candidate)
            except (zoneinfo.ZoneInfoNotFoundError, ValueError):
                continue
    return zoneinfo.ZoneInfo("UTC")


def at_local_time(day: datetime.date, time: datetime.time, zone: zoneinfo.ZoneInfo) -> datetime.datetime:
    """The moment of a local clock time, in UTC.

    A time that the clock skips moves to the first one that exists; of a time that comes twice the first is taken
    (semantics T2).
    """
    local = datetime.datetime.combine(day, time, tzinfo=zone)
    moment = local.astimezone(datetime.UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return moment
    # In a gap the two folds lie on either side of the change; search it to the second.
    early = local.replace(fold=1).astimezone(datetime.UTC)
    late = local.replace(fold=0).astimezone(datetime.UTC)
    low, high = min(early, late), max(early, late)
    offset = low.astimezone(zone).utcoffset()
    while high - low > datetime.timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def in_words(amount: int, unit: str) -> str:
    """ "3 days" """
    words: str = {
        "minutes": ngettext("%d minute", "%d minutes", amount),
        "hours": ngettext("%d hour", "%d hours", amount),
        "days": ngettext("%d day", "%d days", amount),
        "weeks": ngettext("%d week", "%d weeks", amount),
    }[unit] % amount
    return words


def later(moment: datetime.datetime, amount: int, unit: str) -> datetime.datetime:
    """So much elapsed time later; ``unit`` is one of UNITS."""
    return moment + datetime.timedelta(**{unit: amount})


def add_interval(moment: datetime.datetime, amount: int, unit: str, *zones: str) -> datetime.datetime:
    """``moment`` plus so many hours, days, weeks or months; all but hours keep the clock time in the first zone that exists (E6).

    The 31st plus a month is the last day of that month; a clock time that does not exist that day moves as in T2.
    """
    if unit == "hours":
        return moment + datetime.timedelta(hours=amount)
    zone = zone_of(*zones)
    local = moment.astimezone(zone)
    if unit == "months":
        year, month = divmod(local.year * 12 + local.month - 1 + amount, 12)
        last_day = calendar.monthrange(year, month + 1)[1]
        day = datetime.date(year, month + 1, min(local.day, last_day))
    else:
        day = local.date() + datetime.timedelta(days=amount * (7 if unit == "weeks" else 1))
    return at_local_time(day, local.time(), zone)
