"""A date among the contact's attributes: on a day, some days ago or ahead, and its anniversaries."""

from __future__ import annotations

import calendar
import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys import reading
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.reading.plain import shifted
from wagtail_journeys.segments import days
from wagtail_journeys.segments.days import ABSOLUTE, Relative, absolute
from wagtail_journeys.segments.inputs import AttributeNameBlock

from . import registry
from .base import Condition, Mentions, Params

RELATIVE: Relative = {
    "today": lambda today, n: (today, shifted(today, 1)),
    "last_days": lambda today, n: (shifted(today, -n), shifted(today, 1)),
    "next_days": lambda today, n: (today, shifted(today, n + 1)),
    "days_ago": lambda today, n: (shifted(today, -n), shifted(today, 1 - n)),
    "days_ahead": lambda today, n: (shifted(today, n), shifted(today, n + 1)),
    "more_days_ago": lambda today, n: (None, shifted(today, -n)),
    "less_days_ago": lambda today, n: (shifted(today, 1 - n), shifted(today, 1)),
    "more_days_ahead": lambda today, n: (shifted(today, n + 1), None),
    "less_days_ahead": lambda today, n: (today, shifted(today, n)),
}
RELATIVE_LABELS = {
    "today": _("is today"),
    "last_days": _("is in the last … days"),
    "next_days": _("is in the next … days"),
    "days_ago": _("is … days ago"),
    "days_ahead": _("is in … days"),
    "more_days_ago": _("is more than … days ago"),
    "less_days_ago": _("is less than … days ago"),
    "more_days_ahead": _("is in more than … days"),
    "less_days_ahead": _("is in less than … days"),
}
ANNIVERSARY_LABELS = {
    "anniversary_today": _("has its anniversary today"),
    "anniversary_next": _("has its anniversary in the next … days"),
    "anniversary_ahead": _("has its anniversary in … days"),
    "anniversary_ago": _("had its anniversary … days ago"),
}
OPERATORS = [
    (_("A day"), list(ABSOLUTE.items())),
    (_("Counted from today"), list(RELATIVE_LABELS.items())),
    (_("Every year"), list(ANNIVERSARY_LABELS.items())),
    (_("Any"), [("exists", _("is a date")), ("missing", _("is not a date, or not known"))]),
]
WITH_DAYS = [
    name for name in (*RELATIVE_LABELS, *ANNIVERSARY_LABELS) if name not in ("today", "anniversary_today")
]

SENTENCES = {
    "on": _("%(name)s is on %(date)s"),
    "before": _("%(name)s is before %(date)s"),
    "after": _("%(name)s is after %(date)s"),
    "between": _("%(name)s is between %(date)s and %(until)s"),
    "today": _("%(name)s is today"),
    "last_days": _("%(name)s is in the last %(days)s"),
    "next_days": _("%(name)s is in the next %(days)s"),
    "days_ago": _("%(name)s is %(days)s ago"),
    "days_ahead": _("%(name)s is in %(days)s"),
    "more_days_ago": _("%(name)s is more than %(days)s ago"),
    "less_days_ago": _("%(name)s is less than %(days)s ago"),
    "more_days_ahead": _("%(name)s is in more than %(days)s"),
    "less_days_ahead": _("%(name)s is in less than %(days)s"),
    "anniversary_today": _("%(name)s has its anniversary today"),
    "anniversary_next": _("%(name)s has its anniversary in the next %(days)s"),
    "anniversary_ahead": _("%(name)s has its anniversary in %(days)s"),
    "anniversary_ago": _("%(name)s had its anniversary %(days)s ago"),
    "exists": _("%(name)s is a date"),
    "missing": _("%(name)s is not a date"),
}

NOBODY = Q(pk__in=[])


def anniversaries(operator: str, n: int, today: datetime.date) -> list[datetime.date]:
    """The days whose anniversaries are asked for."""
    if operator == "anniversary_next":
        return [shifted(today, ahead) for ahead in range(min(n, 365) + 1)]
    ahead = {"anniversary_today": 0, "anniversary_ahead": n, "anniversary_ago": -n}[operator]
    return [shifted(today, ahead)]


def month_days(dates: list[datetime.date]) -> list[str]:
    """ "03-02" for each; in a year without a 29 February that day is kept on the 28th."""
    found = {f"{day:%m-%d}" for day in dates}
    if any((day.month, day.day) == (2, 28) and not calendar.isleap(day.year) for day in dates):
        found.add("02-29")
    return sorted(found)


@registry.register
class DateAttribute(Condition):
    """The attribute is a day ("2026-03-02", perhaps with a time) or a moment with its zone; nothing else matches."""

    key = "date"
    label = _("Date or anniversary")
    icon = "date"
    group = _("Who they are")
    steady = True

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "attribute",
                AttributeNameBlock(
                    label=_("Date attribute"),
                    help_text=_(
                        "It holds a date such as 2026-03-02. Days are those of the site's time zone."
                    ),
                ),
            ),
            (
                "operator",
                blocks.ChoiceBlock(
                    choices=OPERATORS,
                    default="on",
                    label=_("Comparison"),
                ),
            ),
            *days.fields(WITH_DAYS),
        ]

    def errors(self, value: Params) -> dict[str, Any]:
        errors = days.errors(value, WITH_DAYS)
        if not reading.nameable(value["attribute"]):
            errors["attribute"] = _("The name of an attribute has no quotation marks and no backslashes.")
        if value["operator"] == "anniversary_next" and (value.get("days") or 0) > 365:
            errors["days"] = _("A year has 365 days.")
        return errors

    # --- the question ---------------------------------------------------------------------------------------------------

    def q(self, params: Params, now: datetime.datetime) -> Q:
        operator = params["operator"]
        if operator in ("exists", "missing"):
            known = self._between(params, (None, None))
            return known if operator == "exists" else ~known
        if operator in ABSOLUTE:
            span = absolute(operator, params)
            return NOBODY if span is None else self._between(params, span)
        n = days.days_of(params.get("days"))
        if operator in WITH_DAYS and n is None:
            return NOBODY
        if operator in RELATIVE:
            return self._between(params, RELATIVE[operator](days.today(now), n or 0))
        return self._anniversary(params, anniversaries(operator, n or 0, days.today(now)))

    def _between(self, params: Params, span: days.Span) -> Q:
        return reading.attribute(params["attribute"] or "", lambda value: value.days_between(*span))

    def _anniversary(self, params: Params, dates: list[datetime.date]) -> Q:
        """Of the day as it is written. The day itself is no anniversary, nor is one that is still to come."""
        return reading.attribute(
            params["attribute"] or "", lambda value: value.anniversary(month_days(dates), min(dates))
        )

    # --- what changes it ------------------------------------------------------------------------------------------------

    def mentions(self, params: Params) -> Mentions:
        counted = params["operator"] in RELATIVE or params["operator"] in ANNIVERSARY_LABELS
        return Mentions(fields=frozenset({f"attributes.{params['attribute']}"}), clock=counted)

    def due(
        self, params: Params, since: datetime.datetime, now: datetime.datetime
    ) -> QuerySet[Any, Any] | None:
        if days.today(since) == days.today(now):
            return Contact.objects.none().values_list("pk", flat=True)
        return None

    # --- the words ------------------------------------------------------------------------------------------------------

    def describe(self, params: Params) -> str:
        return SENTENCES[params["operator"]] % {
            "name": f"“{params.get('attribute') or '…'}”",
            **days.words(params),
        }

    def fact(self, params: Params, contact: Contact, now: datetime.datetime) -> str:
        value = contact.attributes.get(params["attribute"])
        return _t("nothing is known") if value is None else _t("it is “%s”") % str(value)[:80]
