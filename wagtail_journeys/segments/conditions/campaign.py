"""Is in a campaign, entered, completed, left or converted in it, or never did."""

from __future__ import annotations

import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.snippets.blocks import SnippetChooserBlock

from wagtail_journeys.events import catalogue
from wagtail_journeys.events.models import Event
from wagtail_journeys.events.properties import Filter, Number
from wagtail_journeys.segments.rows import hidden_when

from . import filters, period, population, registry
from .base import Condition, Mentions, Params
from .period import Period

MODES = {
    "in": (_("is in"), _("is in %s"), [catalogue.JOURNEY_ENTERED, catalogue.JOURNEY_ENDED]),
    "not_in": (_("is not in"), _("is not in %s"), [catalogue.JOURNEY_ENTERED, catalogue.JOURNEY_ENDED]),
    "entered": (_("entered"), _("entered %s"), [catalogue.JOURNEY_ENTERED]),
    "never": (_("never entered"), _("never entered %s"), [catalogue.JOURNEY_ENTERED]),
    "completed": (_("completed"), _("completed %s"), [catalogue.JOURNEY_ENDED]),
    "left": (_("left before the end"), _("left %s before the end"), [catalogue.JOURNEY_ENDED]),
    "converted": (_("reached the goal of"), _("reached the goal of %s"), [catalogue.JOURNEY_CONVERTED]),
    "not_converted": (
        _("did not reach the goal of"), _("did not reach the goal of %s"), [catalogue.JOURNEY_CONVERTED]
    ),
}  # fmt: skip
NEGATIVE = {"not_in", "never", "not_converted"}
#: Modes that are about now, and have no period.
STATES = ["in", "not_in"]


@registry.register
class InCampaign(Condition):
    key = "campaign"
    label = _("Campaign")
    icon = "crosshairs"
    group = _("What they did")
    steady = True

    def fields(self) -> list[tuple[str, blocks.Block]]:
        (first, choice), *others = period.fields()
        choice.meta.form_attrs = hidden_when("mode", STATES)
        return [
            (
                "mode",
                blocks.ChoiceBlock(
                    choices=[(key, words) for key, (words, _phrase, _names) in MODES.items()],
                    default="in",
                    label=_("The contact"),
                ),
            ),
            (
                "campaign",
                SnippetChooserBlock(
                    "wagtail_journeys.Campaign",
                    required=False,
                    label=_("Campaign"),
                    help_text=_("Empty: any campaign."),
                ),
            ),
            (first, choice),
            *others,
        ]

    def errors(self, value: Params) -> dict[str, Any]:
        return {} if value.get("mode") in STATES else period.problems(value)

    def q(self, params: Params, now: datetime.datetime) -> Q:
        mode = params["mode"]
        if mode in STATES:
            found = population.some(self._open(params, now))
        else:
            found = population.some(self._events(params, now).filter(Period.read(params, now).q()))
        return ~found if mode in NEGATIVE else found

    def _events(self, params: Params, now: datetime.datetime) -> QuerySet[Event]:
        mode = params["mode"]
        found = self._of(params, MODES[mode][2][0])
        if mode in ("completed", "left"):
            completed = Q(Filter("outcome", "is", "completed").q(now))
            found = found.filter(completed if mode == "completed" else ~completed)
        return found

    def _open(self, params: Params, now: datetime.datetime) -> QuerySet[Event]:
        """Entries of journeys that have not ended."""
        ended = self._of(params, catalogue.JOURNEY_ENDED).filter(contact_id=OuterRef("contact_id"))
        ended = ended.alias(journey=Number("journey")).filter(journey=OuterRef("journey"))
        entered = self._of(params, catalogue.JOURNEY_ENTERED).annotate(journey=Number("journey"))
        return entered.filter(~Exists(ended))

    def _of(self, params: Params, name: str) -> QuerySet[Event]:
        found = Event.objects.filter(name=name)
        if params.get("campaign"):
            found = found.alias(campaign=Number("campaign")).filter(campaign=params["campaign"])
        return found

    def describe(self, params: Params) -> str:
        if params.get("campaign"):
            name = filters.name_of("Campaign", params["campaign"], _t("a deleted campaign"))
            words = _t("the campaign “%s”") % name
        else:
            words = _t("any campaign")
        mode = params["mode"]
        return str(MODES[mode][1]) % words + ("" if mode in STATES else period.describe(params))

    def mentions(self, params: Params) -> Mentions:
        mode = params["mode"]
        return Mentions(events=frozenset(MODES[mode][2]), clock=mode not in STATES and period.moves(params))

    def due(
        self, params: Params, since: datetime.datetime, now: datetime.datetime
    ) -> QuerySet[Any, Any] | None:
        moved = Period.read(params, now).crossed(since, now)
        found = Event.objects.filter(moved, name__in=MODES[params["mode"]][2], contact__isnull=False)
        return found.values("contact_id")
