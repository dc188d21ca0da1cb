"""``manage.py journeys_health``: what is wrong with the machinery, for people and for monitors."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from wagtail_journeys.reporting import health

EXIT_CODES = {health.OK: 0, health.WARNING: 1, health.ERROR: 2}


class Command(BaseCommand):
    help = (
        "Says what is wrong: a cluster that is away, work that is late, messages nobody settled; and what to do. "
        "Ends with 0 if all is well, 1 if there are warnings, 2 if there are errors."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=["text", "json"], default="text", help="how to write it")

    def handle(self, *args: Any, **options: Any) -> None:
        found = health.look(timezone.now())
        if options["format"] == "json":
            self.stdout.write(json.dumps(found.as_dict(), indent=1, ensure_ascii=False))
        else:
            self.tell(found)
        if found.findings:
            self.stdout.flush()
            sys.exit(EXIT_CODES[found.status])

    def tell(self, found: health.Health) -> None:
        if not found.findings:
            self.stdout.write(self.style.SUCCESS("Everything moves."))
        for finding in found.findings:
            style = self.style.ERROR if finding.level == health.ERROR else self.style.WARNING
            self.stdout.write(f"{style(finding.level.upper())} {finding.key}: {finding.text}")
            self.stdout.write(f"  {finding.todo}")
