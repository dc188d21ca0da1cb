"""So many per cent of all contacts, drawn by lot once and for all."""

from __future__ import annotations

import datetime
import decimal
from typing import Any

from django.db.models import Q, Value
from django.db.models.functions import Concat
from django.db.models.lookups import LessThan
from django.utils.formats import number_format
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.segments import hashing
from wagtail_journeys.segments.hashing import Position, Sha256

from . import registry
from .base import Condition, Mentions, Params


def percentage(value: Any) -> decimal.Decimal:
    """Between 0 and 100. Raises ValueError for what is no number."""
    try:
        number = decimal.Decimal(str(value))
    except decimal.InvalidOperation:
        raise ValueError(f"Not a percentage: {value!r}") from None
    if not number.is_finite():
        raise ValueError(f"Not a percentage: {value!r}")
    return min(max(number, decimal.Decimal(0)), decimal.Decimal(100))


@registry.register
class Sample(Condition):
    """A contact's lot never changes. In one draw, the 10% are part of the 20%; another draw picks others."""

    key = "sample"
    label = _("Random part of all contacts")
    icon = "order"
    group = _("Combine")
    steady = True

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "percent",
                blocks.DecimalBlock(
                    default=10,
                    min_value=0,
                    max_value=100,
                    max_digits=6,
                    decimal_places=3,
                    label=_("Per cent"),
                    help_text=_(
                        "Chosen once for each contact, and for good: raising 10 to 20 adds contacts."
                    ),
                ),
            ),
            (
                "salt",
                blocks.CharBlock(
                    required=False,
                    max_length=100,
                    label=_("Draw"),
                    help_text=_(
                        "Rules with the same name here choose the same contacts, with another name others."
                    ),
                ),
            ),
        ]

    def q(self, params: Params, now: datetime.datetime) -> Q:
        edge = hashing.below(percentage(params["percent"]))
        if edge is None:
            return ~Q(pk__in=[])
        lot = Position(Sha256(Concat(hashing.uuid_digits(), Value(f":{params.get('salt') or ''}"))))
        return Q(LessThan(lot, Value(edge)))

    def describe(self, params: Params) -> str:
        value = params.get("percent")
        percent = "…" if value is None else number_format(f"{percentage(value).normalize():f}")
        if params.get("salt"):
            words = {"percent": percent, "draw": params["salt"]}
            return _t("is among a random %(percent)s%% of all contacts (draw “%(draw)s”)") % words
        return _t("is among a random %(percent)s%% of all contacts") % {"percent": percent}

    def mentions(self, params: Params) -> Mentions:
        return Mentions()
