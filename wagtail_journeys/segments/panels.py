from __future__ import annotations

from typing import Any

from django.forms import RadioSelect
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, MultiFieldPanel, ObjectList, Panel, PublishingPanel

from wagtail_journeys.events import catalogue

from .conditions.event import EVENT_NAMES_LIST
from .forms import SegmentForm


class EventNamesPanel(Panel):
    """Not to be seen: the event names that every field for one offers while typing. Once per page, one statement."""

    class BoundPanel(Panel.BoundPanel):
        def render_html(self, parent_context: dict[str, Any] | None = None) -> str:
            options = format_html_join(
                "",
                '<option value="{}">{}</option>',
                [(name, str(label)) for name, label in catalogue.choices()],
            )
            return format_html('<datalist id="{}">{}</datalist>', EVENT_NAMES_LIST, options)


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
            EventNamesPanel(attrs={"hidden": True}),
            PublishingPanel(),
        ],
        base_form_class=SegmentForm,
    )
