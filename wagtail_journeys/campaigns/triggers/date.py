"""A date comes: a fixed one for everybody, or one of the contact's own, or some time before or after it."""

from __future__ import annotations

import calendar
import datetime
from typing import Any

from django.db.models import Q
from django.utils import formats
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys import reading
from wagtail_journeys.campaigns.clock import at_local_time, in_words, zone_of
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.reading import Sql
from wagtail_journeys.reading.plain import shifted
from wagtail_journeys.segments.conditions.date import month_days
from wagtail_journeys.segments.inputs import AttributeNameBlock
from wagtail_journeys.segments.rows import shown_when

from . import registry
from .base import Params, Trigger

FIXED, ATTRIBUTE, CREATED = "fixed", "attribute", "created_at"
KINDS = [
    (FIXED, _("on a fixed date, for all who match the filters then")),
    (ATTRIBUTE, _("on a date of the contact")),
    (CREATED, _("counted from when the contact became known")),
]
OWN = (ATTRIBUTE, CREATED)
UNITS = {"hours": _("hours"), "days": _("days"), "weeks": _("weeks")}
SIDES = {"before": _("before"), "after": _("after")}

MIDNIGHT = datetime.time()
ANY: Sql = ("1 = 1", [])
#: Between the day as it is written, the contact's day and the day in UTC there are at most so many.
AROUND = 2


@registry.register
class DateTrigger(Trigger):
    """``due`` says when; who it concerns is found by ``around``, and filed ahead of time by ``journeys.dates``."""

    key = "date"
    label = _("A date comes")
    icon = "date"
    fact = False

    def fields(self) -> list[tuple[str, blocks.Block]]:
        own = shown_when("kind", OWN)
        return [
            ("kind", blocks.ChoiceBlock(choices=KINDS, default=FIXED, label=_("Which date"))),
            (
                "moment",
                blocks.DateTimeBlock(
                    required=False, label=_("Date and time"), form_attrs=shown_when("kind", [FIXED])
                ),
            ),
            (
                "attribute",
                AttributeNameBlock(
                    required=False,
                    label=_("Date attribute"),
                    help_text=_("It holds a date such as 2026-03-02, perhaps with a time."),
                    form_attrs=shown_when("kind", [ATTRIBUTE]),
                ),
            ),
            (
                "amount",
                blocks.IntegerBlock(
                    default=0, min_value=0, max_value=10_000, label=_("How long"), form_attrs=own
                ),
            ),
            (
                "unit",
                blocks.ChoiceBlock(
                    choices=list(UNITS.items()), default="days", label=_("Unit"), form_attrs=own
                ),
            ),
            (
                "side",
                blocks.ChoiceBlock(
                    choices=list(SIDES.items()), default="before", label=_("Side"), form_attrs=own
                ),
            ),
            (
                "at",
                blocks.TimeBlock(
                    required=False,
                    default=datetime.time(9),
                    label=_("At"),
                    help_text=_("On the contact's clock. Empty: at the time of day of the date itself."),
                    form_attrs=own,
                ),
            ),
            (
                "yearly",
                blocks.BooleanBlock(
                    required=False,
                    label=_("Every year"),
                    help_text=_(
                        "On its anniversaries, 29 February on the 28th in other years. Let contacts enter every time."
                    ),
                    form_attrs=own,
                ),
            ),
        ]

    # --- the words ------------------------------------------------------------------------------------------------------

    def describe(self, params: Params) -> str:
        if params.get("kind", FIXED) == FIXED:
            moment = self.fixed(params)
            if moment is None:
                return "…"
            return _t("matches the filters on %s") % formats.date_format(
                moment.astimezone(zone_of()), "SHORT_DATETIME_FORMAT"
            )
        if params["kind"] == CREATED:
            name = _t("the day on which it became known")
        else:
            name = f"“{params.get('attribute') or '…'}”"
        if params.get("yearly"):
            name = _t("an anniversary of %s") % name
        if not params.get("amount"):
            return _t("reaches %s") % name
        words = {"length": in_words(params["amount"], params["unit"]), "name": name}
        if params.get("side") == "after":
            return _t("is %(length)s after %(name)s") % words
        return _t("is %(length)s before %(name)s") % words

    def problems(self, params: Params) -> list[str]:
        kind = params.get("kind", FIXED)
        if kind == FIXED and self.fixed(params) is None:
            return [_t("Say which date and time.")]
        if kind == ATTRIBUTE and not reading.nameable(params.get("attribute") or ""):
            return [_t("Say which attribute holds the date, without quotation marks or backslashes.")]
        return []

    # --- when -----------------------------------------------------------------------------------------------------------

    def fixed(self, params: Params) -> datetime.datetime | None:
        """The moment for everybody; None for dates of the contact."""
        return parse_datetime(params.get("moment") or "") if params.get("kind", FIXED) == FIXED else None

    def value(self, params: Params, contact: Contact) -> Any:
        """The contact's date as it is stored."""
        if params["kind"] == CREATED:
            return contact.created_at
        return contact.attributes.get(params["attribute"])

    def due(self, params: Params, value: Any, day: datetime.date, *zones: str) -> datetime.datetime | None:
        """When the campaign starts by the contact's date of this ``day``, in UTC; None where the date has no such day.

        Clock times are those of the first of ``zones`` that exists. A day is the one that is written, or an anniversary of it.
        """
        read = _read(value)
        if read is None:
            return None
        written, time, moment = read
        zone = zone_of(*zones)
        if params.get("yearly"):
            if written.year >= day.year or _anniversary(written, day.year) != day:
                return None
            local_day, moment = day, None
        elif written != day:
            return None
        else:
            local_day = written
        if moment is not None:
            local = moment.astimezone(zone)
            local_day, time = local.date(), local.time()
        at = datetime.time.fromisoformat(params["at"]) if params.get("at") else None
        amount = (params.get("amount") or 0) * (1 if params.get("side") == "after" else -1)
        try:
            if params.get("unit") == "hours":
                start = moment or at_local_time(local_day, time or at or MIDNIGHT, zone)
                return start.astimezone(datetime.UTC) + datetime.timedelta(hours=amount)
            target = local_day + datetime.timedelta(**{params.get("unit") or "days": amount})
            return at_local_time(target, at or time or MIDNIGHT, zone)
        except (OverflowError, ValueError):
            return None

    def occurrences(
        self,
        params: Params,
        value: Any,
        since: datetime.datetime,
        until: datetime.datetime,
        *zones: str,
    ) -> list[tuple[datetime.date, datetime.datetime]]:
        """The days of the contact's date, and when each is due, as far as that is after ``since`` and not after ``until``."""
        read = _read(value)
        if read is None:
            return []
        days = [read[0]]
        if params.get("yearly"):
            low, high = self._span(params, since, until)
            days = [_anniversary(read[0], year) for year in range(low.year, high.year + 1)]
        found = [(day, self.due(params, value, day, *zones)) for day in days]
        return [(day, due) for day, due in found if due is not None and since < due <= until]

    # --- whom -----------------------------------------------------------------------------------------------------------

    def around(self, params: Params, since: datetime.datetime, until: datetime.datetime) -> Q:
        """Contacts with an occurrence in that time, and some more: ``occurrences`` tells."""
        low, high = self._span(params, since, until)
        days = [shifted(low, n) for n in range(min((high - low).days + 1, 366))]
        if params["kind"] == CREATED:
            if not params.get("yearly"):
                start = datetime.datetime.combine(low, MIDNIGHT, datetime.UTC)
                end = datetime.datetime.combine(shifted(high, 1), MIDNIGHT, datetime.UTC)
                return Q(created_at__gte=start, created_at__lt=end)
            found = Q(pk__in=[])
            for month_day in month_days(days):
                month, day = month_day.split("-")
                found |= Q(created_at__month=int(month), created_at__day=int(day))
            return found

        def question(value: Any) -> Sql:
            text, given = value.day_text(1, 10)
            near: Sql = (
                f"({text} >= %s AND {text} <= %s)",
                [*given, low.isoformat(), *given, high.isoformat()],
            )
            if params.get("yearly"):
                places = month_days(days)
                text, given = value.day_text(6, 5)
                near = (f"{text} IN ({', '.join(['%s'] * len(places))})", [*given, *places])
            found: Sql = value.day(near, ANY, ANY)
            return found

        return reading.attribute(params.get("attribute") or "", question)

    def _span(
        self, params: Params, since: datetime.datetime, until: datetime.datetime
    ) -> tuple[datetime.date, datetime.date]:
        """The days that may be due in that time, with what zones make of them."""
        hours = (params.get("amount") or 0) * {"hours": 1, "days": 24, "weeks": 168}[
            params.get("unit") or "days"
        ]
        ahead = -hours if params.get("side") == "after" else hours
        low, high = since.astimezone(datetime.UTC).date(), until.astimezone(datetime.UTC).date()
        days, rest = divmod(ahead, 24)
        return shifted(low, days - AROUND), shifted(high, days + bool(rest) + AROUND)


def _read(value: Any) -> tuple[datetime.date, datetime.time | None, datetime.datetime | None] | None:
    """The day as it is written, the time of day beside it, and the moment where it says in which zone that is."""
    if isinstance(value, datetime.datetime):
        value = value.astimezone(datetime.UTC).isoformat()
    if not isinstance(value, str):
        return None
    try:
        day = parse_date(value.strip())
        if day is not None:
            return day, None, None
        moment = parse_datetime(value.strip())
    except (ValueError, OverflowError):
        return None
    if moment is None:
        return None
    return moment.date(), moment.time(), moment if moment.tzinfo else None


def _anniversary(day: datetime.date, year: int) -> datetime.date:
    """In a year without a 29 February that day is kept on the 28th."""
    if (day.month, day.day) == (2, 29) and not calendar.isleap(year):
        return datetime.date(year, 2, 28)
    return day.replace(year=year)
