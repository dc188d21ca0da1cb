"""Days, said in the rule or counted from today: shared by the conditions about dates. Days are those of the site's zone."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import Any

from django.utils import formats, timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from wagtail import blocks

from wagtail_journeys.reading.plain import shifted
from wagtail_journeys.segments.rows import shown_when

Params = dict[str, Any]
#: The first day that belongs to it and the first that does not any more; None: no end on that side.
Span = tuple[datetime.date | None, datetime.date | None]

#: A hundred years; nobody asks for more.
MOST_DAYS = 36_525

ABSOLUTE = {
    "on": _("is on"),
    "before": _("is before"),
    "after": _("is after"),
    "between": _("is between"),
}
ONE_DATE = ("on", "before", "after", "between")


def today(now: datetime.datetime) -> datetime.date:
    return now.astimezone(timezone.get_default_timezone()).date()


def date_of(value: Any) -> datetime.date | None:
    """A stored or freshly entered date; None where it is none."""
    if isinstance(value, datetime.date):
        return value
    try:
        return parse_date(value) if isinstance(value, str) else None
    except ValueError:
        return None


def days_of(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def absolute(operator: str, params: Params) -> Span | None:
    """The days that an absolute comparison means; None where the rule is unfinished."""
    day, until = date_of(params.get("date")), date_of(params.get("until"))
    if day is None or (operator == "between" and until is None):
        return None
    day = shifted(day, 0)
    if operator == "before":
        return None, day
    if operator == "after":
        return shifted(day, 1), None
    return day, shifted(until if operator == "between" and until else day, 1)


def fields(with_days: Sequence[str]) -> list[tuple[str, blocks.Block]]:
    """The form of the comparisons: a date, a second one, a number of days."""
    return [
        (
            "date",
            blocks.DateBlock(required=False, label=_("Date"), form_attrs=shown_when("operator", ONE_DATE)),
        ),
        (
            "until",
            blocks.DateBlock(
                required=False,
                label=_("And (included)"),
                form_attrs=shown_when("operator", ["between"]),
            ),
        ),
        (
            "days",
            blocks.IntegerBlock(
                required=False,
                min_value=0,
                max_value=MOST_DAYS,
                label=_("Days"),
                form_attrs=shown_when("operator", list(with_days)),
            ),
        ),
    ]


def errors(value: Params, with_days: Sequence[str]) -> dict[str, Any]:
    """What is missing in the form above."""
    found: dict[str, Any] = {}
    operator = value["operator"]
    if operator in ONE_DATE and not value.get("date"):
        found["date"] = _("Say which day.")
    if operator == "between":
        if not value.get("until"):
            found["until"] = _("Say until which day.")
        elif value.get("date") and value["until"] < value["date"]:
            found["until"] = _("This is before the first day.")
    if operator in with_days and value.get("days") is None:
        found["days"] = _("Say how many days.")
    return found


def words(params: Params) -> dict[str, str]:
    """The dates and days of a rule as words for its sentence."""

    def date(name: str) -> str:
        found = date_of(params.get(name))
        return formats.date_format(found, "DATE_FORMAT") if found else "…"

    days = params.get("days")
    counted = "…" if days is None else ngettext("%d day", "%d days", days) % days
    return {"date": date("date"), "until": date("until"), "days": counted}


#: What a comparison with today means, by operator.
Relative = dict[str, Callable[[datetime.date, int], Span]]
