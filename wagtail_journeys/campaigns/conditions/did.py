"""Did, or did not do, something since entering this journey. The event that started it is not one of them."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import BigIntegerField, Count, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.events.models import Event
from wagtail_journeys.segments.conditions import Mentions, filters

from . import registry
from .base import JourneyCondition, Params, ids_of, journeys

if TYPE_CHECKING:
    from wagtail_journeys.campaigns.steps.base import Group


@registry.register
class DidSinceEntry(JourneyCondition):
    key = "this_did"
    label = _("Did or did not do since entering")
    icon = "history"

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "did",
                blocks.ChoiceBlock(
                    choices=[("did", _("did")), ("did_not", _("did not"))],
                    default="did",
                    label=_("The contact"),
                ),
            ),
            *filters.event_fields(),
            *filters.property_fields(),
            ("count", blocks.IntegerBlock(default=1, min_value=1, label=_("At least so many times"))),
        ]

    def matching(self, group: Group, params: Params, now: datetime.datetime) -> set[int]:
        found = set(self._those(group, params, now).values_list("pk", flat=True))
        return set(ids_of(group)) - found if params.get("did") == "did_not" else found

    def _those(self, group: Group, params: Params, now: datetime.datetime) -> QuerySet[Any]:
        started = Coalesce(OuterRef("entry_event_id"), Value(0), output_field=BigIntegerField())
        events: Any = (
            Event.objects.order_by()
            .filter(
                filters.named_q(params, now),
                contact_id=OuterRef("contact_id"),
                occurred_at__gte=OuterRef("entered_at"),
            )
            .exclude(pk=started)
        )
        times = params.get("count") or 1
        if times > 1:
            events = events.values("contact_id").annotate(times=Count("pk")).filter(times__gte=times)
        return journeys(ids_of(group)).filter(Q(Exists(events)))

    def describe(self, params: Params) -> str:
        what, times = filters.describe_event(params), params.get("count") or 1
        if times > 1:
            words = _t("%(what)s at least %(times)d times since entering this journey")
            if params.get("did") == "did_not":
                words = _t("%(what)s less than %(times)d times since entering this journey")
            return words % {"what": what, "times": times}
        if params.get("did") == "did_not":
            return _t("never %s since entering this journey") % what
        return _t("%s since entering this journey") % what

    def mentions(self, params: Params) -> Mentions:
        return Mentions(
            events=frozenset({params["event"]} if params.get("event") else ()), clock=filters.moves(params)
        )
