"""Fields in which somebody names an attribute of contacts, or writes its value: text with suggestions."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from wagtail_journeys.events.fields import SuggestInput, _SuggestBlock


class AttributeNameBlock(_SuggestBlock):
    """The name of an attribute; suggests those that contacts have."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs = {"max_length": 100, "label": _("Attribute name"), **kwargs}
        super().__init__(SuggestInput("attribute"), **kwargs)


class AttributeValueBlock(_SuggestBlock):
    """What an attribute is compared with; suggests what several contacts have."""

    def __init__(self, name_field: str = "attribute", **kwargs: Any) -> None:
        kwargs = {"max_length": 300, "required": False, "label": _("Value"), **kwargs}
        super().__init__(SuggestInput("attribute_value", property_field=name_field), **kwargs)
