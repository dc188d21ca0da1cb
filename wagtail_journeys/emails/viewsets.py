from __future__ import annotations

from typing import Any

from django.contrib.admin.utils import quote
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel, ObjectList
from wagtail.admin.ui.tables import Column, LiveStatusTagColumn, LocaleColumn, UpdatedAtColumn
from wagtail.admin.widgets.button import HeaderButton
from wagtail.models import Locale
from wagtail.snippets.views.snippets import EditView, IndexView, SnippetViewSet

from . import languages, panels, trial, usage
from .fragments import EmailFragment
from .models import EmailTemplate, SendingLimit


class TemplateEditView(EditView):
    @cached_property
    def header_buttons(self) -> list[Any]:
        buttons = super().header_buttons
        if trial.may_send(self.request.user):
            url = reverse(self.model.snippet_viewset.get_url_name("test"), args=[quote(self.object.pk)])
            buttons = [*buttons, HeaderButton(_t("Send a test"), url=url, icon_name="mail")]
        return buttons


class LanguagesColumn(Column):
    """Into which languages of the site the emails of the page are not translated; two statements for all rows."""

    def __init__(self) -> None:
        super().__init__("languages", label=_("Other languages"), accessor="pk")

    def get_cell_context_data(self, instance: EmailTemplate, parent_context: Any) -> dict[str, Any]:
        missing = parent_context.get("wj_languages")
        if missing is None:
            missing = languages.missing(parent_context["table"].data)
            parent_context["wj_languages"] = missing
        context = super().get_cell_context_data(instance, parent_context)
        absent = missing[instance.pk]
        context["value"] = _t("missing: %s") % ", ".join(absent) if absent else _t("complete")
        return context


class TemplateIndexView(IndexView):
    @cached_property
    def columns(self) -> list[Column]:
        """With the other languages behind the language, where there are any."""
        found = list(super().columns)
        if self.i18n_enabled and Locale.objects.count() > 1:
            place = next(number for number, column in enumerate(found) if isinstance(column, LocaleColumn))
            found.insert(place + 1, LanguagesColumn())
        return found


class EmailTemplateViewSet(SnippetViewSet):
    model = EmailTemplate
    edit_view_class = TemplateEditView
    icon = "mail"
    menu_label = _("Email templates")
    menu_name = "email-templates"
    index_results_template_name = "wagtail_journeys/emails/index_results.html"
    index_view_class = TemplateIndexView
    list_display = ["name", "subject", LocaleColumn(), LiveStatusTagColumn(), UpdatedAtColumn()]
    list_filter = ["live"]
    ordering = ["name"]
    copy_view_enabled = True
    inspect_view_enabled = False

    def get_edit_handler(self) -> ObjectList:
        return panels.edit_handler().bind_to_model(self.model)

    def get_urlpatterns(self) -> list[Any]:
        view = self.construct_view(trial.TestSendView)
        return [*super().get_urlpatterns(), path(f"test/<{self.pk_path_converter}:pk>/", view, name="test")]


class ShownInColumn(Column):
    """In how many email templates fragments are shown; asked once for all rows."""

    def __init__(self) -> None:
        super().__init__("shown_in", label=_("Shown in"), accessor="pk")

    def get_cell_context_data(self, instance: EmailFragment, parent_context: Any) -> dict[str, Any]:
        counted = parent_context.get("wj_shown_in")
        if counted is None:
            rows = [row.pk for row in parent_context["table"].data]
            counted = {pk: len(templates) for pk, templates in usage.of_fragments(rows).items()}
            parent_context["wj_shown_in"] = counted
        context = super().get_cell_context_data(instance, parent_context)
        number = counted.get(instance.pk, 0)
        context["value"] = ngettext("%d email template", "%d email templates", number) % number
        return context


class EmailFragmentViewSet(SnippetViewSet):
    model = EmailFragment
    icon = "snippet"
    menu_label = _("Email fragments")
    menu_name = "email-fragments"
    index_results_template_name = "wagtail_journeys/fragments/index_results.html"
    list_display = ["name", ShownInColumn(), LocaleColumn(), LiveStatusTagColumn(), UpdatedAtColumn()]
    ordering = ["name"]
    copy_view_enabled = True
    inspect_view_enabled = False

    def get_edit_handler(self) -> ObjectList:
        return panels.fragment_handler().bind_to_model(self.model)


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
