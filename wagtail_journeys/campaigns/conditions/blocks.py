"""The rules stream of steps: what segments can ask, and what only a journey knows."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.segments.blocks import GROUP_DEPTH, rule_blocks
from wagtail_journeys.streams import SharedStreamBlock


class JourneyRulesBlock(SharedStreamBlock):
    """Built when first used, so that the conditions of host apps are in it."""

    def __init__(self, local_blocks: Any = None, **kwargs: Any) -> None:
        from . import registry

        rules = rule_blocks(GROUP_DEPTH, tuple(registry))
        super().__init__([*rules, *(local_blocks or [])], **kwargs)


class StepInput(forms.TextInput):
    """The id of a step; a Stimulus controller puts a list of the campaign's steps in its place.

    ``only`` is the kind of steps offered ("" for all); ``arms_of`` the name of the field in the same row whose step's
    ways out are offered instead.
    """

    def __init__(self, only: str = "", empty: Any = "", arms_of: str = "") -> None:
        self.only, self.empty, self.arms_of = only, empty, arms_of
        super().__init__()

    def build_attrs(
        self, base_attrs: dict[str, Any], extra_attrs: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        attrs: dict[str, Any] = super().build_attrs(base_attrs, extra_attrs)
        return attrs | {
            "data-controller": "wj-step-choice",
            "data-wj-step-choice-only-value": self.only,
            "data-wj-step-choice-empty-value": str(self.empty),
            "data-wj-step-choice-arms-of-value": self.arms_of,
            "data-wj-step-choice-gone-value": str(_("a step that is gone")),
        }

    @property
    def media(self) -> forms.Media:
        return forms.Media(js=["wagtail_journeys/step-choice.js"])


class StepChoiceBlock(blocks.CharBlock):
    """A step of the campaign that is being edited, kept by its id."""

    def __init__(self, only: str = "", empty: Any = "", arms_of: str = "", **kwargs: Any) -> None:
        super().__init__(**{"max_length": 40, **kwargs})
        widget = StepInput(only, empty, arms_of)
        widget.attrs = {**self.field.widget.attrs, **widget.attrs}
        widget.is_required = self.field.required
        self.field.widget = widget
