from __future__ import annotations

import json
from typing import Any

from django.forms import Media, RadioSelect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import (
    FieldPanel,
    FieldRowPanel,
    MultiFieldPanel,
    ObjectList,
    Panel,
    PublishingPanel,
    TabbedInterface,
)

from wagtail_journeys.streams import raw

from . import flow
from .blocks import DEPTH
from .forms import CampaignForm
from .live import FLOW_URL_NAME
from .preview import trigger_sentence

#: What the map says when something has been done on it, or cannot be.
SPOKEN = {
    "none": _("Choose a step on the map to open or move it."),
    "moved": _("Moved “%(step)s”: %(place)s."),
    "back": _("Moved “%(step)s” back."),
    "deep": _("Steps can be nested %(depth)s levels deep. There is no room for “%(step)s” there."),
    "first": _("“%(step)s” cannot go further this way."),
    "cancelled": _("Not moved."),
    "failed": _("The site does not answer; the map may be out of date."),
}


class FlowMapPanel(Panel):
    """The steps in the form as a map, on which they can be opened, added and moved."""

    class BoundPanel(Panel.BoundPanel):
        template_name = "wagtail_journeys/campaigns/flow_map.html"

        @property
        def media(self) -> Media:
            return super().media + Media(
                css={"all": ["wagtail_journeys/flow.css", "wagtail_journeys/flow-map.css"]},
                js=["wagtail_journeys/flow-map.js"],
            )

        def get_context_data(self, parent_context: dict[str, Any] | None = None) -> dict[str, Any]:
            campaign = self.instance
            return {
                **super().get_context_data(parent_context),
                "chart": flow.sketch(trigger_sentence(campaign), raw(campaign.steps)),
                "url": reverse(FLOW_URL_NAME),
                "words": json.dumps({name: str(words) for name, words in SPOKEN.items()}),
                "depth": DEPTH,
            }


def edit_handler() -> TabbedInterface:
    what = ObjectList(
        [
            FieldPanel("name", required_on_save=True),
            FieldPanel("description", help_text=_("What the campaign is for. Only editors see it.")),
            FieldPanel(
                "trigger",
                help_text=_(
                    "What starts the campaign for a contact. Nothing that happened before going live does."
                ),
            ),
            MultiFieldPanel(
                [
                    FieldPanel("filters_match", heading=_("Only contacts who match")),
                    FieldPanel(
                        "filters",
                        heading=_("Contact filters"),
                        help_text=_("Tested when the contact enters. Without filters everybody enters."),
                    ),
                ],
                heading=_("Who may enter"),
            ),
            FlowMapPanel(heading=_("Map")),
            FieldPanel(
                "steps",
                help_text=_(
                    "From top to bottom, for every contact at its own pace. The map above draws them."
                ),
            ),
        ],
        heading=_("What it does"),
    )
    who = ObjectList(
        [
            MultiFieldPanel(
                [
                    FieldPanel("frequency", widget=RadioSelect),
                    FieldRowPanel(
                        [
                            FieldPanel("interval"),
                            FieldPanel("interval_unit"),
                        ],
                        classname="wj-interval",
                    ),
                    FieldRowPanel([FieldPanel("gap"), FieldPanel("gap_unit")]),
                    FieldPanel("run_key"),
                    FieldPanel("may_overlap"),
                    FieldRowPanel([FieldPanel("entry_cap"), FieldPanel("hourly_cap")]),
                ],
                heading=_("How often"),
            ),
            MultiFieldPanel(
                [
                    FieldRowPanel(
                        [
                            FieldPanel(
                                "starts_at",
                                help_text=_("Contacts enter from then on. Empty: from going live."),
                            ),
                            FieldPanel(
                                "ends_at", help_text=_("Nobody enters after that. Empty: without an end.")
                            ),
                        ]
                    )
                ],
                heading=_("From when to when"),
            ),
            FieldPanel("time_zone"),
            FieldPanel("matching_window"),
            MultiFieldPanel(
                [FieldRowPanel([FieldPanel("exclusive_group"), FieldPanel("priority")])],
                heading=_("Together with other campaigns"),
            ),
        ],
        heading=_("Who and how often"),
    )
    goal = ObjectList(
        [
            MultiFieldPanel(
                [
                    FieldPanel(
                        "goal", help_text=_("What the campaign is for. It is counted once per journey.")
                    ),
                    FieldPanel("goal_window"),
                    FieldPanel("stop_on_goal"),
                ],
                heading=_("Goal"),
            ),
            MultiFieldPanel(
                [
                    FieldPanel("exits", help_text=_("Any of these ends the journey, wherever it is.")),
                    FieldPanel("exit_unmatched"),
                    FieldPanel("exit_grace"),
                ],
                heading=_("Ways out"),
            ),
        ],
        heading=_("Goal and exits"),
    )
    consent = ObjectList([FieldPanel("topic")], heading=_("Consent"))
    what.children.append(PublishingPanel())
    return TabbedInterface([what, who, goal, consent], base_form_class=CampaignForm)
