"""A field of the contact, or one of its attributes."""

from __future__ import annotations

import datetime
import decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from . import registry
from .base import Condition, Mentions, Params, negated

FIELDS = {
    "locale": _("language"),
    "email": _("email"),
    "first_name": _("first name"),
    "last_name": _("last name"),
    "external_id": _("external id"),
    "time_zone": _("time zone"),
    "points": _("points"),
    "lifetime_value": _("lifetime value"),
    "attribute": _("attribute …"),
}
NUMBERS = {"points", "lifetime_value"}
OPERATORS = {
    "is": _("is"),
    "is_not": _("is not"),
    "contains": _("contains"),
    "starts_with": _("starts with"),
    "at_least": _("is at least"),
    "less_than": _("is less than"),
    "exists": _("is known"),
    "missing": _("is not known"),
}
WITHOUT_VALUE = {"exists", "missing"}
NUMERIC = {"at_least", "less_than"}


def as_number(text: str) -> decimal.Decimal | None:
    try:
        number = decimal.Decimal(text.strip().replace(",", "."))
    except decimal.InvalidOperation:
        return None
    return number if number.is_finite() else None


class AttributeBlock(blocks.StructBlock):
    def clean(self, value: Any) -> Any:
        cleaned = super().clean(value)
        if self.is_deferred_validation:
            return cleaned
        errors: dict[str, ValidationError] = {}
        operator, text = cleaned["operator"], cleaned["value"] or ""
        if cleaned["field"] == "attribute" and not cleaned["attribute"]:
            errors["attribute"] = ValidationError(_("Say which attribute."))
        if operator not in WITHOUT_VALUE and not text:
            errors["value"] = ValidationError(_("Say what to compare with."))
        elif (
            operator not in WITHOUT_VALUE
            and (operator in NUMERIC or cleaned["field"] in NUMBERS)
            and as_number(text) is None
        ):
            errors["value"] = ValidationError(_("This comparison needs a number."))
        if errors:
            raise blocks.StructBlockValidationError(block_errors=errors)
        return cleaned


@registry.register
class Attribute(Condition):
    key = "attribute"
    label = _("Contact attribute")
    icon = "user"
    group = _("Who they are")

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            ("field", blocks.ChoiceBlock(choices=list(FIELDS.items()), default="locale", label=_("Field"))),
            ("attribute", blocks.CharBlock(required=False, max_length=100, label=_("Attribute name"))),
            (
                "operator",
                blocks.ChoiceBlock(choices=list(OPERATORS.items()), default="is", label=_("Comparison")),
            ),
            ("value", blocks.CharBlock(required=False, max_length=300, label=_("Value"))),
        ]

    def block(self) -> blocks.StructBlock:
        return AttributeBlock(
            self.fields(),
            label=self.label,
            icon=self.icon,
            group=self.group,
            form_classname="struct-block wj-row",
            label_format="{field} {attribute} {operator} {value}",
        )

    def q(self, params: Params, now: datetime.datetime) -> Q:
        field, operator = params["field"], params["operator"]
        text = params.get("value") or ""
        if field == "attribute":
            return self._attribute(f"attributes__{params['attribute']}", operator, text)
        return self._column(field, operator, text)

    def _column(self, field: str, operator: str, text: str) -> Q:
        empty = Q(**{f"{field}__isnull": True}) | (Q() if field in NUMBERS else Q(**{field: ""}))
        if operator == "missing":
            return empty
        if operator == "exists":
            return ~empty
        if field in NUMBERS:
            value: Any = as_number(text)
            if value is None:
                return Q(pk__in=[])
            lookup = {"is": "", "is_not": "", "at_least": "__gte", "less_than": "__lt"}.get(operator)
            if lookup is None:
                return Q(pk__in=[])
            found = Q(**{f"{field}{lookup}": value})
            return ~found if operator == "is_not" else found
        if field == "locale" and operator in ("is", "is_not"):
            # "nl" is also said of somebody whose language is "nl-be".
            found = Q(locale__iexact=text) | Q(locale__istartswith=f"{text}-")
            return ~found if operator == "is_not" else found
        lookups = {
            "is": "iexact",
            "is_not": "iexact",
            "contains": "icontains",
            "starts_with": "istartswith",
            "at_least": "gte",
            "less_than": "lt",
        }
        found = Q(**{f"{field}__{lookups[operator]}": text})
        if operator == "is_not":
            return ~found | empty
        return found

    def _attribute(self, path: str, operator: str, text: str) -> Q:
        if operator == "missing":
            return ~Q(**{f"{path}__isnull": False}) | Q(**{path: None})
        if operator == "exists":
            return Q(**{f"{path}__isnull": False}) & ~Q(**{path: None})
        number = as_number(text)
        if operator in NUMERIC:
            if number is None:
                return Q(pk__in=[])
            return Q(
                **{f"{path}__{'gte' if operator == 'at_least' else 'lt'}": float(number)}
            ) & self._is_number(path)
        if operator in ("is", "is_not"):
            found = Q(**{f"{path}__iexact": text}) | Q(**{path: text})
            if number is not None:
                found |= Q(**{path: int(number) if number == number.to_integral_value() else float(number)})
            if text.strip().lower() in ("true", "false"):
                found |= Q(**{path: text.strip().lower() == "true"})
            return negated(found) if operator == "is_not" else found
        return Q(**{f"{path}__{'icontains' if operator == 'contains' else 'istartswith'}": text})

    def _is_number(self, path: str) -> Q:
        # In both databases text sorts apart from numbers, but not on the same side: bound it on either.
        return Q(**{f"{path}__gte": -1e300}) & Q(**{f"{path}__lte": 1e300})

    def describe(self, params: Params) -> str:
        field = params["field"]
        name = f"“{params.get('attribute') or '…'}”" if field == "attribute" else str(FIELDS[field])
        operator = params["operator"]
        if operator in WITHOUT_VALUE:
            return f"{name} {OPERATORS[operator]}"
        return _t("%(name)s %(operator)s “%(value)s”") % {
            "name": name,
            "operator": OPERATORS[operator],
            "value": params.get("value") or "…",
        }

    def mentions(self, params: Params) -> Mentions:
        field = params["field"]
        return Mentions(
            fields=frozenset({f"attributes.{params['attribute']}" if field == "attribute" else field})
        )
