"""Form fields beside which merge tags can be picked."""

from __future__ import annotations

import copy
from typing import Any

from django import forms
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

PICK_URL_NAME = "journeys_pick_tags"

ATTRS: dict[str, Any] = {
    "data-wj-tag-picker-url-value": reverse_lazy(PICK_URL_NAME),
    "data-wj-tag-picker-label-value": _("Insert a merge tag"),
}

#: For the element around a field whose widget is made in the browser.
PICKER: dict[str, Any] = {**ATTRS, "data-controller": "wj-tag-picker"}


def with_tags(widget: forms.Widget) -> forms.Widget:
    """The same widget, with a button beside it that puts a merge tag in."""
    made = copy.copy(widget)
    before = made.attrs.get("data-controller", "")
    made.attrs = {**made.attrs, **ATTRS, "data-controller": f"{before} wj-tag-picker".strip()}
    return made


class ColourInput(forms.ColorInput):
    """The browser's own picker of colours."""


class TaggedInput(forms.TextInput):
    """One line of text with a button that puts a merge tag in."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({**PICKER, **(attrs or {})})
