"""Variants of an email: other subjects, preheaders or templates, divided by percentage (semantics S5)."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.apps import apps
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.blocks.struct_block import BlockGroup
from wagtail.snippets.blocks import SnippetChooserBlock

from wagtail_journeys.campaigns.lots import arm_at, position_of
from wagtail_journeys.emails import liquid

from .base import Params

CONVERTED, CLICKED = "converted", "clicked"


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
        (
            "winner",
            blocks.ChoiceBlock(
                required=False,
                choices=[
                    ("messages", _("after so many emails of each variant")),
                    ("days", _("so many days after the first email")),
                ],
                label=_("Choose the winner"),
                help_text=_(
                    "Empty: nothing is chosen, the statistics show how the variants do. Otherwise they are compared once, at "
                    "that moment. The variant that certainly does better goes to everybody from then on; where none "
                    "certainly does, they all stay. You are told either way."
                ),
            ),
        ),
        (
            "winner_by",
            blocks.ChoiceBlock(
                choices=[(CONVERTED, _("conversions after the email")), (CLICKED, _("clicks by people"))],
                default=CONVERTED,
                label=_("Compared by"),
                help_text=_(
                    "Clicks are known of contacts who agreed to be counted; conversions need a goal."
                ),
            ),
        ),
        (
            "winner_after",
            blocks.IntegerBlock(
                required=False, min_value=1, max_value=1_000_000, label=_("Number of emails or days")
            ),
        ),
    ]


def form_group() -> BlockGroup:
    return BlockGroup(
        ["variants", "salt", "winner_by", "winner", "winner_after"],
        heading=_("Variants (A/B)"),
        icon="decimal",
        classname="collapsed",
        label_format="{variants}",
    )


def measure(params: Params) -> str:
    """What variants are compared by: CONVERTED or CLICKED."""
    return CLICKED if params.get("winner_by") == CLICKED else CONVERTED


def items_of(params: Params) -> list[dict[str, Any]]:
    """The variants as they are stored, each ``{"id", "value"}``."""
    return [item for item in params.get("variants") or [] if item.get("id")]


def experiment(params: Params) -> str:
    """What tells one comparison from the next: other variants, or a new draw, are compared anew."""
    compared = [
        [item["id"], *(item["value"].get(name) or "" for name in ("subject", "preheader", "template"))]
        for item in items_of(params)
    ]
    said = json.dumps([sorted(compared), params.get("salt") or "", measure(params)])
    return hashlib.blake2b(said.encode(), digest_size=16).hexdigest()


def winner_of(campaign: int, step_id: str, params: Params) -> str:
    """The id of the variant that everybody gets; "" while they are compared, and where none won. One statement at most."""
    if not params.get("winner") or not params.get("variants"):
        return ""
    decided = apps.get_model("wagtail_journeys", "VariantWinner")._default_manager
    found = decided.filter(campaign=campaign, step_id=step_id, experiment=experiment(params))
    return found.values_list("variant", flat=True).first() or ""


def of(contact: str, step_id: str, params: Params, winner: str = "") -> dict[str, Any] | None:
    """The variant of a contact (its uuid), or the ``winner`` for everybody; None where there are none."""
    items = items_of(params)
    if not items:
        return None
    chosen = next((item for item in items if item["id"] == winner), None)
    if chosen is not None:
        return chosen
    weights = [(str(item["id"]), float(item["value"].get("weight") or 0)) for item in items]
    if not any(weight for _item, weight in weights):
        return items[0]
    drawn = arm_at(position_of(contact, step_id, params.get("salt") or ""), weights)
    return next(item for item in items if str(item["id"]) == drawn)


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
    if params.get("winner") and not params.get("winner_after"):
        return [_t("Say after how many emails or days the winner of the variants is chosen.")]
    return []
