from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, MultiFieldPanel, ObjectList, PublishingPanel

from .forms import EmailTemplateForm

MERGE_TAGS = _("Merge tags may be used, for example {{ contact.first_name }} or {{ event.document_title }}.")


def edit_handler() -> ObjectList:
    return ObjectList(
        [
            FieldPanel("name", required_on_save=True),
            FieldPanel("subject", help_text=MERGE_TAGS),
            FieldPanel("preheader"),
            MultiFieldPanel(
                [FieldPanel("from_name"), FieldPanel("from_email"), FieldPanel("reply_to")],
                heading=_("Sender"),
                classname="collapsed",
            ),
            FieldPanel("body"),
            PublishingPanel(),
        ],
        base_form_class=EmailTemplateForm,
    )
