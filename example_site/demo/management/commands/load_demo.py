"""manage.py load_demo: six weeks of marketing history, made by the real engine on a clock that runs fast."""

from __future__ import annotations

import datetime
import random
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from example_site.demo import marketing
from example_site.demo.people import Town
from wagtail_journeys import pipeline
from wagtail_journeys.contacts import consent
from wagtail_journeys.events.inbox import accept_many
from wagtail_journeys.models import Campaign, Contact, Event, Journey, Message


class Command(BaseCommand):
    help = "Campaigns, segments and emails for the example site, and weeks of visitors who went through them."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--days", type=int, default=42, help="how long the history is (42)")
        parser.add_argument("--people", type=int, default=260, help="how many visitors there were (260)")

    def handle(self, *args: Any, days: int, people: int, **options: Any) -> None:
        if Campaign.objects.exists():
            self.stdout.write("There are campaigns already: nothing to load.")
            return
        until = timezone.now()
        since = (until - datetime.timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0)
        marketing.build(since)
        # These emails went out long ago: nothing is handed to the mail server for them now.
        before, settings.EMAIL_BACKEND = (
            settings.EMAIL_BACKEND,
            "django.core.mail.backends.dummy.EmailBackend",
        )
        try:
            self.live(Town(since, until, people), since, until)
        finally:
            settings.EMAIL_BACKEND = before
        self.stdout.write(
            self.style.SUCCESS(
                f"{days} days of history: {Event.objects.count()} events, {Contact.objects.count()} contacts, "
                f"{Journey.objects.count()} journeys, {Message.objects.count()} messages."
            )
        )

    def live(self, town: Town, since: datetime.datetime, until: datetime.datetime) -> None:
        """Let the weeks pass: every visit as it came, and the engine every few hours in between."""
        now, day, chance = since, since.date(), random.Random(11)
        for moment, events in town.sessions():
            while now + datetime.timedelta(hours=4) < moment:
                now += datetime.timedelta(hours=4)
                self.tick(now)
            accept_many(events, moment, wake=False)
            now = max(now, events[-1].occurred_at)
            self.tick(now)
            if now.date() != day:
                day = now.date()
                self.some_unsubscribe(now, chance)
                self.stdout.write(f"  {day:%d %B}: {Journey.objects.count()} journeys", ending="\r")
                self.stdout.flush()
        while now + datetime.timedelta(hours=4) < until:
            now += datetime.timedelta(hours=4)
            self.tick(now)
        self.stdout.write("")

    def tick(self, now: datetime.datetime) -> None:
        pipeline.tick(now)

    def some_unsubscribe(self, now: datetime.datetime, chance: random.Random) -> None:
        """Now and then somebody has had enough of a topic."""
        recent = Message.objects.filter(
            state="sent", settled_at__gt=now - datetime.timedelta(days=1), topic__isnull=False
        )
        for message in recent.select_related("topic").order_by("pk"):
            if chance.random() < 0.02:
                consent.record(
                    [message.contact_id], message.topic, "refused", source="unsubscribe link", now=now
                )
