from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _t
from wagtail.admin.forms.models import WagtailAdminModelForm

from wagtail_journeys.events import catalogue, sanitise
from wagtail_journeys.events.models import EventDefinition
from wagtail_journeys.exceptions import BadEvent
from wagtail_journeys.streams import raw

#: Of an event that the package itself records, the code says these.
FIXED = ["label", "declared", "anonymous_allowed"]


class EventForm(WagtailAdminModelForm):
    """What people declare. Saving touches nothing of what is learnt from the log meanwhile."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            self.initial.setdefault("declared", True)
            self.initial["declared"] = True
            return
        self.fields["name"].disabled = True
        if self.instance.name in catalogue.LABELS:
            for name in FIXED:
                self.fields[name].disabled = True
                self.fields[name].help_text = _t("The site itself records this event, and says so.")
            self.initial["label"] = str(catalogue.LABELS[self.instance.name])

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        try:
            return sanitise.event_name(name)
        except BadEvent:
            self.add_error("name", _t("“%s” cannot be the name of an event.") % name[:100])
            return name

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        names = [block["value"].get("name") for block in raw(cleaned.get("declared_properties"))]
        twice = sorted({name for name in names if name and names.count(name) > 1})
        if twice:
            self.add_error("declared_properties", _t("“%s” is declared twice.") % twice[0])
        if cleaned.get("anonymous_allowed") and not cleaned.get("declared"):
            self.add_error("declared", _t("What visitors may send has to be declared."))
        return cleaned

    def save(self, commit: bool = True) -> EventDefinition:
        known: EventDefinition = super().save(commit=False)
        if known.name in catalogue.LABELS:
            known.label = ""
        if commit:
            known.save(update_fields=EventDefinition.DECLARED_FIELDS if known.pk else None)
        return known
