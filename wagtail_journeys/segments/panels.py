from __future__ import annotations

import json
from typing import Any

from django.forms import RadioSelect
from django.utils.translation import gettext_lazy as _
from wagtail.admin.admin_url_finder import AdminURLFinder
from wagtail.admin.panels import FieldPanel, MultiFieldPanel, ObjectList, Panel, PublishingPanel

from wagtail_journeys.contacts.permissions import may_see_contacts

from . import usage
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
                "may_see_contacts": may_see_contacts(self.request.user),
            }


class UsedByPanel(Panel):
    """The segments and campaigns that use the segment, with links for those who may open them."""

    class BoundPanel(Panel.BoundPanel):
        template_name = "wagtail_journeys/segments/used_by.html"

        def is_shown(self) -> bool:
            return bool(super().is_shown() and self.instance.pk)

        def get_context_data(self, parent_context: dict[str, Any] | None = None) -> dict[str, Any]:
            finder = AdminURLFinder(self.request.user)
            users = [
                {
                    "name": str(user),
                    "kind": user._meta.verbose_name,
                    "url": finder.get_edit_url(user),
                }
                for user in usage.used_by([self.instance.pk])[self.instance.pk]
            ]
            return {**super().get_context_data(parent_context), "users": users}


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
            UsedByPanel(heading=_("Used by")),
            PublishingPanel(),
        ],
        base_form_class=SegmentForm,
    )
