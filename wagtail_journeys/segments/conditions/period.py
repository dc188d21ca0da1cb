"""When something counts: ever, in the last so many days, between two dates, or longer ago than that."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from wagtail import blocks

from wagtail_journeys.segments.rows import shown_when

from .base import Params

EVER, LAST, BETWEEN, BEFORE = "ever", "last", "between", "before"
PERIODS = {
    EVER: _("ever"),
    LAST: _("in the last …"),
    BETWEEN: _("between two dates"),
    BEFORE: _("longer ago than …"),
}
UNITS = {"minutes": _("minutes"), "hours": _("hours"), "days": _("days"), "weeks": _("weeks")}
#: A span longer than this is as good as ever, and no database stumbles over it.
LONGEST = datetime.timedelta(days=36_500)


def span(amount: Any, unit: str) -> datetime.timedelta:
    """So many minutes, hours, days or weeks of elapsed time. Raises ValueError for what is none."""
    if unit not in UNITS or not isinstance(amount, int) or isinstance(amount, bool) or amount < 1:
        raise ValueError(f"Not a span of time: {amount!r} {unit!r}")
    try:
        return min(datetime.timedelta(**{unit: amount}), LONGEST)
    except OverflowError:
        return LONGEST


def describe_span(amount: Any, unit: str) -> str:
    """ "30 days" """
    number = amount or 0
    words = {
        "minutes": ngettext("%d minute", "%d minutes", number),
        "hours": ngettext("%d hour", "%d hours", number),
        "days": ngettext("%d day", "%d days", number),
        "weeks": ngettext("%d week", "%d weeks", number),
    }
    return words.get(unit, "%d …") % number if amount else "…"


def amount_fields(**attrs: Any) -> list[tuple[str, blocks.Block]]:
    """A span of time: how many of which."""
    return [
        (
            "amount",
            blocks.IntegerBlock(required=False, default=30, min_value=1, label=_("How many"), **attrs),
        ),
        (
            "unit",
            blocks.ChoiceBlock(
                required=False, choices=list(UNITS.items()), default="days", label=_("Unit"), **attrs
            ),
        ),
    ]


def fields() -> list[tuple[str, blocks.Block]]:
    """The fields that ``Period.read`` reads and ``problems`` tests."""
    return [
        (
            "period",
            blocks.ChoiceBlock(choices=list(PERIODS.items()), default=EVER, label=_("When")),
        ),
        *amount_fields(form_attrs=shown_when("period", [LAST, BEFORE])),
        (
            "start",
            blocks.DateBlock(
                required=False,
                label=_("From"),
                help_text=_("Days are those of the site's time zone; both are included. Empty: no limit."),
                form_attrs=shown_when("period", [BETWEEN]),
            ),
        ),
        (
            "end",
            blocks.DateBlock(required=False, label=_("Until"), form_attrs=shown_when("period", [BETWEEN])),
        ),
    ]


def problems(value: Params) -> dict[str, Any]:
    """What is wrong with the fields of a period, by name."""
    kind = value.get("period") or EVER
    if kind in (LAST, BEFORE) and not value.get("amount"):
        return {"amount": _t("Say how many.")}
    if kind == BETWEEN:
        start, end = value.get("start"), value.get("end")
        if not start and not end:
            return {"start": _t("Give at least one of the two dates.")}
        if start and end and end < start:
            return {"end": _t("The period ends before it begins.")}
    return {}


@dataclass(frozen=True)
class Period:
    """A stretch of time, read for one moment. Each bound is a lookup and a moment, such as ``("gt", …)``, or None."""

    kind: str
    lower: tuple[str, datetime.datetime] | None = None
    upper: tuple[str, datetime.datetime] | None = None
    length: datetime.timedelta | None = None

    @classmethod
    def read(cls, params: Params, now: datetime.datetime) -> Period:
        """From what the block stores. Raises ValueError for what cannot be read."""
        kind = params.get("period") or EVER
        if kind == EVER:
            return cls(kind)
        if kind in (LAST, BEFORE):
            length = span(params.get("amount"), params.get("unit") or "days")
            if kind == LAST:
                return cls(kind, ("gt", now - length), ("lte", now), length)
            return cls(kind, None, ("lte", now - length), length)
        if kind != BETWEEN:
            raise ValueError(f"Not a period: {kind!r}")
        start, end = _date(params.get("start")), _date(params.get("end"))
        following = end + datetime.timedelta(days=1) if end and end < datetime.date.max else None
        return cls(
            kind,
            ("gte", _midnight(start)) if start else None,
            ("lt", _midnight(following)) if following else None,
        )

    def q(self, field: str = "occurred_at") -> Q:
        """Moments inside."""
        bounds = [bound for bound in (self.lower, self.upper) if bound]
        return Q(*((f"{field}__{lookup}", moment) for lookup, moment in bounds))

    def earlier(self, field: str = "occurred_at") -> Q | None:
        """Moments before it begins; None where there are none."""
        if self.lower is None:
            return None
        lookup, moment = self.lower
        return Q((f"{field}__{'lte' if lookup == 'gt' else 'lt'}", moment))

    def later(self, field: str = "occurred_at") -> Q | None:
        """Moments after its end; None where there are none, as with a period that lasts until now."""
        if self.upper is None or self.kind == LAST:
            return None
        lookup, moment = self.upper
        return Q((f"{field}__{'gt' if lookup == 'lte' else 'gte'}", moment))

    def crossed(self, since: datetime.datetime, now: datetime.datetime, field: str = "occurred_at") -> Q:
        """Moments that were on the other side of one of its bounds at ``since``: what the clock alone has moved."""
        if self.length is None:
            raise ValueError("Only a period that moves with the clock is crossed by it.")
        moved = Q((f"{field}__gt", since - self.length), (f"{field}__lte", now - self.length))
        if self.kind == LAST:
            moved |= Q((f"{field}__gt", since), (f"{field}__lte", now))
        return moved


def moves(params: Params) -> bool:
    """Whether the clock alone can change what is inside."""
    return (params.get("period") or EVER) in (LAST, BEFORE)


def describe(params: Params) -> str:
    """ " in the last 30 days", with the space; "" for ever."""
    kind = params.get("period") or EVER
    length = describe_span(params.get("amount"), params.get("unit") or "days")
    if kind == LAST:
        return " " + _t("in the last %s") % length
    if kind == BEFORE:
        return " " + _t("more than %s ago") % length
    if kind == BETWEEN:
        start, end = _date(params.get("start")), _date(params.get("end"))
        if start and end:
            return " " + _t("from %(start)s to %(end)s") % {"start": _words(start), "end": _words(end)}
        if start:
            return " " + _t("since %s") % _words(start)
        return " " + _t("until %s") % (_words(end) if end else "…")
    return ""


def _words(day: datetime.date) -> str:
    return date_format(day, "DATE_FORMAT")


def _date(value: Any) -> datetime.date | None:
    if isinstance(value, str):
        found = parse_date(value) if value else None
        if value and found is None:
            raise ValueError(f"Not a date: {value!r}")
        return found
    return value if isinstance(value, datetime.date) else None


def _midnight(day: datetime.date) -> datetime.datetime:
    """When the day begins where the site is."""
    local = datetime.datetime.combine(day, datetime.time(), tzinfo=timezone.get_default_timezone())
    return local.astimezone(datetime.UTC)
