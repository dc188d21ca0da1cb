from __future__ import annotations

import json
from typing import Any

from django.forms import RadioSelect
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, MultiFieldPanel, ObjectList, Panel, PublishingPanel

from . import preview
from .forms import SegmentForm

#: What joins two rules that stand below each other.
WORDS = {"all": _("and"), "any": _("or"), "none": _("nor")}


class AudiencePanel(Panel):
    """Who matches the rules in the form, while they are typed."""

    class BoundPanel(Panel.BoundPanel):
        template_name = "wagtail_journeys/segments/panel.html"

        def get_context_data(self, parent_context: dict[str, Any] | None = None) -> dict[str, Any]:
            context: dict[str, Any] = super().get_context_data(parent_context)
            return {
                **context,
                "query": f"?segment={self.instance.pk}" if self.instance.pk else "",
                "words": json.dumps({match: str(word) for match, word in WORDS.items()}),
                "may_see_contacts": preview.may_see_contacts(self.request.user),
            }


def edit_handler() -> ObjectList:
    return ObjectList(
        [
            FieldPanel("name", required_on_save=True),
            FieldPanel("description", help_text=_("What the segment is for, in a sentence or two.")),
            FieldPanel(
                "kind",
                widget=RadioSelect,
                help_text=_(
                    "By rules: contacts come and go by themselves. Kept by hand: a list that people, imports and campaigns "
                    "write to; its rules are not looked at."
                ),
            ),
            MultiFieldPanel(
                [
                    FieldPanel("match", heading=_("A contact belongs who matches")),
                    FieldPanel(
                        "rules",
                        help_text=_(
                            "One line per rule; a group holds rules that belong together. Below them you see who matches while "
                            "you type."
                        ),
                    ),
                ],
                heading=_("Rules"),
            ),
            AudiencePanel(heading=_("Contacts")),
            PublishingPanel(),
        ],
        base_form_class=SegmentForm,
    )
