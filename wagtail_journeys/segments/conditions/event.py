"""Did, or did not do, something: an event, where, with which properties, how often, and when."""

from __future__ import annotations

import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.events.fields import PropertyNameBlock
from wagtail_journeys.events.models import Event
from wagtail_journeys.segments.rows import shown_when

from . import filters, population, registry
from .base import Params
from .behaviour import Behaviour
from .filters import describe_event as describe_event
from .filters import event_fields as event_fields
from .period import Period


@registry.register
class DidEvent(Behaviour):
    key = "event"
    label = _("Did or did not do")
    icon = "history"

    def own_fields(self) -> list[tuple[str, blocks.Block]]:
        return [*filters.event_fields(), *filters.property_fields()]

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            *super().fields(),
            (
                "total_of",
                PropertyNameBlock(
                    required=False,
                    label=_("Total of property"),
                    help_text=_("Adds this property up, instead of counting how often."),
                    form_attrs=shown_when("occasion", ["any"]),
                ),
            ),
            (
                "total",
                blocks.FloatBlock(
                    required=False, label=_("Is at least"), form_attrs=shown_when("occasion", ["any"])
                ),
            ),
        ]

    def errors(self, value: Params) -> dict[str, Any]:
        found = super().errors(value)
        if value.get("total_of") and value.get("total") is None:
            found["total"] = _t("Say how much it has to be.")
        return found

    def events(self, params: Params, now: datetime.datetime) -> QuerySet[Event]:
        return Event.objects.filter(filters.named_q(params, now))

    def names(self, params: Params) -> frozenset[str]:
        return frozenset({params["event"]} if params.get("event") else ())

    def clock(self, params: Params) -> bool:
        return filters.moves(params)

    def done(self, params: Params, events: QuerySet[Event], when: Period) -> Q:
        name, limit = params.get("total_of"), params.get("total")
        if name and limit is not None and (params.get("occasion") or "any") == "any":
            return population.total(events.filter(when.q()), name, limit)
        return super().done(params, events, when)

    def what(self, params: Params) -> str:
        return filters.describe_event(params)

    def describe(self, params: Params) -> str:
        name, limit = params.get("total_of"), params.get("total")
        if name and limit is not None and (params.get("occasion") or "any") == "any":
            words = {"what": self.what(params), "name": name, "limit": f"{limit:g}"}
            once = {**params, "how_often": "at_least", "count": 1}
            if params.get("did") == "did_not":
                phrase = _t("%(what)s, with %(name)s adding up to less than %(limit)s,")
            else:
                phrase = _t("%(what)s, with %(name)s adding up to at least %(limit)s,")
            return self.sentence({**once, "did": "did"}, phrase % words).rstrip(",")
        return super().describe(params)
