"""A greeting on the day, every year."""

from __future__ import annotations

from django.utils.text import format_lazy
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from wagtail_journeys.campaigns.triggers import registry as triggers

from . import registry
from .base import Block, Draft, Starter, block, send
from .material import FIRST_NAME, Material


@registry.register
class Birthday(Starter):
    key = "birthday"
    label = _("Birthday")
    description = _("A greeting on the day, every year.")
    icon = "date"

    def draft(self, material: Material) -> Draft:
        greeting = material.email(
            _t("Birthday: greeting"),
            _("Happy birthday"),
            format_lazy("{} {}", HAPPY, FIRST_NAME),
            _("<p>All the best from all of us.</p>"),
        )
        material.todo(
            _t("Make sure that contacts have the attribute “%s” (for example 1984-05-17).") % ATTRIBUTE
        )
        return Draft(
            trigger=self.trigger(material),
            steps=[send(greeting)],
            fields={"frequency": "every_time", "topic": material.topic()},
        )

    def trigger(self, material: Material) -> Block:
        if "date" in triggers:
            return block(
                "date", kind="attribute", attribute=ATTRIBUTE, amount=0, unit="days", at="09:00", yearly=True
            )
        segment = material.segment(
            _t("Birthday today"),
            _t("The day and the month of the attribute “%s” are those of today.") % ATTRIBUTE,
            [block("date", attribute=ATTRIBUTE, operator="anniversary_today")],
        )
        return block("segment_entered", segment=segment)


ATTRIBUTE = "birthday"
HAPPY = _("Happy birthday,")
