from __future__ import annotations

from django.forms import RadioSelect
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import (
    FieldPanel,
    FieldRowPanel,
    MultiFieldPanel,
    ObjectList,
    PublishingPanel,
    TabbedInterface,
)

from .forms import CampaignForm


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
            FieldPanel(
                "steps",
                help_text=_(
                    "From top to bottom, for every contact at its own pace. The preview panel draws them as a flow chart."
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
