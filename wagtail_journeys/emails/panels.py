from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, HelpPanel, MultiFieldPanel, ObjectList, PublishingPanel
from wagtail.models import Site

from .forms import EmailFragmentForm, EmailTemplateForm
from .widgets import TaggedInput

MERGE_TAGS = _("Merge tags may be used, for example {{ contact.first_name }} or {{ event.document_title }}.")


class SitePanel(FieldPanel):
    """Nothing to choose where there is one site."""

    class BoundPanel(FieldPanel.BoundPanel):
        def is_shown(self) -> bool:
            shown: bool = super().is_shown()
            return shown and Site.objects.count() > 1


def edit_handler() -> ObjectList:
    return ObjectList(
        [
            FieldPanel("name", required_on_save=True),
            FieldPanel("subject", help_text=MERGE_TAGS, widget=TaggedInput),
            FieldPanel("preheader", widget=TaggedInput),
            MultiFieldPanel(
                [FieldPanel("from_name"), FieldPanel("from_email"), FieldPanel("reply_to")],
                heading=_("Sender"),
                classname="collapsed",
            ),
            SitePanel("site"),
            FieldPanel("body"),
            FieldPanel("missing"),
            MultiFieldPanel(
                [FieldPanel("preview_contact"), FieldPanel("preview_event")],
                heading=_("Preview"),
                classname="collapsed",
            ),
            PublishingPanel(),
        ],
        base_form_class=EmailTemplateForm,
    )


def fragment_handler() -> ObjectList:
    return ObjectList(
        [
            HelpPanel(
                heading=_("Shared by several emails"),
                content=_(
                    "Put it into a template with the block “Fragment”, or into all emails of a site in the email brand "
                    "settings. When you publish a change, the live emails that show it are made anew."
                ),
            ),
            FieldPanel("name", required_on_save=True),
            FieldPanel("body"),
            PublishingPanel(),
        ],
        base_form_class=EmailFragmentForm,
    )
