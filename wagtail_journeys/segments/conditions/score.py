"""Points, lifetime value and number of orders."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.formats import number_format
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys import reading
from wagtail_journeys.reading import as_number
from wagtail_journeys.segments.rows import shown_when

from . import registry
from .base import Condition, Mentions, Params

if TYPE_CHECKING:
    from wagtail_journeys.contacts.models import Contact

WHAT = {
    "points": _("number of points"),
    "lifetime_value": _("lifetime value"),
    "orders": _("number of orders"),
}
OPERATORS = {
    "at_least": _("is at least"),
    "at_most": _("is at most"),
    "more_than": _("is more than"),
    "less_than": _("is less than"),
    "is": _("is"),
    "is_not": _("is not"),
    "between": _("is between"),
}

SENTENCES = {
    "at_least": _("%(what)s is at least %(number)s"),
    "at_most": _("%(what)s is at most %(number)s"),
    "more_than": _("%(what)s is more than %(number)s"),
    "less_than": _("%(what)s is less than %(number)s"),
    "is": _("%(what)s is %(number)s"),
    "is_not": _("%(what)s is not %(number)s"),
    "between": _("%(what)s is between %(number)s and %(to)s"),
}


@registry.register
class Score(Condition):
    key = "score"
    label = _("Points, value or orders")
    icon = "pick"
    group = _("Who they are")
    steady = True

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            ("what", blocks.ChoiceBlock(choices=list(WHAT.items()), default="points", label=_("What"))),
            (
                "operator",
                blocks.ChoiceBlock(
                    choices=list(OPERATORS.items()), default="at_least", label=_("Comparison")
                ),
            ),
            (
                "number",
                blocks.DecimalBlock(max_digits=14, decimal_places=2, label=_("Number")),
            ),
            (
                "to",
                blocks.DecimalBlock(
                    required=False,
                    max_digits=14,
                    decimal_places=2,
                    label=_("And (included)"),
                    form_attrs=shown_when("operator", ["between"]),
                ),
            ),
        ]

    def errors(self, value: Params) -> dict[str, Any]:
        if value["operator"] == "between":
            if value.get("to") is None:
                return {"to": _("Say which number.")}
            if value["to"] < value["number"]:
                return {"to": _("This is less than the first number.")}
        return {}

    def q(self, params: Params, now: datetime.datetime) -> Q:
        what, operator = params["what"], params["operator"]
        if what not in WHAT or operator not in OPERATORS:
            raise ValueError(f"Not a question about a number: {params!r}")
        number = as_number(str(params["number"]))
        to = as_number(str(params.get("to"))) if operator == "between" else number
        if number is None or to is None:
            return Q(pk__in=[])
        low = number if operator in ("at_least", "more_than", "is", "is_not", "between") else None
        high = to if operator in ("at_most", "less_than", "is", "is_not", "between") else None
        strict = operator in ("more_than", "less_than")
        found = reading.column(what, "number", lambda value: value.number_between(low, high, strict))
        return ~found if operator == "is_not" else found

    def describe(self, params: Params) -> str:
        number, to = _words(params.get("number")), _words(params.get("to"))
        words = {"what": WHAT[params["what"]], "number": number, "to": to}
        return SENTENCES[params["operator"]] % words

    def mentions(self, params: Params) -> Mentions:
        return Mentions(fields=frozenset({params["what"]}))

    def fact(self, params: Params, contact: Contact, now: datetime.datetime) -> str:
        return _t("it is %s") % _words(getattr(contact, params["what"]))


def _words(value: Any) -> str:
    """ "1,000" or "12.5"; zeros behind the point are left out."""
    number = None if value is None or value == "" else as_number(str(value))
    if number is None:
        return "…"
    text = number.normalize()
    return number_format(f"{text:f}", use_l10n=True, force_grouping=True)
