"""Look at all campaigns as the review before publishing does: for a site's own CI."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import Q
from django.utils import timezone

from wagtail_journeys.campaigns import checks
from wagtail_journeys.campaigns.checks import Draft, Finding, Level
from wagtail_journeys.campaigns.models import Campaign


class Command(BaseCommand):
    help = "Checks the live campaigns, and with --drafts the unpublished ones too; ends with 1 where errors are found."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--drafts", action="store_true", help="Look at unpublished drafts as well.")
        parser.add_argument("--format", choices=["human", "json"], default="human", dest="output")
        parser.add_argument(
            "--fail-level",
            choices=[Level.ERROR.value, Level.WARNING.value],
            default=Level.ERROR.value,
            help="From which level on a finding makes the command end with 1.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        looked_at = [(draft, checks.findings(draft)) for draft in drafts(now, with_drafts=options["drafts"])]
        counts = Counter(finding.level for _draft, found in looked_at for finding in found)
        if options["output"] == "json":
            self.stdout.write(json.dumps(as_json(looked_at, counts), indent=2, ensure_ascii=False))
        else:
            self.tell(looked_at, counts)
        failing = counts[Level.ERROR]
        if options["fail_level"] == Level.WARNING:
            failing += counts[Level.WARNING]
        if failing:
            raise SystemExit(1)

    def tell(self, looked_at: list[tuple[Draft, list[Finding]]], counts: Counter[Level]) -> None:
        styles = {
            Level.ERROR: self.style.ERROR,
            Level.WARNING: self.style.WARNING,
            Level.HINT: self.style.NOTICE,
        }
        for draft, found in looked_at:
            if found:
                self.stdout.write(
                    self.style.MIGRATE_HEADING(f"{draft.campaign} ({draft.campaign.pk}, {what(draft)})")
                )
            for finding in found:
                self.stdout.write(f"  {styles[finding.level](finding.level.value)}: {finding.message}")
        self.stdout.write(
            f"{len(looked_at)} campaigns looked at: {counts[Level.ERROR]} errors, {counts[Level.WARNING]} warnings, "
            f"{counts[Level.HINT]} hints."
        )


def drafts(now: Any, *, with_drafts: bool) -> Iterator[Draft]:
    """What is live, and the newest drafts beside it where they are asked for."""
    for campaign in Campaign.objects.filter(live=True).select_related("live_revision"):
        yield Draft(campaign, now)
    if with_drafts:
        changed = Campaign.objects.filter(Q(live=False) | Q(has_unpublished_changes=True))
        for campaign in changed.select_related("latest_revision"):
            yield Draft.of(campaign, now)


def what(draft: Draft) -> str:
    return "draft" if draft.revision or not draft.campaign.live else "live"


def as_json(looked_at: list[tuple[Draft, list[Finding]]], counts: Counter[Level]) -> dict[str, Any]:
    return {
        "campaigns": [
            {
                "id": draft.campaign.pk,
                "name": draft.campaign.name,
                "version": what(draft),
                "findings": [
                    {
                        "level": finding.level.value,
                        "message": finding.message,
                        "field": finding.field,
                        "block": finding.block,
                    }
                    for finding in found
                ],
            }
            for draft, found in looked_at
        ],
        "counts": {level.value: counts[level] for level in Level},
    }
