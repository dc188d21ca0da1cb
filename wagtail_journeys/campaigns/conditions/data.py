"""What the journey has kept: members of the answer to an HTTP call."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.events import properties
from wagtail_journeys.events.properties import Filter
from wagtail_journeys.segments.conditions import Mentions
from wagtail_journeys.segments.rows import hidden_when

from . import registry
from .base import JourneyCondition, Params, ids_of, journeys

if TYPE_CHECKING:
    from wagtail_journeys.campaigns.steps.base import Group


@registry.register
class JourneyData(JourneyCondition):
    key = "this_data"
    label = _("Journey data")
    icon = "tag"

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "name",
                blocks.CharBlock(
                    max_length=100,
                    label=_("Name"),
                    help_text=_("Under which an earlier “HTTP call” keeps a member of the answer."),
                ),
            ),
            (
                "operator",
                blocks.ChoiceBlock(
                    choices=list(properties.OPERATORS.items()), default="is", label=_("Comparison")
                ),
            ),
            (
                "value",
                blocks.CharBlock(
                    required=False,
                    max_length=300,
                    label=_("Value"),
                    form_attrs=hidden_when("operator", properties.WITHOUT_VALUE),
                ),
            ),
        ]

    def errors(self, value: Params) -> dict[str, Any]:
        problem = self._filter(value).problem()
        return {"value": problem} if problem else {}

    def matching(self, group: Group, params: Params, now: datetime.datetime) -> set[int]:
        asked = self._filter(params)
        rows = journeys(ids_of(group)).values_list("pk", "data")
        return {pk for pk, data in rows if asked.holds(data or {}, now)}

    def describe(self, params: Params) -> str:
        return _t("in the journey's data, %s") % self._filter(params).describe()

    def _filter(self, params: Params) -> Filter:
        return Filter(params.get("name") or "", params["operator"], params.get("value") or "")

    def mentions(self, params: Params) -> Mentions:
        return Mentions(clock=self._filter(params).clock)
