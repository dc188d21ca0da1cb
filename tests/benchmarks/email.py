"""Queued messages rendered, built, marked, handed to a local mail server that keeps nothing, and recorded, against smtplib
sending the same bytes, made before, over one kept connection."""

from __future__ import annotations

import cProfile
import os
import pstats
import smtplib
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.mail import get_connection

from tests.benchmarks import world
from tests.benchmarks.null_mail import null_mail_server
from tests.benchmarks.report import figure, scale
from tests.benchmarks.tools import Cost, analyse, timed, vendor
from tests.scenarios.story import START, Story
from wagtail_journeys import db, pipeline
from wagtail_journeys.contacts.models import Topic
from wagtail_journeys.emails import carrier
from wagtail_journeys.emails.mime import Letter
from wagtail_journeys.emails.models import Message
from wagtail_journeys.emails.outbox import Draft, queue_many

MESSAGES = 20_000
#: A turn of each side, one after the other: what else the machine does meets both.
TURN = 1_000
BODY = "<p>Hello {{ contact.first_name | default: 'there' }},</p>" + "".join(
    f'<p>{"Words of a newsletter. " * 12}<a href="https://example.com/news/{n}/">Read on</a></p>'
    for n in range(4)
)


@dataclass
class Captured:
    """The bytes of the messages of one turn, as they were sent."""

    letters: list[tuple[str, str, bytes]] = field(default_factory=list)


def main() -> None:
    area = f"email.{vendor()}"
    count = max(2 * TURN, int(MESSAGES * scale()))
    ids = world.contacts(count)
    story = Story()
    template = story.template("News for {{ contact.first_name | default: 'you' }}", BODY)
    topic = Topic.objects.create(name="News", slug="news", mode=Topic.Mode.OPT_OUT)
    queue(ids, template, topic)
    analyse()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_TIMEOUT = "127.0.0.1", 20
    with null_mail_server() as port:
        settings.EMAIL_PORT = port
        deliver(TURN // 10)  # whatever is made once
        ours, peer, turns = Cost(0, 0), Cost(0, 0), 0
        captured = watch()
        profile = cProfile.Profile() if os.environ.get("PROFILE") else None
        while Message.objects.filter(state=Message.State.QUEUED).count() >= TURN:
            if profile is not None:
                profile.enable()
            ours += timed(lambda: deliver(TURN))
            if profile is not None:
                profile.disable()
            if turns == 0:
                forget()
            peer += timed(lambda: send_bytes(captured.letters, port))
            turns += 1
        django = timed(lambda: send_objects(captured))
    sent = turns * TURN
    assert Message.objects.filter(state=Message.State.SENT).count() == sent + TURN // 10
    figure(f"{area}.messages_per_second", sent / ours.clock, "-", "1/s")
    figure(f"{area}.messages_per_cpu_second", sent / ours.processor, "-", "1/s")
    figure(f"{area}.message_us", ours.processor / sent * 1e6, "<=250", "us/message")
    figure(f"{area}.smtplib_us", peer.processor / sent * 1e6, "-", "us/message")
    figure(f"{area}.django_backend_us", django.processor / TURN * 1e6, "-", "us/message")
    figure(f"{area}.message_bytes", sum(len(c) for _s, _t, c in captured.letters) / TURN, "-", "bytes")
    figure(f"{area}.ratio_to_smtplib", peer.processor / ours.processor, ">=0.35", "ratio")
    if profile is not None:
        pstats.Stats(profile).sort_stats("tottime").print_stats(35)


def queue(ids: list[int], template: Any, topic: Topic) -> None:
    for part in db.chunks(ids, 5_000):
        drafts = [
            Draft(None, None, "step", pk, f"person{number}@example.com", topic.pk, template.pk)
            for number, pk in enumerate(part)
        ]
        queue_many(drafts, START)


def deliver(number: int) -> None:
    sent = 0
    while sent < number:
        handled = pipeline.deliver(START, min(number - sent, 250)).handled
        assert handled
        sent += handled


_as_bytes = Letter.as_bytes


def watch() -> Captured:
    captured = Captured()

    def keep(self: Letter, *arguments: Any) -> bytes:
        content = _as_bytes(self, *arguments)
        captured.letters.append((self.envelope_sender, self.envelope_recipient, content))
        return content

    Letter.as_bytes = keep  # type: ignore[method-assign]
    return captured


def forget() -> None:
    Letter.as_bytes = _as_bytes  # type: ignore[method-assign]


def send_bytes(letters: list[tuple[str, str, bytes]], port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port) as connection:
        for sender, to, content in letters:
            connection.sendmail(sender, [to], content)


def send_objects(captured: Captured) -> None:
    """The same with Django's own objects, which build every message anew: what the bytes are made for."""
    with get_connection() as connection:
        for sender, to, content in captured.letters:
            body = content.decode()
            email = carrier.EmailMultiAlternatives("News", body[:1500], sender, [to])
            email.attach_alternative(body, "text/html")
            connection.send_messages([email])
