"""A field of the contact, or one of its attributes: text, number, yes or no, list."""

from __future__ import annotations

import datetime
import json
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys import reading
from wagtail_journeys.contacts.models import normalise_email
from wagtail_journeys.reading import Value, as_number
from wagtail_journeys.segments.inputs import AttributeNameBlock, AttributeValueBlock
from wagtail_journeys.segments.rows import hidden_when, shown_when

from . import registry
from .base import Condition, Mentions, Params

if TYPE_CHECKING:
    from wagtail_journeys.contacts.models import Contact

__all__ = ["Attribute", "as_number"]

FIELDS = {
    "attribute": _("attribute …"),
    "email": _("email"),
    "first_name": _("first name"),
    "last_name": _("last name"),
    "external_id": _("external id"),
    "locale": _("language"),
    "time_zone": _("time zone"),
    "points": _("points"),
    "lifetime_value": _("lifetime value"),
}
NUMBERS = {"points", "lifetime_value"}

ANY = {
    "is": _("is"),
    "is_not": _("is not"),
    "one_of": _("is one of (a, b, …)"),
    "none_of": _("is none of (a, b, …)"),
    "exists": _("is known"),
    "missing": _("is not known"),
}
TEXT = {
    "contains": _("contains"),
    "not_contains": _("does not contain"),
    "starts_with": _("starts with"),
    "ends_with": _("ends with"),
}
NUMERIC = {
    "more_than": _("is more than"),
    "at_least": _("is at least"),
    "less_than": _("is less than"),
    "at_most": _("is at most"),
    "between": _("is between"),
}
TRUTH = {"yes": _("is yes"), "no": _("is no")}
LIST = {
    "has_any": _("has one of (a, b, …)"),
    "has_all": _("has all of (a, b, …)"),
    "has_none": _("has none of (a, b, …)"),
}
OPERATORS = [
    (_("Any value"), list(ANY.items())),
    (_("Text"), list(TEXT.items())),
    (_("Number"), list(NUMERIC.items())),
    (_("Yes or no"), list(TRUTH.items())),
    (_("List"), list(LIST.items())),
]
WITHOUT_VALUE = {"exists", "missing", "yes", "no"}
SEVERAL = {"one_of", "none_of", "has_any", "has_all", "has_none"}

SENTENCES = {
    "is": _("%(name)s is %(value)s"),
    "is_not": _("%(name)s is not %(value)s"),
    "one_of": _("%(name)s is %(value)s"),
    "none_of": _("%(name)s is not %(value)s"),
    "exists": _("%(name)s is known"),
    "missing": _("%(name)s is not known"),
    "contains": _("%(name)s contains %(value)s"),
    "not_contains": _("%(name)s does not contain %(value)s"),
    "starts_with": _("%(name)s starts with %(value)s"),
    "ends_with": _("%(name)s ends with %(value)s"),
    "more_than": _("%(name)s is more than %(value)s"),
    "at_least": _("%(name)s is at least %(value)s"),
    "less_than": _("%(name)s is less than %(value)s"),
    "at_most": _("%(name)s is at most %(value)s"),
    "between": _("%(name)s is between %(value)s and %(to)s"),
    "yes": _("%(name)s is yes"),
    "no": _("%(name)s is no"),
    "has_any": _("%(name)s has %(value)s"),
    "has_all": _("%(name)s has %(value)s"),
    "has_none": _("%(name)s does not have %(value)s"),
}

NOBODY = Q(pk__in=[])


def several(text: str) -> list[str]:
    """What stands between the commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def enumerated(values: list[str], word: str) -> str:
    """“a”, “b” or “c”."""
    quoted = [f"“{value}”" for value in values] or ["…"]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} {word} {quoted[-1]}"


@registry.register
class Attribute(Condition):
    """Upper and lower case are the same. What "not" says is also true of contacts of whom nothing is known."""

    key = "attribute"
    label = _("Contact field or attribute")
    icon = "user"
    group = _("Who they are")
    steady = True

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "field",
                blocks.ChoiceBlock(choices=list(FIELDS.items()), default="attribute", label=_("Field")),
            ),
            (
                "attribute",
                AttributeNameBlock(required=False, form_attrs=shown_when("field", ["attribute"])),
            ),
            ("operator", blocks.ChoiceBlock(choices=OPERATORS, default="is", label=_("Comparison"))),
            (
                "value",
                AttributeValueBlock(
                    form_attrs=hidden_when("operator", sorted(WITHOUT_VALUE)),
                ),
            ),
            (
                "to",
                blocks.CharBlock(
                    required=False,
                    max_length=30,
                    label=_("And (included)"),
                    form_attrs=shown_when("operator", ["between"]),
                ),
            ),
        ]

    def errors(self, value: Params) -> dict[str, Any]:
        errors: dict[str, Any] = {}
        field, operator, text = value["field"], value["operator"], value["value"] or ""
        name = value["attribute"] or ""
        if field == "attribute" and not name:
            errors["attribute"] = _("Say which attribute.")
        elif field == "attribute" and not reading.nameable(name):
            errors["attribute"] = _("The name of an attribute has no quotation marks and no backslashes.")
        if field in NUMBERS and operator in {*TEXT, *TRUTH, *LIST}:
            errors["operator"] = _("This field is a number: choose another comparison.")
        elif field not in (*NUMBERS, "attribute") and operator in {*NUMERIC, *TRUTH, *LIST}:
            errors["operator"] = _("This field is text: choose another comparison.")
        numeric = operator in NUMERIC or field in NUMBERS
        if operator not in WITHOUT_VALUE:
            if not several(text) if operator in SEVERAL else not text.strip():
                errors["value"] = _("Say what to compare with.")
            elif numeric and any(as_number(part) is None for part in self._values(operator, text)):
                errors["value"] = _("This comparison needs a number.")
        if operator == "between":
            low, high = as_number(text), as_number(value.get("to") or "")
            if high is None:
                errors["to"] = _("This comparison needs a number.")
            elif low is not None and high < low:
                errors["to"] = _("This is less than the first number.")
        return errors

    def block(self) -> blocks.StructBlock:
        made = super().block()
        made.meta.label_format = "{field} {attribute} {operator} {value}"
        return made

    # --- the question ---------------------------------------------------------------------------------------------------

    def q(self, params: Params, now: datetime.datetime) -> Q:
        operator, text = params["operator"], params.get("value") or ""
        opposite = {
            "is_not": "is",
            "none_of": "one_of",
            "missing": "exists",
            "not_contains": "contains",
            "has_none": "has_any",
        }.get(operator)
        if opposite:
            return ~self._positive(params, opposite, text)
        return self._positive(params, operator, text)

    def _positive(self, params: Params, operator: str, text: str) -> Q:
        """The question without "not": true, or else false, of every contact."""
        if operator == "exists":
            return self._ask(params, lambda value: value.known())
        if operator not in WITHOUT_VALUE and not reading.usable(text):
            return NOBODY
        if operator in ("is", "one_of"):
            wanted = [Value(part) for part in self._values(operator, text)]
            if not wanted:
                return NOBODY
            if params["field"] == "email":
                # Addresses are kept in one form, so that an index finds them.
                return Q(email__in=[normalise_email(one.text) for one in wanted])
            found = self._ask(params, lambda value: value.same(wanted))
            if params["field"] == "locale":
                # "nl" is also said of somebody whose language is "nl-be".
                regions = [self._starts(params, f"{one.text}-") for one in wanted]
                found = reduce(or_, regions, found)
            return found
        if operator in TEXT:
            return self._ask(params, lambda value: value.text_is(operator, text))
        if operator in NUMERIC:
            return self._number(params, operator, text)
        if params["field"] != "attribute":
            return NOBODY
        if operator in TRUTH:
            return self._ask(params, lambda value: value.truth(operator == "yes"))
        parts = [self._holds(params, part) for part in several(text)]
        return reduce(and_ if operator == "has_all" else or_, parts) if parts else NOBODY

    def _starts(self, params: Params, text: str) -> Q:
        return self._ask(params, lambda value: value.text_is("starts_with", text))

    def _holds(self, params: Params, text: str) -> Q:
        return self._ask(params, lambda value: value.holds(Value(text)))

    def _number(self, params: Params, operator: str, text: str) -> Q:
        number, to = as_number(text), as_number(params.get("to") or "")
        if number is None or (operator == "between" and to is None):
            return NOBODY
        low = number if operator in ("more_than", "at_least", "between") else None
        high = to if operator == "between" else number if operator in ("less_than", "at_most") else None
        strict = operator in ("more_than", "less_than")
        return self._ask(params, lambda value: value.number_between(low, high, strict))

    def _ask(self, params: Params, question: Any) -> Q:
        field = params["field"]
        if field == "attribute":
            return reading.attribute(params["attribute"] or "", question)
        if field not in FIELDS:
            raise ValueError(f"There is no field {field!r}.")
        return reading.column(field, "number" if field in NUMBERS else "string", question)

    def _values(self, operator: str, text: str) -> list[str]:
        return several(text) if operator in SEVERAL else [text]

    # --- the words ------------------------------------------------------------------------------------------------------

    def describe(self, params: Params) -> str:
        operator, text = params["operator"], params.get("value") or ""
        if operator in SEVERAL:
            value = enumerated(several(text), _t("and") if operator == "has_all" else _t("or"))
        elif operator in NUMERIC:
            value = text or "…"
        else:
            value = f"“{text or '…'}”"
        return SENTENCES[operator] % {
            "name": self._name(params),
            "value": value,
            "to": params.get("to") or "…",
        }

    def _name(self, params: Params) -> str:
        field = params["field"]
        return f"“{params.get('attribute') or '…'}”" if field == "attribute" else str(FIELDS[field])

    def mentions(self, params: Params) -> Mentions:
        field = params["field"]
        return Mentions(
            fields=frozenset({f"attributes.{params['attribute']}" if field == "attribute" else field})
        )

    def fact(self, params: Params, contact: Contact, now: datetime.datetime) -> str:
        field = params["field"]
        if field == "attribute":
            value = contact.attributes.get(params["attribute"])
        else:
            value = getattr(contact, field)
        if value is None or value == "":
            return _t("nothing is known")
        text = json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)
        return _t("it is “%s”") % (text if len(text) <= 80 else f"{text[:79]}…")
