from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import ObjectList
from wagtail.admin.ui.tables import LiveStatusTagColumn, LocaleColumn, UpdatedAtColumn
from wagtail.snippets.views.snippets import SnippetViewSet

from . import panels
from .models import EmailTemplate


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
