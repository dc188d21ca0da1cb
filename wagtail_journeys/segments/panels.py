from __future__ import annotations

from django.forms import RadioSelect
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, MultiFieldPanel, ObjectList, PublishingPanel

from .forms import SegmentForm


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
                            "One line per rule; a group holds rules that belong together. The preview panel shows who "
                            "matches while you type."
                        ),
                    ),
                ],
                heading=_("Rules"),
            ),
            PublishingPanel(),
        ],
        base_form_class=SegmentForm,
    )
