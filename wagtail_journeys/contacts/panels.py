"""The form of a contact."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel, ObjectList

from wagtail_journeys.contacts import countries
from wagtail_journeys.contacts.models import Contact, normalise_email


class ContactForm(WagtailAdminModelForm):
    """Refuses what would be refused at every other door: a second contact with the same address, an unknown zone."""

    def clean_email(self) -> str | None:
        email = normalise_email(self.cleaned_data.get("email") or "")
        if email and Contact.objects.filter(email=email).exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("Another contact has this address."))
        return email or None

    def clean_external_id(self) -> str | None:
        return self.cleaned_data.get("external_id") or None

    def clean_time_zone(self) -> str:
        name = (self.cleaned_data.get("time_zone") or "").strip()
        if name and name not in zoneinfo.available_timezones():
            raise ValidationError(_("There is no time zone “%s”. Write it like Europe/Amsterdam.") % name)
        return name

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "country" in self.fields:
            names = [("", "—"), *countries.choices()]
            self.fields["country"] = forms.ChoiceField(
                label=self.fields["country"].label, choices=names, required=False
            )

    def clean_attributes(self) -> dict[str, Any]:
        attributes = self.cleaned_data.get("attributes")
        if attributes in (None, ""):
            return {}
        if not isinstance(attributes, dict):
            raise ValidationError(_('Write names and values in braces: {"plan": "pro", "seats": 3}.'))
        return attributes

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors and not cleaned.get("email") and not cleaned.get("external_id"):
            raise ValidationError(_("A contact needs an email address or an external id."))
        return cleaned


edit_handler = ObjectList(
    [
        MultiFieldPanel(
            [
                FieldPanel("email"),
                FieldRowPanel([FieldPanel("first_name"), FieldPanel("last_name")]),
                FieldPanel("external_id"),
            ],
            heading=_("Who"),
        ),
        MultiFieldPanel(
            [
                FieldPanel(
                    "locale",
                    help_text=_("A language code: en, nl, nl-be. It decides in which language emails go."),
                ),
                FieldPanel(
                    "time_zone",
                    help_text=_(
                        "For example Europe/Amsterdam. Empty: the site's zone. Waits “at 09:00” use it."
                    ),
                ),
                FieldPanel("country"),
            ],
            heading=_("Language, time and place"),
        ),
        MultiFieldPanel(
            [
                FieldPanel(
                    "attributes",
                    widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "class": "wj-code"}),
                    help_text=_(
                        "Everything else known about the contact, as JSON: names and values in braces, for example "
                        '{"plan": "pro", "seats": 3, "trial": false}. Segments can ask for each of them.'
                    ),
                ),
            ],
            heading=_("Attributes"),
        ),
    ],
    base_form_class=ContactForm,
)
