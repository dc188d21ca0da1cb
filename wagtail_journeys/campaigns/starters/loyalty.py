"""Who reaches 100 points becomes a member of the loyalty programme and hears what it brings."""

from __future__ import annotations

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from wagtail_journeys.events import catalogue

from . import registry
from .base import Draft, Starter, block, event, send, set_attribute, wait
from .material import Material


@registry.register
class Loyalty(Starter):
    key = "loyalty"
    label = _("Loyalty threshold")
    description = _(
        "Who reaches 100 points becomes a member of the loyalty programme and hears what it brings."
    )
    icon = "pick"

    def draft(self, material: Material) -> Draft:
        segment = material.segment(
            _t("100 points or more"),
            _t("Has collected 100 points."),
            [block("score", what="points", operator="at_least", number="100", to=None)],
        )
        programme = material.page("loyal", "member", "lid", "pricing", "tarieven", "about", "over")
        first = material.email(
            _t("Loyalty threshold: you are in"),
            _("You are one of our best"),
            _("Welcome to the programme"),
            _("<p>This is what you get from now on.</p>"),
            _("What it brings"),
            programme,
        )
        later = material.email(
            _t("Loyalty threshold: how to use it"),
            _("Your advantages, and how to use them"),
            _("Do not let them lie"),
            _("<p>Three ways to use what you have collected.</p>"),
            _("What it brings"),
            programme,
        )
        return Draft(
            trigger=block("segment_entered", segment=segment),
            steps=[set_attribute("loyal", "yes"), send(first), wait(2, "weeks", "09:00"), send(later)],
            goal=event(catalogue.ORDER_COMPLETED),
            fields={"frequency": "once", "topic": material.topic()},
        )
