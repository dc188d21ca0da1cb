"""Rows that the tests of this folder need, in few words."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Mapping
from typing import Any

from django.db.models import Q
from wagtail.models import Locale

from wagtail_journeys.contacts import consent
from wagtail_journeys.contacts.models import Contact, Topic
from wagtail_journeys.emails.models import EmailTemplate, Message
from wagtail_journeys.emails.outbox import Draft, queue_many
from wagtail_journeys.emails.rendering import compile_template
from wagtail_journeys.streams import with_ids

NOW = datetime.datetime(2026, 3, 2, 9, 0, tzinfo=datetime.UTC)

_numbers = itertools.count(1)


def text(html: str) -> dict[str, Any]:
    return {"type": "text", "value": html}


def make_template(
    *blocks: dict[str, Any], language: str = "en", live: bool = True, compiled: bool = True, **fields: Any
) -> EmailTemplate:
    locale, _created = Locale.objects.get_or_create(language_code=language)
    template = EmailTemplate(
        **{"name": f"Template {next(_numbers)}", "subject": "Hello", "locale": locale, "live": live, **fields}
    )
    template.body = with_ids(list(blocks or [text("<p>Good morning</p>")]))
    template.save()
    if compiled:
        compile_template(template, NOW)
    return template


def make_contact(**fields: Any) -> Contact:
    number = next(_numbers)
    return Contact.objects.create(**{"email": f"person{number}@example.com", **fields})


def make_topic(mode: str = Topic.Mode.OPT_OUT) -> Topic:
    number = next(_numbers)
    return Topic.objects.create(name=f"Topic {number}", slug=f"topic-{number}", mode=mode)


def queue(
    template: EmailTemplate, *contacts: Contact, topic: Topic | None = None, **fields: Any
) -> list[Message]:
    """A queued message for each contact, the first one first."""
    before = set(Message.objects.values_list("pk", flat=True))
    queue_many(
        [
            Draft(
                **{
                    "visit": None,
                    "campaign": None,
                    "step_id": "",
                    "contact": contact.pk,
                    "address": contact.email,
                    "topic": topic and topic.pk,
                    "template": template.pk,
                    **fields,
                }
            )
            for contact in contacts
        ],
        NOW,
    )
    return list(Message.objects.exclude(pk__in=before).order_by("pk"))


def grant(topic: Topic, *contacts: Contact) -> None:
    consent.record([contact.pk for contact in contacts], topic, consent.GRANTED, "test", NOW)


class OpenGate:
    """Lets everything through; counts how often it was asked."""

    def __init__(self, allowed: Q | None = None, words: str = "the campaign is paused") -> None:
        self.q = allowed if allowed is not None else Q()
        self.words = words

    def claimable(self, now: datetime.datetime) -> Q:
        return Q()

    def allowed(self, now: datetime.datetime) -> Q:
        return self.q

    def reason(self, message_ids: list[int], now: datetime.datetime) -> dict[int, str]:
        refused = Message.objects.filter(pk__in=message_ids).exclude(self.q).values_list("pk", flat=True)
        return dict.fromkeys(refused, self.words)

    def leave(self, reasons: Mapping[int, str], now: datetime.datetime) -> None:
        self.left = {**getattr(self, "left", {}), **reasons}


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self, now: datetime.datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime.datetime:
        return self.now

    def forward(self, **duration: float) -> None:
        self.now += datetime.timedelta(**duration)
