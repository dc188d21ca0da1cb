"""No other live campaign differs by the language alone (semantics L2): one campaign sends each contact its translation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _t

from wagtail_journeys.campaigns.models import Campaign

from . import registry
from .base import Check, Draft, Finding, warning


@registry.register
class Twins(Check):
    key = "twins"

    def findings(self, draft: Draft) -> Iterator[Finding]:
        trigger, filters = draft.trigger, draft.raw["filters"]
        if trigger is None:
            return
        mine = _languages(filters)
        others = Campaign.objects.filter(live=True).exclude(pk=draft.campaign.pk).order_by("name")
        for other in others:
            theirs = other.raw_filters
            if _bare(other.raw_trigger) != _bare(trigger) or not (mine or _languages(theirs)):
                continue
            if _languages(theirs) != mine and _without(theirs) == _without(filters):
                yield warning(
                    _t(
                        "“%s” is live, has the same trigger, and differs only by the language. A contact may get the emails of "
                        "both. Keep one of them: it sends each contact the translation in their language."
                    )
                    % other,
                    "filters",
                )


def _bare(block: dict[str, Any] | None) -> str:
    """A block without ids, to compare."""
    return json.dumps([block["type"], block["value"]], sort_keys=True, default=str) if block else ""


def _is_language(rule: dict[str, Any]) -> bool:
    if rule["type"] == "language":
        return True
    return rule["type"] == "attribute" and rule["value"].get("field") in ("locale", "language")


def _languages(rules: list[dict[str, Any]]) -> list[str]:
    return sorted(_bare(rule) for rule in rules if _is_language(rule))


def _without(rules: list[dict[str, Any]]) -> list[str]:
    return sorted(_bare(rule) for rule in rules if not _is_language(rule))
