"""The contact's country."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.contacts import countries
from wagtail_journeys.segments.rows import hidden_when

from . import registry
from .base import Condition, Mentions, Params

if TYPE_CHECKING:
    from wagtail_journeys.contacts.models import Contact

OPERATORS = {
    "is": _("is"),
    "is_not": _("is not"),
    "exists": _("is known"),
    "missing": _("is not known"),
}
#: Several countries at once, by a name of their own.
GROUPS = {"EU": (_("in the European Union"), countries.EU)}


def choices() -> list[tuple[Any, list[tuple[str, Any]]]]:
    groups = [(key, label) for key, (label, _codes) in GROUPS.items()]
    return [(_("Several"), groups), (_("One country"), list(countries.choices()))]


@registry.register
class Country(Condition):
    """The two letters of ISO 3166 that the trait ``country``, or ``address.country``, said."""

    key = "country"
    label = _("Country")
    icon = "site"
    group = _("Who they are")

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "operator",
                blocks.ChoiceBlock(choices=list(OPERATORS.items()), default="is", label=_("The country")),
            ),
            (
                "country",
                blocks.ChoiceBlock(
                    choices=choices,
                    required=False,
                    label=_("Country"),
                    form_attrs=hidden_when("operator", ["exists", "missing"]),
                ),
            ),
        ]

    def errors(self, value: Params) -> dict[str, Any]:
        if value["operator"] in ("is", "is_not") and not value["country"]:
            return {"country": _("Choose a country.")}
        return {}

    def q(self, params: Params, now: datetime.datetime) -> Q:
        operator, code = params["operator"], params.get("country") or ""
        if operator in ("exists", "missing"):
            return Q(country="") if operator == "missing" else ~Q(country="")
        found = Q(country__in=sorted(GROUPS[code][1])) if code in GROUPS else Q(country=code)
        return ~found if operator == "is_not" else found

    def describe(self, params: Params) -> str:
        operator, code = params["operator"], params.get("country") or ""
        sentences = {
            "is": _t("country is %s"),
            "is_not": _t("country is not %s"),
            "exists": _t("country is known"),
            "missing": _t("country is not known"),
        }
        if operator in ("exists", "missing"):
            return sentences[operator]
        where = str(GROUPS[code][0]) if code in GROUPS else countries.name(code) if code else "…"
        return sentences[operator] % where

    def mentions(self, params: Params) -> Mentions:
        return Mentions(fields=frozenset({"country"}))

    def fact(self, params: Params, contact: Contact, now: datetime.datetime) -> str:
        return _t("it is %s") % contact.country_name if contact.country else _t("nothing is known")
