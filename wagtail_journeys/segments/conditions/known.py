"""Whether something is known of the contact at all."""

from __future__ import annotations

import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from . import registry
from .base import Condition, Mentions, Params

#: What can be had: its name, and the columns of which one must have something in it.
THINGS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "email": (_("an email address"), ("email",)),
    "external_id": (_("an external id"), ("external_id",)),
    "name": (_("a name"), ("first_name", "last_name")),
    "locale": (_("a language"), ("locale",)),
    "time_zone": (_("a time zone"), ("time_zone",)),
    "country": (_("a country"), ("country",)),
    "orders": (_("an order"), ("orders",)),
    "last_seen_at": (_("a visit or another event"), ("last_seen_at",)),
}
MODES = {"has": _("has"), "has_not": _("does not have")}
#: What an empty column holds.
EMPTY: dict[str, Q] = {
    "email": Q(email__isnull=True) | Q(email=""),
    "external_id": Q(external_id__isnull=True) | Q(external_id=""),
    "orders": Q(orders__lte=0),
    "last_seen_at": Q(last_seen_at__isnull=True),
}


@registry.register
class Known(Condition):
    key = "known"
    label = _("Has an address, a name …")
    icon = "mail"
    group = _("Who they are")
    steady = True

    def fields(self) -> list[tuple[str, blocks.Block]]:
        things = [(key, name) for key, (name, _columns) in THINGS.items()]
        return [
            (
                "mode",
                blocks.ChoiceBlock(choices=list(MODES.items()), default="has", label=_("The contact")),
            ),
            ("thing", blocks.ChoiceBlock(choices=things, default="email", label=_("What"))),
        ]

    def q(self, params: Params, now: datetime.datetime) -> Q:
        if params["mode"] not in MODES:
            raise ValueError(f"There is no {params['mode']!r}.")
        nothing = Q()
        for column in THINGS[params["thing"]][1]:
            nothing &= EMPTY.get(column) or Q(**{column: ""})
        return nothing if params["mode"] == "has_not" else ~nothing

    def describe(self, params: Params) -> str:
        phrase = _t("has %s") if params["mode"] == "has" else _t("does not have %s")
        return phrase % str(THINGS[params["thing"]][0])

    def mentions(self, params: Params) -> Mentions:
        return Mentions(fields=frozenset(THINGS[params["thing"]][1]))
