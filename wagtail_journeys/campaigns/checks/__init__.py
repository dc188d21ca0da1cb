"""What stands against a campaign, or should be looked at before it goes live: one file each; ``registry`` holds them.

The form, the review before publishing, scheduled publishing and ``manage.py check_journeys`` read the same findings.
"""

from __future__ import annotations

from wagtail_journeys.registry import Registry

from .base import Check, Draft, Finding, Level, Placed

registry: Registry[Check] = Registry("check", module="journey_checks", package=__name__)

__all__ = ["Check", "Draft", "Finding", "Level", "Placed", "errors", "findings", "registry"]


def findings(draft: Draft) -> list[Finding]:
    """Everything that is found, errors first, then warnings, then hints; those of one level in the order of the steps."""
    return _sorted(draft, [finding for check in registry for finding in check.findings(draft)])


def errors(draft: Draft) -> list[Finding]:
    """What the campaign cannot go live with: only the checks that know of errors are asked."""
    found = [finding for check in registry if check.blocks for finding in check.findings(draft)]
    return _sorted(draft, [finding for finding in found if finding.level == Level.ERROR])


def _sorted(draft: Draft, found: list[Finding]) -> list[Finding]:
    best: dict[str, int] = {}
    for finding in found:
        if finding.level == Level.ERROR and finding.block:
            best[finding.block] = min(best.get(finding.block, finding.rank), finding.rank)
    kept = dict.fromkeys(
        finding for finding in found if finding.rank <= best.get(finding.block, finding.rank)
    )
    places = {step.id: number for number, step in enumerate(draft.steps)}
    levels = list(Level)
    return sorted(kept, key=lambda finding: (levels.index(finding.level), places.get(finding.block, -1)))
