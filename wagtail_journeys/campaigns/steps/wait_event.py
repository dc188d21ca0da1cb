"""Wait until an event happens, for so long at most."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import Min
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.campaigns.clock import in_words
from wagtail_journeys.campaigns.outcomes import Outcome
from wagtail_journeys.events.models import Event
from wagtail_journeys.segments import compiler
from wagtail_journeys.segments.conditions import Mentions, filters
from wagtail_journeys.segments.rows import shown_when

from . import registry, waiting
from .base import TIMING, Group, Params, Position, Step

SINCE = {
    "arrival": _("since arriving here"),
    "entry": _("since entering the campaign"),
    "days": _("in the last … days"),
    "ever": _("ever"),
}


@registry.register
class WaitEvent(Step):
    key = "wait_event"
    waits = True
    label = _("Wait until an event happens")
    icon = "crosshairs"
    group = TIMING
    arms = waiting.ARMS
    awaits = _("the event to happen")

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            *filters.event_fields(),
            *filters.property_fields(),
            (
                "since",
                blocks.ChoiceBlock(
                    choices=list(SINCE.items()),
                    default="arrival",
                    label=_("Counts if it happened"),
                    help_text=_("Whoever has done it already goes on at once."),
                ),
            ),
            (
                "days",
                blocks.IntegerBlock(
                    required=False,
                    default=7,
                    min_value=1,
                    max_value=3650,
                    label=_("Days"),
                    form_attrs=shown_when("since", ["days"]),
                ),
            ),
            *waiting.limit_fields(),
        ]

    def describe(self, params: Params) -> str:
        what = filters.describe_event(params) if params.get("event") else "…"
        return _t("wait until the contact %(event)s, at most %(length)s") % {
            "event": what,
            "length": in_words(params["amount"], params["unit"]),
        }

    def since(self, params: Params, position: Position) -> datetime.datetime | None:
        """From when on the event counts for a journey; None: ever."""
        if params.get("since") == "ever":
            return None
        if params.get("since") == "entry":
            return position.entered_at
        if params.get("since") == "days":
            return position.arrived_at - datetime.timedelta(days=params.get("days") or 1)
        return position.arrived_at

    def decide(self, group: Group, params: Params, now: datetime.datetime) -> dict[int, Outcome]:
        starts = {position.journey: self.since(params, position) for position in group.positions}
        times = self.times(group, params, now, list(starts.values()))
        decided: dict[int, Outcome] = {}
        for position in group.positions:
            start, end = starts[position.journey], waiting.limit(params, position)
            # What let the contact in is over when the journey begins, however little time there is in between.
            own = position.entry_event if params.get("since") in (None, "", "arrival", "entry") else None
            happened = any(
                (start is None or start <= moment) and moment <= end and event != own
                for event, moment in times[position.contact]
            )
            decided[position.journey] = waiting.outcome(happened, params, position, now)
        return decided

    def times(
        self, group: Group, params: Params, now: datetime.datetime, starts: list[datetime.datetime | None]
    ) -> dict[int, list[tuple[int, datetime.datetime]]]:
        """When each contact did it, as far as it matters, with the id of the event: one statement."""
        events = Event.objects.filter(
            filters.named_q(params, now),
            compiler.among({position.contact for position in group.positions}, "contact_id"),
        ).order_by()
        found: dict[int, list[tuple[int, datetime.datetime]]] = defaultdict(list)
        known = [moment for moment in starts if moment is not None]
        if len(known) < len(starts):  # ever: the first time says it all
            rows: Iterable[Any] = (
                events.values("contact_id")
                .annotate(event=Min("pk"), first=Min("occurred_at"))
                .values_list("contact_id", "event", "first")
            )
        else:
            rows = events.filter(occurred_at__gte=min(known)).values_list("contact_id", "pk", "occurred_at")
        for contact, event, moment in rows:
            if contact is not None:
                found[contact].append((event, moment))
        return found

    def problems(self, params: Params) -> list[str]:
        return [] if params.get("event") else [_t("Say which event to wait for.")]

    def missing(self, params: Params, position: Position) -> str:
        since, words = self.since(params, position), {"event": filters.describe_event(params)}
        if since is None:
            return _t("Never so far: the contact %(event)s.") % words
        words["since"] = date_format(localtime(since), "j M Y, H:i T")
        return _t("Not since %(since)s: the contact %(event)s.") % words

    def mentions(self, params: Params) -> Mentions:
        return Mentions(events=frozenset({params["event"]}))
