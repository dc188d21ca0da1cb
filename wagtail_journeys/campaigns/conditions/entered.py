"""When the contact entered this journey."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.segments.conditions import Mentions, period
from wagtail_journeys.segments.conditions.period import Period

from . import registry
from .base import JourneyCondition, Params, ids_of, journeys

if TYPE_CHECKING:
    from wagtail_journeys.campaigns.steps.base import Group


@registry.register
class Entered(JourneyCondition):
    key = "this_entered"
    label = _("Entered this journey")
    icon = "login"

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return period.fields()

    def errors(self, value: Params) -> dict[str, Any]:
        if (value.get("period") or period.EVER) == period.EVER:
            return {"period": _t("Everybody here has entered at some time. Say when.")}
        return period.problems(value)

    def matching(self, group: Group, params: Params, now: datetime.datetime) -> set[int]:
        inside = journeys(ids_of(group)).filter(Period.read(params, now).q("entered_at"))
        return set(inside.values_list("pk", flat=True))

    def describe(self, params: Params) -> str:
        return _t("entered this journey%s") % period.describe(params)

    def mentions(self, params: Params) -> Mentions:
        return Mentions(clock=period.moves(params))
