"""Variants of an email: other subjects, preheaders or templates, divided by percentage (semantics S5)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.blocks.struct_block import BlockGroup
from wagtail.snippets.blocks import SnippetChooserBlock

from wagtail_journeys.campaigns.lots import arm_at, position_of
from wagtail_journeys.emails import liquid

from .base import Params


def fields() -> list[tuple[str, blocks.Block]]:
    variant = blocks.StructBlock(
        [
            ("label", blocks.CharBlock(max_length=60, label=_("Name of the variant"))),
            (
                "weight",
                blocks.IntegerBlock(default=50, min_value=0, max_value=100, label=_("Percentage")),
            ),
            (
                "subject",
                blocks.CharBlock(
                    required=False,
                    max_length=300,
                    label=_("Subject"),
                    help_text=_("Empty: that of the template. Merge tags work; it is not translated."),
                    validators=[liquid.validate_outputs],
                ),
            ),
            (
                "preheader",
                blocks.CharBlock(
                    required=False,
                    max_length=300,
                    label=_("Preheader"),
                    help_text=_("Empty: that of the template."),
                    validators=[liquid.validate_outputs],
                ),
            ),
            (
                "template",
                SnippetChooserBlock(
                    "wagtail_journeys.EmailTemplate",
                    required=False,
                    label=_("Another template"),
                    help_text=_("Empty: that of the step."),
                ),
            ),
        ],
        label=_("Variant"),
        label_format="{label}: {weight} %",
        form_classname="struct-block wj-row",
    )
    return [
        (
            "variants",
            blocks.ListBlock(
                variant,
                default=[],
                min_num=0,
                max_num=8,
                label=_("Variants"),
                help_text=_(
                    "None: everybody gets the same. A variant without changes is the email as it is. The percentages "
                    "add up to 100; a contact always gets the same variant."
                ),
            ),
        ),
        (
            "salt",
            blocks.CharBlock(
                required=False,
                max_length=40,
                label=_("Draw again"),
                help_text=_("Another word here divides everybody anew."),
            ),
        ),
    ]


def form_group() -> BlockGroup:
    return BlockGroup(
        ["variants", "salt"],
        heading=_("Variants (A/B)"),
        icon="decimal",
        classname="collapsed",
        label_format="{variants}",
    )


def items_of(params: Params) -> list[dict[str, Any]]:
    """The variants as they are stored, each ``{"id", "value"}``."""
    return [item for item in params.get("variants") or [] if item.get("id")]


def of(contact: str, step_id: str, params: Params) -> dict[str, Any] | None:
    """The variant of a contact (its uuid); None where there are none."""
    items = items_of(params)
    if not items:
        return None
    weights = [(str(item["id"]), float(item["value"].get("weight") or 0)) for item in items]
    if not any(weight for _item, weight in weights):
        return items[0]
    chosen = arm_at(position_of(contact, step_id, params.get("salt") or ""), weights)
    return next(item for item in items if str(item["id"]) == chosen)


def describe(params: Params) -> str:
    """ "2 variants: Short 50 %, Long 50 %"; "" without any."""
    items = items_of(params)
    names = ", ".join(
        f"{item['value'].get('label') or '…'} {item['value'].get('weight') or 0} %" for item in items
    )
    return _t("variants: %s") % names if items else ""


def problems(params: Params) -> list[str]:
    items = params.get("variants") or []
    if not items:
        return []
    if len(items) < 2:
        return [_t("One variant alone is nothing to compare: add another, or none.")]
    total = sum(item["value"].get("weight") or 0 for item in items)
    if total != 100:
        return [_t("The percentages of the variants add up to %d, not to 100.") % total]
    return []
