"""An event occurs: by name, properties, page, section or document."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.segments.conditions import filters

from . import registry
from .base import Params, Trigger


@registry.register
class EventTrigger(Trigger):
    key = "event"
    label = _("An event occurs")
    icon = "crosshairs"

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [*filters.event_fields(), *filters.property_fields()]

    def describe(self, params: Params) -> str:
        return filters.describe_event(params)

    def events(self, params: Params) -> frozenset[str]:
        return frozenset({params["event"]})

    def pages(self, params: Params) -> set[int]:
        return {params[key] for key in ("page", "section") if params.get(key)}

    def matches(self, params: Params, event: Any, places: Any) -> bool:
        if event.name != params["event"]:
            return False
        if params.get("page") and not places.same(event.page_id, params["page"]):
            return False
        if params.get("section") and not places.below(event.page_id, params["section"]):
            return False
        if params.get("document") and event.document_id != params["document"]:
            return False
        return all(one.holds(event.properties, event.received_at) for one in filters.asked(params))

    def problems(self, params: Params) -> list[str]:
        return [] if params.get("event") else [_t("The trigger names no event.")]

    def references(self, params: Params) -> dict[str, set[int]]:
        found = {"page": self.pages(params)}
        if params.get("document"):
            found["document"] = {params["document"]}
        return found
