"""manage.py journeys_setup: create or mend the recurring schedule."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from wagtail_journeys import jobs


class Command(BaseCommand):
    help = "Create or mend the recurring schedule that makes a django-q2 cluster move journeys. Safe to run again."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(self.style.SUCCESS(jobs.ensure_schedules()))
