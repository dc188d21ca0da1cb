"""An event occurs: by name, properties, page, section or document."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from wagtail_journeys.events.fields import PropertyNameBlock, PropertyValueBlock
from wagtail_journeys.segments.conditions.attribute import as_number
from wagtail_journeys.segments.conditions.event import describe_event, event_fields

from . import registry
from .base import Params, Trigger

OPERATORS = {
    "is": _("is"),
    "is_not": _("is not"),
    "contains": _("contains"),
    "at_least": _("is at least"),
    "less_than": _("is less than"),
    "exists": _("is there"),
}


def property_matches(properties: dict[str, Any], rule: Params) -> bool:
    """One property filter. Text is compared without regard to case; numbers as numbers."""
    operator, wanted = rule["operator"], (rule.get("value") or "")
    actual = properties.get(rule["property"])
    if operator == "exists":
        return actual is not None
    if operator in ("at_least", "less_than"):
        limit, number = as_number(wanted), as_number(str(actual)) if actual is not None else None
        if limit is None or number is None or isinstance(actual, bool):
            return False
        return number >= limit if operator == "at_least" else number < limit
    text = "" if actual is None else str(actual).lower()
    if operator == "contains":
        return bool(wanted) and wanted.lower() in text
    same = text == wanted.lower()
    if not same and actual is not None and not isinstance(actual, bool):
        left, right = as_number(text), as_number(wanted)
        same = left is not None and left == right
    return not same if operator == "is_not" else actual is not None and same


@registry.register
class EventTrigger(Trigger):
    key = "event"
    label = _("An event occurs")
    icon = "crosshairs"

    def fields(self) -> list[tuple[str, blocks.Block]]:
        return [
            *event_fields(),
            (
                "properties",
                blocks.ListBlock(
                    blocks.StructBlock(
                        [
                            ("property", PropertyNameBlock()),
                            (
                                "operator",
                                blocks.ChoiceBlock(
                                    choices=list(OPERATORS.items()), default="is", label=_("Comparison")
                                ),
                            ),
                            ("value", PropertyValueBlock()),
                        ],
                        form_classname="struct-block wj-row",
                    ),
                    default=[],
                    min_num=0,
                    label=_("Only with these properties"),
                ),
            ),
        ]

    def describe(self, params: Params) -> str:
        sentence = describe_event(params)
        for item in params.get("properties") or []:
            rule = item["value"]
            sentence += _t(", %(property)s %(operator)s “%(value)s”") % {
                "property": rule["property"],
                "operator": OPERATORS[rule["operator"]],
                "value": rule.get("value") or "",
            }
        return sentence

    def events(self, params: Params) -> frozenset[str]:
        return frozenset({params["event"]})

    def pages(self, params: Params) -> set[int]:
        return {params[key] for key in ("page", "section") if params.get(key)}

    def matches(self, params: Params, event: Any, places: Any) -> bool:
        if event.name != params["event"]:
            return False
        if params.get("page") and not places.same(event.page_id, params["page"]):
            return False
        if params.get("section") and not places.below(event.page_id, params["section"]):
            return False
        if params.get("document") and event.document_id != params["document"]:
            return False
        return all(
            property_matches(event.properties, item["value"]) for item in params.get("properties") or []
        )

    def problems(self, params: Params) -> list[str]:
        return [] if params.get("event") else [_t("The trigger names no event.")]

    def references(self, params: Params) -> dict[str, set[int]]:
        found = {"page": self.pages(params)}
        if params.get("document"):
            found["document"] = {params["document"]}
        return found
