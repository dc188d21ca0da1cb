"""manage.py journeys_setup: create or mend the recurring schedule; with an option, the topics of email tracking."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from wagtail_journeys import jobs
from wagtail_journeys.contacts import consent


class Command(BaseCommand):
    help = "Create or mend the recurring schedule that makes a django-q2 cluster move journeys. Safe to run again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--email-tracking",
            action="store_true",
            help="Also make the two topics under which contacts agree that opens and clicks of emails are counted.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(self.style.SUCCESS(jobs.ensure_schedules()))
        if options["email_tracking"]:
            for purpose in (consent.OPEN_TRACKING, consent.CLICK_TRACKING):
                topic = consent.purpose(purpose)
                self.stdout.write(self.style.SUCCESS(f"The topic {topic.name!r} ({topic.mode}) is in place."))
