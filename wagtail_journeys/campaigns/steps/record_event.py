"""Record an event of the contact: it counts for segments and may start other campaigns."""

from __future__ import annotations

import datetime

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.campaigns.outcomes import Advance, Outcome
from wagtail_journeys.campaigns.outcomes import RecordEvent as RecordEventEffect
from wagtail_journeys.events import catalogue
from wagtail_journeys.events.fields import EventNameBlock

from . import registry
from .base import CONTACT, Group, Params, Step


@registry.register
class RecordEvent(Step):
    key = "record_event"
    label = _("Record an event")
    icon = "history"
    group = CONTACT

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            ("event", EventNameBlock(help_text=_("It may start other campaigns."))),
            (
                "properties",
                blocks.ListBlock(
                    blocks.StructBlock(
                        [
                            ("property", blocks.CharBlock(max_length=100, label=_("Property"))),
                            ("value", blocks.CharBlock(required=False, max_length=300, label=_("Value"))),
                        ],
                        form_classname="struct-block wj-row",
                    ),
                    default=[],
                    min_num=0,
                    label=_("Properties"),
                ),
            ),
        ]

    def describe(self, params: Params) -> str:
        return _t("record: %s") % (catalogue.label(params["event"]) if params.get("event") else "…")

    def decide(self, group: Group, params: Params, now: datetime.datetime) -> dict[int, Outcome]:
        properties = {
            item["value"]["property"]: item["value"].get("value") or ""
            for item in params.get("properties") or []
        }
        effect = RecordEventEffect(params["event"], properties)
        return {position.journey: Advance(effects=(effect,)) for position in group.positions}

    def problems(self, params: Params) -> list[str]:
        if not params.get("event"):
            return [_t("Say which event.")]
        if params["event"] in catalogue.LABELS:
            return [
                _t("“%s” is an event that the site itself records. Choose a name of your own.")
                % params["event"]
            ]
        return []
