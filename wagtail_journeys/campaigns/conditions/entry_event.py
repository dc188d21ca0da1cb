"""The event that started the journey: its properties, its page, section or document."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.events import properties
from wagtail_journeys.events.models import Event
from wagtail_journeys.segments import compiler
from wagtail_journeys.segments.conditions import Mentions, filters

from . import registry
from .base import JourneyCondition, Params

if TYPE_CHECKING:
    from wagtail_journeys.campaigns.steps.base import Group

#: Where the form has the name of the event that starts the campaign, for suggestions.
TRIGGER_EVENT = "trigger-0-value-event"


@registry.register
class EntryEvent(JourneyCondition):
    key = "this_event"
    label = _("Event that started the journey")
    icon = "crosshairs"

    def fields(self) -> list[tuple[str, blocks.Block]]:
        places = [(name, block) for name, block in filters.event_fields() if name != "event"]
        return [*places, *filters.property_fields(TRIGGER_EVENT, _("With these properties"))]

    def errors(self, value: Params) -> dict[str, Any]:
        if any(value.get(name) for name in ("page", "section", "document", "properties")):
            return {}
        return {"properties": _t("Say what to look for in the event.")}

    def matching(self, group: Group, params: Params, now: datetime.datetime) -> set[int]:
        events = {position.entry_event for position in group.positions if position.entry_event}
        found = Event.objects.order_by().filter(compiler.among(events), filters.place_q(params))
        if params.get("document"):
            found = found.filter(document_id=params["document"])
        found = found.filter(filters.properties_q(params.get("properties"), now))
        matching = set(found.values_list("pk", flat=True)) if events else set()
        return {position.journey for position in group.positions if position.entry_event in matching}

    def describe(self, params: Params) -> str:
        parts = [
            words % filters.page_title(params[name])
            for name, words in (("page", _("on page “%s”")), ("section", _("in section “%s”")))
            if params.get(name)
        ]
        if params.get("document"):
            parts.append(_t("document “%s”") % filters.document_title(params["document"]))
        parts += [asked.describe() for asked in properties.read(params.get("properties"))]
        also = f" {_t('and')} "
        return _t("the journey was started by an event where %s") % (also.join(map(str, parts)) or "…")

    def mentions(self, params: Params) -> Mentions:
        return Mentions(clock=filters.moves(params))
