"""Spent at least so much time looking at a page, a section or the whole site."""

from __future__ import annotations

import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.events import catalogue
from wagtail_journeys.events.models import Event
from wagtail_journeys.events.properties import Number

from . import period, population, registry
from .base import Condition, Mentions, Params
from .behaviour import DID, DID_NOT
from .period import Period
from .viewed import describe_pages, page_fields, pages_q

#: What an event that tells of leaving a page may claim at most; more is a tab forgotten, or a lie.
LONGEST = 24 * 3600
UNITS = {"seconds": 1, "minutes": 60, "hours": 3600}


@registry.register
class TimeSpent(Condition):
    key = "time_spent"
    label = _("Spent time")
    icon = "time"
    group = _("What they did")
    steady = True

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "did",
                blocks.ChoiceBlock(
                    choices=[(DID, _("spent at least")), (DID_NOT, _("spent less than"))],
                    default=DID,
                    label=_("The contact"),
                    help_text=_(
                        "The time that the page was visible. Less than so much includes none at all."
                    ),
                ),
            ),
            ("least", blocks.IntegerBlock(default=1, min_value=1, label=_("Time"))),
            (
                "least_unit",
                blocks.ChoiceBlock(
                    choices=[("seconds", _("seconds")), ("minutes", _("minutes")), ("hours", _("hours"))],
                    default="minutes",
                    label=_("Unit of time"),
                ),
            ),
            *page_fields(),
            *period.fields(),
        ]

    def errors(self, value: Params) -> dict[str, Any]:
        return period.problems(value)

    def q(self, params: Params, now: datetime.datetime) -> Q:
        left = Event.objects.filter(pages_q(params), Period.read(params, now).q(), name=catalogue.PAGE_LEFT)
        believed = left.alias(seconds=Number("seconds")).filter(seconds__gt=0, seconds__lte=LONGEST)
        least = params["least"] * UNITS[params["least_unit"]]
        spent = population.total(believed, "seconds", least)
        return ~spent if params.get("did") == DID_NOT else spent

    def describe(self, params: Params) -> str:
        unit = {
            "seconds": _t("%s seconds"),
            "minutes": _t("%s minutes"),
            "hours": _t("%s hours"),
        }[params["least_unit"]]
        phrase = (
            _t("spent less than %(time)s on %(pages)s")
            if params.get("did") == DID_NOT
            else _t("spent at least %(time)s on %(pages)s")
        )
        anywhere = not any(params.get(key) for key in ("page", "section", "page_type", "tag"))
        pages = _t("the site") if anywhere else describe_pages(params)
        return phrase % {"time": unit % params["least"], "pages": pages} + period.describe(params)

    def mentions(self, params: Params) -> Mentions:
        return Mentions(
            events=frozenset({catalogue.PAGE_LEFT}),
            clock=period.moves(params),
            sections=bool(params.get("section")),
        )

    def due(
        self, params: Params, since: datetime.datetime, now: datetime.datetime
    ) -> QuerySet[Any, Any] | None:
        moved = Period.read(params, now).crossed(since, now)
        left = Event.objects.filter(moved, name=catalogue.PAGE_LEFT, contact__isnull=False)
        return left.values("contact_id")
