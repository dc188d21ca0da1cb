"""Who has done nothing for 90 days is asked whether they still want to hear from you."""

from __future__ import annotations

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from wagtail_journeys.events import catalogue

from . import registry
from .base import Draft, Starter, block, event, send, set_attribute, wait_for
from .material import Material


@registry.register
class Inactivity(Starter):
    key = "inactivity"
    label = _("Inactivity")
    description = _("Who has done nothing for 90 days is asked whether they still want to hear from you.")
    icon = "time"

    def draft(self, material: Material) -> Draft:
        segment = material.segment(
            _t("Inactive for 90 days"),
            _t("Has an email address, and has done nothing for 90 days."),
            [
                block("inactive", event="", amount=90, unit="days"),
                block("attribute", field="email", attribute="", operator="exists", value=""),
            ],
        )
        home = material.page("article", "artikel", "blog", "news", "nieuws", "guide", "gids")
        first = material.email(
            _t("Inactivity: what you missed"),
            _("What you missed"),
            _("It has been a while"),
            _("<p>This is what happened in the meantime.</p>"),
            _("Have a look"),
            home,
        )
        last = material.email(
            _t("Inactivity: shall we stop?"),
            _("Shall we stop writing?"),
            _("Still interested?"),
            _(
                "<p>If not, unsubscribe with the link below, and no hard feelings. One click here is enough to stay.</p>"
            ),
            _("I want to stay"),
            home,
        )
        again = wait_for(catalogue.PAGE_VIEW, 2, "weeks", [], [send(last), set_attribute("inactive", "yes")])
        return Draft(
            trigger=block("segment_entered", segment=segment),
            steps=[send(first), again],
            goal=event(catalogue.PAGE_VIEW),
            fields={
                "frequency": "interval",
                "interval": 6,
                "interval_unit": "months",
                "stop_on_goal": True,
                "topic": material.topic(),
            },
        )
