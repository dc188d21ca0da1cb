"""The contact's time zone."""

from __future__ import annotations

import datetime
import zoneinfo
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

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
#: Old names and names for machines: a contact may have one of them, nobody needs to choose it.
UNUSUAL = {"Etc", "SystemV", "US", "posix", "right", "Brazil", "Canada", "Chile", "Mexico"}


def zones() -> list[tuple[str, list[tuple[str, str]]]]:
    """Zones by the part of the world they are named after."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(zoneinfo.available_timezones()):
        area, slash, place = name.partition("/")
        if slash and area not in UNUSUAL:
            found.setdefault(area, []).append((name, f"{place.replace('_', ' ')} ({name})"))
    return [*found.items(), ("UTC", [("UTC", "UTC")])]


@registry.register
class TimeZone(Condition):
    key = "time_zone"
    label = _("Time zone")
    icon = "time"
    group = _("Who they are")

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "operator",
                blocks.ChoiceBlock(choices=list(OPERATORS.items()), default="is", label=_("The time zone")),
            ),
            (
                "zone",
                blocks.ChoiceBlock(
                    choices=zones,
                    required=False,
                    label=_("Time zone"),
                    form_attrs=hidden_when("operator", ["exists", "missing"]),
                ),
            ),
        ]

    def errors(self, value: Params) -> dict[str, Any]:
        if value["operator"] in ("is", "is_not") and not value["zone"]:
            return {"zone": _("Choose a time zone.")}
        return {}

    def q(self, params: Params, now: datetime.datetime) -> Q:
        q = (
            Q(time_zone="")
            if params["operator"] in ("exists", "missing")
            else Q(time_zone=params["zone"] or "")
        )
        return ~q if params["operator"] in ("exists", "is_not") else q

    def describe(self, params: Params) -> str:
        sentences = {
            "is": _t("time zone is %s"),
            "is_not": _t("time zone is not %s"),
            "exists": _t("time zone is known"),
            "missing": _t("time zone is not known"),
        }
        sentence = sentences[params["operator"]]
        return sentence % (params.get("zone") or "…") if "%s" in sentence else sentence

    def mentions(self, params: Params) -> Mentions:
        return Mentions(fields=frozenset({"time_zone"}))

    def fact(self, params: Params, contact: Contact, now: datetime.datetime) -> str:
        return _t("it is %s") % contact.time_zone if contact.time_zone else _t("nothing is known")
