from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel, ObjectList
from wagtail.admin.ui.tables import LiveStatusTagColumn, LocaleColumn, UpdatedAtColumn
from wagtail.snippets.views.snippets import SnippetViewSet

from . import panels
from .models import EmailTemplate, SendingLimit


class EmailTemplateViewSet(SnippetViewSet):
    model = EmailTemplate
    icon = "mail"
    menu_label = _("Email templates")
    menu_name = "email-templates"
    index_results_template_name = "wagtail_journeys/emails/index_results.html"
    list_display = ["name", "subject", LocaleColumn(), LiveStatusTagColumn(), UpdatedAtColumn()]
    list_filter = ["live"]
    ordering = ["name"]
    copy_view_enabled = True
    inspect_view_enabled = False

    def get_edit_handler(self) -> ObjectList:
        return panels.edit_handler().bind_to_model(self.model)


class SendingLimitViewSet(SnippetViewSet):
    model = SendingLimit
    icon = "time"
    menu_label = _("Sending limits")
    menu_name = "sending-limits"
    index_results_template_name = "wagtail_journeys/limits/index_results.html"
    list_display = ["__str__", "topic"]
    add_to_reference_index = False
    inspect_view_enabled = False

    edit_handler = ObjectList(
        [
            MultiFieldPanel(
                [
                    FieldPanel("most"),
                    FieldRowPanel([FieldPanel("period"), FieldPanel("unit")]),
                    FieldPanel("topic"),
                ],
                heading=_("A contact gets"),
                help_text=_(
                    "Counted for each contact, at any moment back from then. Transactional campaigns have no limits and "
                    "use none up. What happens without room is chosen in the “Send email” step."
                ),
            )
        ]
    )
