"""Merge tags of the emails have a default, or always a value (semantics S9)."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import ngettext

from wagtail_journeys.campaigns.merge_tags import always_has_value
from wagtail_journeys.campaigns.triggers import registry as triggers_registry
from wagtail_journeys.emails.required import required

from . import registry
from .base import Check, Draft, Finding, Placed, warning


@registry.register
class MergeTags(Check):
    key = "merge_tags"

    def findings(self, draft: Draft) -> Iterator[Finding]:
        trigger = draft.trigger
        by_event = bool(trigger and _starts_by_event(trigger))
        for step in draft.emails:
            tags = {
                tag
                for pk in step.templates
                if pk in draft.template_versions
                for tag in required(draft.template_versions[pk])
            }
            missing = sorted(tag for tag in tags - _defaults(step) if not always_has_value(tag, by_event))
            if missing:
                yield warning(
                    ngettext(
                        "The merge tag %(tags)s of “%(step)s” has no default: contacts without a value do not get this email. "
                        "Give it one in the step, an empty one if nothing is to stand there.",
                        "The merge tags %(tags)s of “%(step)s” have no default: contacts without a value do not get this "
                        "email. Give them one in the step, an empty one if nothing is to stand there.",
                        len(missing),
                    )
                    % {"tags": ", ".join(missing), "step": step.quoted},
                    "steps",
                    step.id,
                )


def _defaults(step: Placed) -> set[str]:
    return {
        str(item["value"].get("tag"))
        for item in step.params.get("defaults") or []
        if isinstance(item, dict) and isinstance(item.get("value"), dict)
    }


def _starts_by_event(trigger: dict[str, object]) -> bool:
    try:
        return bool(triggers_registry[str(trigger["type"])].events(trigger["value"]))  # type: ignore[arg-type]
    except Exception:  # noqa: BLE001  a host site's own trigger may stumble over unfinished values in any way
        return False
