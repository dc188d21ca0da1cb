"""Fields of blocks in which somebody names an event, one of its properties or a value: text with suggestions.

What is offered comes from the catalogue, by way of a view of the admin. Anything else may be typed as well: an event may
be named before it happens for the first time.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.events.observing import Kind

SUGGEST_URL_NAME = "journeys_event_suggestions"


class SuggestInput(forms.TextInput):
    """A text input whose Stimulus controller asks for suggestions.

    ``of`` is what is typed: ``event``, ``property`` or ``value``. ``event_field`` and ``property_field`` are the names of
    the fields, in the same row or in one around it, that say of which event and of which property.
    """

    def __init__(
        self, of: str, event_field: str = "", property_field: str = "", attrs: dict[str, Any] | None = None
    ) -> None:
        self.of, self.event_field, self.property_field = of, event_field, property_field
        super().__init__(attrs)

    def build_attrs(
        self, base_attrs: dict[str, Any], extra_attrs: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        attrs: dict[str, Any] = super().build_attrs(base_attrs, extra_attrs)
        return attrs | {
            "autocomplete": "off",
            "autocapitalize": "none",
            "spellcheck": "false",
            "data-controller": "wj-suggest",
            "data-wj-suggest-url-value": reverse(SUGGEST_URL_NAME),
            "data-wj-suggest-of-value": self.of,
            "data-wj-suggest-event-field-value": self.event_field,
            "data-wj-suggest-property-field-value": self.property_field,
        }

    @property
    def media(self) -> forms.Media:
        return forms.Media(js=["wagtail_journeys/suggest.js"])


class _SuggestBlock(blocks.CharBlock):
    def __init__(self, widget: SuggestInput, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        widget.attrs = {**self.field.widget.attrs, **widget.attrs}
        widget.is_required = self.field.required
        self.field.widget = widget


class EventNameBlock(_SuggestBlock):
    """The name of an event; suggests the names that can occur."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs = {"max_length": 100, "label": _("Event"), **kwargs}
        super().__init__(SuggestInput("event"), **kwargs)


class PropertyNameBlock(_SuggestBlock):
    """The name of a property; suggests those that the event in ``event_field`` has had."""

    def __init__(self, event_field: str = "event", **kwargs: Any) -> None:
        kwargs = {"max_length": 100, "label": _("Property"), **kwargs}
        super().__init__(SuggestInput("property", event_field), **kwargs)


class PropertyValueBlock(_SuggestBlock):
    """What a property is compared with; suggests examples of what it has been."""

    def __init__(self, event_field: str = "event", property_field: str = "property", **kwargs: Any) -> None:
        kwargs = {"max_length": 300, "required": False, "label": _("Value"), **kwargs}
        super().__init__(SuggestInput("value", event_field, property_field), **kwargs)


class DeclaredPropertyBlock(blocks.StructBlock):
    """A property that an event is declared to have."""

    name = blocks.CharBlock(max_length=100, label=_("Name"))
    kind = blocks.ChoiceBlock(choices=Kind.choices, default=Kind.TEXT, label=_("Type"))

    class Meta:
        icon = "tag"
        label = _("Property")
        label_format = "{name}"
        form_classname = "struct-block wj-row"
