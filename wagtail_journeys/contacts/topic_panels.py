"""The form of a topic."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, InlinePanel, MultiFieldPanel, ObjectList, TitleFieldPanel


def languages() -> list[tuple[str, Any]]:
    return list(settings.LANGUAGES)


class LanguageSelect(forms.Select):
    """Offers the site's languages; without it a code could be misspelt, and its words would never be shown."""

    def __init__(self, attrs: Any = None) -> None:
        super().__init__(attrs, choices=languages())


class TopicForm(WagtailAdminModelForm):
    """Two texts in one language would be one too many."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        seen: set[str] = set()
        for form in self.formsets["texts"].forms if "texts" in self.formsets else ():
            if not form.is_valid() or form.cleaned_data.get("DELETE") or not form.cleaned_data:
                continue
            language = form.cleaned_data.get("language", "")
            if language in seen:
                form.add_error("language", _("This topic has a text in this language already."))
            seen.add(language)
        return cleaned


edit_handler = ObjectList(
    [
        MultiFieldPanel(
            [
                TitleFieldPanel("name", targets=["slug"], placeholder=False),
                FieldPanel("slug"),
                FieldPanel("description"),
                FieldPanel("wording", widget=forms.Textarea(attrs={"rows": 3})),
            ],
            heading=_("What it is"),
        ),
        MultiFieldPanel(
            [
                FieldPanel("mode", heading=_("Who gets it"), widget=forms.RadioSelect),
                FieldPanel("double_opt_in"),
                FieldPanel("is_public"),
            ],
            heading=_("Who gets it, and how"),
        ),
        InlinePanel(
            "texts",
            panels=[
                FieldPanel("language", widget=LanguageSelect),
                FieldPanel("name"),
                FieldPanel("description", widget=forms.Textarea(attrs={"rows": 2})),
                FieldPanel("wording", widget=forms.Textarea(attrs={"rows": 3})),
            ],
            heading=_("In other languages"),
            label=_("Language"),
            help_text=_(
                "Contacts read the topic in their own language. It stays one topic: who agrees in one language has agreed."
            ),
        ),
    ],
    base_form_class=TopicForm,
)
