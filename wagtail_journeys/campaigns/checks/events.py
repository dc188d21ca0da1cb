"""The events that the campaign is started by, asks about or counts as its goal do happen."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _t

from wagtail_journeys.campaigns import event_needs
from wagtail_journeys.campaigns.triggers import registry as triggers_registry
from wagtail_journeys.events import catalogue

from . import registry
from .base import Check, Draft, Finding, warning


@registry.register
class Events(Check):
    key = "events"

    def findings(self, draft: Draft) -> Iterator[Finding]:
        fields: dict[str, tuple[str, str]] = {}
        for name, block in reversed(draft.facts):
            for event in names_of_fact(block):
                fields[event] = (name, block["id"])
        starting, others = event_needs.names_of(draft.campaign)
        for doubt in catalogue.doubts(starting | others | fields.keys(), starting, draft.now):
            field, block_id = fields.get(doubt.event, ("", ""))
            consequence = {
                "trigger": _t("Nobody will enter."),
                "goal": _t("The goal will not be reached."),
            }.get(field, "")
            yield warning(f"{doubt} {consequence}".strip(), field, block_id)


def names_of_fact(block: dict[str, object]) -> frozenset[str]:
    try:
        names = triggers_registry[str(block["type"])].events(block["value"])  # type: ignore[arg-type]
    except Exception:  # noqa: BLE001  a host site's own trigger may stumble over unfinished values in any way
        return frozenset()
    return frozenset(name for name in names if name)
