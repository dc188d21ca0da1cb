"""Who stays to the end of an article gets the next one to read."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from wagtail_journeys.events import catalogue

from . import registry
from .base import Draft, Starter, branch, did, event, send, wait
from .material import Material


@registry.register
class ContentFinished(Starter):
    key = "content_finished"
    label = _("Content finished")
    description = _("Who stays to the end of an article gets the next one to read.")
    icon = "view"

    def draft(self, material: Material) -> Draft:
        section = material.page("article", "artikel", "blog", "news", "nieuws", "guide", "gids")
        if section is None:
            material.todo(_t("Choose the page or the section in the trigger."))
        following = material.email(
            _t("Content finished: what comes next"),
            _("You read it to the end. And now?"),
            _("What comes next"),
            _("<p>Because you read {{ event.page_title | default: 'our article' }}: these go further.</p>"),
            _("Read on"),
            section,
        )
        return Draft(
            trigger={**event(catalogue.PAGE_LEFT, section=section), "value": finished(section)},
            steps=[
                wait(1, "hours"),
                branch([did(catalogue.FORM_SUBMIT, 1)], [], [send(following)]),
            ],
            goal=event(catalogue.PAGE_VIEW, section=section),
            fields={
                "frequency": "interval",
                "interval": 1,
                "interval_unit": "weeks",
                "topic": material.topic(),
            },
        )


def finished(section: int | None) -> dict[str, Any]:
    """Leaving a page of the section of which nine tenths were seen."""
    seen = {"property": "depth", "operator": "at_least", "value": "90"}
    return {
        **event(catalogue.PAGE_LEFT, section=section)["value"],
        "properties": [{"type": "item", "value": seen}],
    }
