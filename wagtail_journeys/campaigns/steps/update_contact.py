"""Update contact: set, clear or increment a field or an attribute, or append to a list."""

from __future__ import annotations

import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.campaigns.outcomes import Advance, ChangeContact, Outcome
from wagtail_journeys.segments.conditions.attribute import as_number

from . import registry
from .base import CONTACT, Group, Params, Step

FIELDS = {
    "points": _("points"),
    "locale": _("language"),
    "time_zone": _("time zone"),
    "first_name": _("first name"),
    "last_name": _("last name"),
    "attribute": _("attribute …"),
}
OPERATIONS = {
    "set": _("set to"),
    "clear": _("clear"),
    "increment": _("increase by"),
    "append": _("append to the list"),
}


class UpdateBlock(blocks.StructBlock):
    def clean(self, value: Any) -> Any:
        cleaned = super().clean(value)
        if self.is_deferred_validation:
            return cleaned
        errors: dict[str, ValidationError] = {}
        operation, field = cleaned["operation"], cleaned["field"]
        if field == "attribute" and not cleaned["attribute"]:
            errors["attribute"] = ValidationError(_("Say which attribute."))
        if operation != "clear" and not cleaned["value"]:
            errors["value"] = ValidationError(_("Say which value."))
        elif (operation == "increment" or (field == "points" and operation == "set")) and (
            as_number(cleaned["value"]) is None
        ):
            errors["value"] = ValidationError(_("This needs a number."))
        if operation == "increment" and field not in ("points", "attribute"):
            errors["operation"] = ValidationError(_("Only points and attributes can be increased."))
        if operation == "append" and field != "attribute":
            errors["operation"] = ValidationError(_("Only an attribute can be a list."))
        if errors:
            raise blocks.StructBlockValidationError(block_errors=errors)
        return cleaned


@registry.register
class UpdateContact(Step):
    key = "update_contact"
    label = _("Update contact")
    icon = "edit"
    group = CONTACT

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "field",
                blocks.ChoiceBlock(choices=list(FIELDS.items()), default="attribute", label=_("Field")),
            ),
            ("attribute", blocks.CharBlock(required=False, max_length=100, label=_("Attribute name"))),
            (
                "operation",
                blocks.ChoiceBlock(choices=list(OPERATIONS.items()), default="set", label=_("Change")),
            ),
            ("value", blocks.CharBlock(required=False, max_length=300, label=_("Value"))),
        ]

    def block(self, arms: Any = ()) -> blocks.StructBlock:
        return UpdateBlock(
            self.fields(),
            label=self.label,
            icon=self.icon,
            group=self.group,
            form_classname="struct-block wj-row wj-step",
            label_format="{field} {attribute} {operation} {value}",
        )

    def describe(self, params: Params) -> str:
        name = (
            f"“{params.get('attribute') or '…'}”"
            if params["field"] == "attribute"
            else str(FIELDS[params["field"]])
        )
        if params["operation"] == "clear":
            return _t("clear %s") % name
        return _t("%(name)s: %(operation)s “%(value)s”") % {
            "name": name,
            "operation": OPERATIONS[params["operation"]],
            "value": params.get("value") or "…",
        }

    def decide(self, group: Group, params: Params, now: datetime.datetime) -> dict[int, Outcome]:
        field = f"attributes.{params['attribute']}" if params["field"] == "attribute" else params["field"]
        value: Any = params.get("value") or ""
        number = (
            as_number(value) if params["operation"] == "increment" or params["field"] == "points" else None
        )
        if number is not None:
            value = int(number) if number == number.to_integral_value() else float(number)
        effect = ChangeContact(field, params["operation"], value)
        return {position.journey: Advance(effects=(effect,)) for position in group.positions}
