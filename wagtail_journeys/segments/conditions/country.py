"""The contact's country."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from wagtail_journeys.contacts import countries

from . import registry
from .chosen import Chosen

#: Several countries at once, by a name of their own.
GROUPS = {"EU": (_("in the European Union"), countries.EU)}


@registry.register
class Country(Chosen):
    """The two letters of ISO 3166 that the trait ``country``, or ``address.country``, said."""

    key = "country"
    label = _("Country")
    icon = "site"
    column = field = "country"
    operator_label = _("The country")
    field_label = _("Country")
    nothing_chosen = _("Choose a country.")
    sentences = {
        "is": _("country is %s"),
        "is_not": _("country is not %s"),
        "exists": _("country is known"),
        "missing": _("country is not known"),
    }

    def choices(self) -> list[tuple[Any, list[tuple[str, Any]]]]:
        groups = [(key, label) for key, (label, _codes) in GROUPS.items()]
        return [(_("Several"), groups), (_("One country"), list(countries.choices()))]

    def chosen(self, code: str) -> Q:
        return Q(country__in=sorted(GROUPS[code][1])) if code in GROUPS else Q(country=code)

    def name(self, code: str) -> str:
        return str(GROUPS[code][0]) if code in GROUPS else countries.name(code)
