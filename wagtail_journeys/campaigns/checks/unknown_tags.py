"""Merge tags of the emails are called as contacts and events have them."""

from __future__ import annotations

from collections.abc import Iterator

from wagtail_journeys.emails import tags

from . import registry
from .base import Check, Draft, Finding, warning


@registry.register
class UnknownTags(Check):
    key = "unknown_tags"

    def findings(self, draft: Draft) -> Iterator[Finding]:
        used = {tag for step in draft.emails for pk in step.templates for tag in self._tags(draft, pk)}
        slips = {slip.tag: slip for slip in tags.unknown(sorted(used))}
        for step in draft.emails:
            mine = {tag for pk in step.templates for tag in self._tags(draft, pk)}
            for tag in sorted(mine & slips.keys()):
                yield warning(str(slips[tag]), "steps", step.id)

    @staticmethod
    def _tags(draft: Draft, template: int) -> list[str]:
        version = draft.template_versions.get(template)
        return list(version.tags) if version else []
