"""What an editor may ask of a property of an event: one meaning, as SQL for the log and in Python for an event in hand.

A property has one value, or those of a list; a filter holds where it holds for one of them. What is missing, null or an
object has no value. How a value is read as a number or a date, ``reading`` says.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from wagtail_journeys.reading import Number, Sql, Value, as_number, property_holds, usable
from wagtail_journeys.reading.plain import as_day, as_truth, same, shifted

__all__ = ["OPERATORS", "WITHOUT_VALUE", "Filter", "Number", "read"]

OPERATORS: dict[str, Any] = {
    "is": _("is"),
    "is_not": _("is not"),
    "one_of": _("is one of"),
    "contains": _("contains"),
    "starts_with": _("starts with"),
    "at_least": _("is at least"),
    "more_than": _("is more than"),
    "at_most": _("is at most"),
    "less_than": _("is less than"),
    "yes": _("is yes"),
    "no": _("is no"),
    "before": _("is a date before"),
    "after": _("is a date after"),
    "last_days": _("is a date in the last … days"),
    "next_days": _("is a date in the next … days"),
    "exists": _("is there"),
    "missing": _("is not there"),
}
NUMERIC = {"at_least", "more_than", "at_most", "less_than"}
TEXT = {"contains", "starts_with"}
DATES = {"before", "after"}
RELATIVE = {"last_days", "next_days"}
WITHOUT_VALUE = {"yes", "no", "exists", "missing"}

MAX_DAYS = 36_500

NO_EVENT = Q(pk__in=[])


@dataclass(frozen=True)
class Filter:
    """One question about one property; ``value`` as the editor typed it."""

    name: str
    operator: str
    value: str = ""

    @property
    def clock(self) -> bool:
        """Whether time alone can change the answer."""
        return self.operator in RELATIVE

    def holds(self, properties: Mapping[str, Any], now: datetime.datetime) -> bool:
        """The answer for these properties."""
        value = properties.get(self.name)
        if self.operator in ("exists", "missing"):
            return (value is not None and value != "") == (self.operator == "exists")
        found = any(self._holds_for(one, now) for one in _values(value))
        return not found if self.operator == "is_not" else found

    def q(self, now: datetime.datetime) -> Q:
        """The same as a filter on Event."""
        if not usable(self.name):
            return ~NO_EVENT if self.operator in ("is_not", "missing") else NO_EVENT
        if self.operator in ("exists", "missing"):
            known = property_holds(self.name, lambda value: value.known(), items=False)
            return known if self.operator == "exists" else ~known
        found = property_holds(self.name, self._question(now)) if self._can_hold(now) else NO_EVENT
        return ~found if self.operator == "is_not" else found

    def _holds_for(self, value: Any, now: datetime.datetime) -> bool:
        if not self._can_hold(now):
            return False
        if self.operator in NUMERIC:
            number, limit = as_number(value), as_number(self.value)
            if number is None or limit is None:
                return False
            return {
                "at_least": number >= limit,
                "more_than": number > limit,
                "at_most": number <= limit,
                "less_than": number < limit,
            }[self.operator]
        if self.operator in ("yes", "no"):
            return as_truth(value) is (self.operator == "yes")
        if self.operator in DATES | RELATIVE:
            day, (low, high) = as_day(value), self.days(now) or (None, None)
            return day is not None and (low is None or low <= day) and (high is None or day < high)
        if self.operator in TEXT:
            if not isinstance(value, str):
                return False
            text, wanted = value.lower(), self.value.lower()
            return wanted in text if self.operator == "contains" else text.startswith(wanted)
        return any(same(value, wanted) for wanted in self.wanted())

    def _question(self, now: datetime.datetime) -> Callable[[Any], Sql]:
        """The same for a value in a database."""
        if self.operator in NUMERIC:
            limit, strict = as_number(self.value), self.operator in ("more_than", "less_than")
            if self.operator in ("at_least", "more_than"):
                return lambda value: value.number_between(limit, None, strict)
            return lambda value: value.number_between(None, limit, strict)
        if self.operator in ("yes", "no"):
            return lambda value: value.truth(self.operator == "yes")
        if self.operator in DATES | RELATIVE:
            low, high = self.days(now) or (None, None)
            return lambda value: value.days_between(low, high)
        if self.operator in TEXT:
            return lambda value: value.text_is(self.operator, self.value)
        return lambda value: value.same(self.wanted())

    def _can_hold(self, now: datetime.datetime) -> bool:
        """Whether what was typed can be compared with at all."""
        if self.operator in WITHOUT_VALUE:
            return True
        if self.operator in NUMERIC:
            return as_number(self.value) is not None
        if self.operator in DATES | RELATIVE:
            return self.days(now) is not None
        return usable(self.value) and bool(self.value if self.operator in TEXT else self.wanted())

    def wanted(self) -> list[Value]:
        """What to compare with."""
        typed = self.value.split(",") if self.operator == "one_of" else [self.value]
        texts = [text.strip() for text in typed]
        return [Value(text) for text in texts if text or self.operator != "one_of"]

    def days(self, now: datetime.datetime) -> tuple[datetime.date | None, datetime.date | None] | None:
        """The first day and the day after the last one; None where the value cannot be read. Days are those of the site."""
        if self.operator in DATES:
            day = read_date(self.value)
            if day is None:
                return None
            return (None, day) if self.operator == "before" else (shifted(day, 1), None)
        number = as_number(self.value)
        if number is None or not 0 <= number <= MAX_DAYS:
            return None
        today, span = timezone.localdate(now, timezone.get_default_timezone()), int(number)
        if self.operator == "last_days":
            return shifted(today, -span), shifted(today, 1)
        return today, shifted(today, span + 1)

    def problem(self) -> str:
        """What is wrong with the value, for the editor; "" where nothing is."""
        if self.operator in WITHOUT_VALUE:
            return ""
        if not self.value.strip():
            return _t("Say what to compare with.")
        if self.operator in NUMERIC and as_number(self.value) is None:
            return _t("This comparison needs a number.")
        if self.operator in DATES and read_date(self.value) is None:
            return _t("This comparison needs a date, such as 2026-12-31.")
        if (
            self.operator in RELATIVE
            and self.days(datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)) is None
        ):
            return _t("This comparison needs a number of days.")
        return ""

    def describe(self) -> str:
        """ "total is at least 100" """
        words = {"name": self.name or "…", "value": self.value.strip() or "…"}
        if self.operator in RELATIVE:
            if self.operator == "last_days":
                return _t("%(name)s is a date in the last %(value)s days") % words
            return _t("%(name)s is a date in the next %(value)s days") % words
        if self.operator in WITHOUT_VALUE:
            return _t("%(name)s %(operator)s") % {**words, "operator": OPERATORS[self.operator]}
        if self.operator in DATES or (self.operator in NUMERIC and as_number(self.value) is not None):
            return _t("%(name)s %(operator)s %(value)s") % {**words, "operator": OPERATORS[self.operator]}
        return _t("%(name)s %(operator)s “%(value)s”") % {**words, "operator": OPERATORS[self.operator]}


def read(stored: Sequence[Mapping[str, Any]] | None) -> list[Filter]:
    """The filters of a list block, as it is stored. Raises KeyError for an operator that there is not."""
    found = []
    for item in stored or []:
        value = item["value"] if "value" in item and isinstance(item["value"], Mapping) else item
        OPERATORS[value["operator"]]
        found.append(Filter(value["property"], value["operator"], value.get("value") or ""))
    return found


def read_date(text: str) -> datetime.date | None:
    try:
        return parse_date(text.strip())
    except ValueError:
        return None


def _values(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        yield from (one for one in value if one is not None and not isinstance(one, (list, dict)))
    elif value is not None and not isinstance(value, dict):
        yield value
