"""What conditions about one column with a list of choices have in common: is, is not, known or not."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.segments.rows import hidden_when

from .base import Condition, Mentions, Params

if TYPE_CHECKING:
    from wagtail_journeys.contacts.models import Contact

OPERATORS = {
    "is": _("is"),
    "is_not": _("is not"),
    "exists": _("is known"),
    "missing": _("is not known"),
}


class Chosen(Condition):
    """Whether a column of the contact holds what was chosen. Subclasses say which column, its choices and the words."""

    group = _("Who they are")
    steady = True
    #: The column of the contact, and the field of the form.
    column = ""
    field = ""
    #: How the operator and the choice are called in the form, and what is said where nothing was chosen.
    operator_label: Any = ""
    field_label: Any = ""
    nothing_chosen: Any = ""
    #: The sentence by operator, with the choice as %s.
    sentences: Mapping[str, Any] = {}

    def choices(self) -> list[tuple[Any, list[tuple[str, Any]]]]:
        """What can be chosen, in groups."""
        raise NotImplementedError

    def chosen(self, code: str) -> Q:
        """Contacts of whom this choice is true."""
        return Q((self.column, code))

    def name(self, code: str) -> str:
        """A choice in words."""
        return code

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            (
                "operator",
                blocks.ChoiceBlock(choices=list(OPERATORS.items()), default="is", label=self.operator_label),
            ),
            (
                self.field,
                blocks.ChoiceBlock(
                    choices=self.choices,
                    required=False,
                    label=self.field_label,
                    form_attrs=hidden_when("operator", ["exists", "missing"]),
                ),
            ),
        ]

    def errors(self, value: Params) -> dict[str, Any]:
        if value["operator"] in ("is", "is_not") and not value[self.field]:
            return {self.field: self.nothing_chosen}
        return {}

    def q(self, params: Params, now: datetime.datetime) -> Q:
        operator = params["operator"]
        found = (
            Q((self.column, ""))
            if operator in ("exists", "missing")
            else self.chosen(params.get(self.field) or "")
        )
        return ~found if operator in ("exists", "is_not") else found

    def describe(self, params: Params) -> str:
        sentence = str(self.sentences[params["operator"]])
        code = params.get(self.field)
        return sentence % (self.name(code) if code else "…") if "%s" in sentence else sentence

    def mentions(self, params: Params) -> Mentions:
        return Mentions(fields=frozenset({self.column}))

    def fact(self, params: Params, contact: Contact, now: datetime.datetime) -> str:
        value = getattr(contact, self.column)
        return _t("it is %s") % self.name(value) if value else _t("nothing is known")
