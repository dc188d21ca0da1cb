"""Conditions can be read, and can be true."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.utils.translation import gettext as _t

from wagtail_journeys import db
from wagtail_journeys.campaigns import asking
from wagtail_journeys.campaigns.conditions import registry as of_journeys
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.exceptions import BadRules
from wagtail_journeys.segments import compiler

from . import registry
from .base import Check, Draft, Finding, error, warning


@registry.register
class Conditions(Check):
    """The contact filters, and every list of conditions in a step or in one of its arms."""

    key = "conditions"
    blocks = True

    def findings(self, draft: Draft) -> Iterator[Finding]:
        filters = draft.raw["filters"]
        if filters:
            yield from _look(draft, draft.campaign.filters_match, filters, "filters", "")
        for step in draft.steps:
            for match, rules in _lists(step.params):
                yield from _look(draft, match, rules, "steps", step.id)
            yield from _twice(step.params, step.id)


def _lists(params: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    if params.get("conditions"):
        yield params.get("match") or "all", params["conditions"]
    for value in params.values():
        for item in value if isinstance(value, list) else []:
            inside = item.get("value") if isinstance(item, dict) else None
            if isinstance(inside, dict) and inside.get("conditions"):
                yield inside.get("match") or "all", inside["conditions"]


def _look(
    draft: Draft, match: str, rules: Sequence[dict[str, Any]], field: str, block: str
) -> Iterator[Finding]:
    try:
        if field == "steps" and _asks_journeys(rules):
            # Whether they can be true depends on where the contact has been: that they can be read is all there is to say.
            asking.mentions(rules)
            return
        query = compiler.contacts_matching(match, rules, draft.now).order_by().values("pk").query
    except BadRules as problem:
        yield error(str(problem), field, block or _broken(rules, draft), rank=2)
        return
    try:
        query.get_compiler(connection=db.write_connection(Contact)).as_sql()
        never = False
    except EmptyResultSet:
        never = True
    if never or (match == "all" and _contradicts(rules)):
        yield warning(
            _t("No contact can ever match “%s”. Change the conditions.") % compiler.describe(match, rules),
            field,
            block,
        )


def _asks_journeys(rules: Sequence[dict[str, Any]]) -> bool:
    return any(leaf["type"] in of_journeys for leaf in compiler.leaves(rules))


def _broken(rules: Sequence[dict[str, Any]], draft: Draft) -> str:
    """The id of the first of these rules that cannot be read."""
    for rule in rules:
        try:
            compiler.rules_q("all", [rule], draft.now)
        except BadRules:
            return str(rule.get("id") or "")
    return ""


def _contradicts(rules: Sequence[dict[str, Any]]) -> bool:
    """Whether the same segment is asked for, and asked not to be."""
    asked: dict[Any, set[str]] = {}
    for rule in rules:
        if rule["type"] == "in_segment":
            asked.setdefault(rule["value"].get("segment"), set()).add(rule["value"].get("mode"))
    return any({"in", "not_in"} <= modes for modes in asked.values())


def _twice(params: dict[str, Any], block: str) -> Iterator[Finding]:
    """Of arms with the same conditions only the first is ever taken."""
    seen: dict[str, str] = {}
    for number, item in enumerate(params.get("arms") or [], 1):
        value = item.get("value") if isinstance(item, dict) else None
        if not isinstance(value, dict) or not value.get("conditions"):
            continue
        asked = json.dumps(
            [value.get("match"), [[rule["type"], rule["value"]] for rule in value["conditions"]]],
            sort_keys=True,
            default=str,
        )
        name = value.get("label") or _t("Arm %d") % number
        if asked in seen:
            yield warning(
                _t(
                    "No contact ever takes the arm “%(arm)s”: “%(other)s” has the same conditions and stands before it."
                )
                % {"arm": name, "other": seen[asked]},
                "steps",
                block,
            )
        seen.setdefault(asked, name)
