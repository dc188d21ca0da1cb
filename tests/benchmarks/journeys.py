"""Contacts through a drip of three steps - wait, email, wait - until the email is handed to a backend that drops it,
against bulk_create of the rows that this must leave behind."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.benchmarks import world
from tests.benchmarks.report import figure, scale
from tests.benchmarks.tools import Cost, analyse, timed, vendor
from tests.scenarios.story import START, Story, on_event, send, wait
from wagtail_journeys import pipeline
from wagtail_journeys.events.inbox import Incoming, accept_many
from wagtail_journeys.models import Event, Journey, Message, Visit

CONTACTS = 10_000
BODY = (
    "<p>Hello {{ contact.first_name | default: 'there' }},</p><p>" + "Words of a newsletter. " * 40 + "</p>"
)


def main() -> None:
    count = max(1000, int(CONTACTS * scale()))
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    story = Story()
    ids = world.contacts(count)
    template = story.template("Hello {{ contact.first_name | default: 'there' }}", BODY)
    campaign = story.campaign("Drip", on_event("signed_up"), wait(1), send(template), wait(1))
    analyse()
    incoming = [
        Incoming(source="bench", name="signed_up", message_id=f"b{n}", occurred_at=START, contact_id=pk)
        for n, pk in enumerate(ids)
    ]
    accept_many(incoming, START, wake=False)

    entered = timed(lambda: until_idle(lambda: pipeline.drain(START)))
    parked = timed(lambda: until_idle(lambda: pipeline.advance(START)))
    tomorrow = START + datetime.timedelta(days=1)
    queued = timed(lambda: until_idle(lambda: pipeline.advance(tomorrow)))
    handed = timed(lambda: until_idle(lambda: pipeline.deliver(tomorrow).handled))
    later = tomorrow + datetime.timedelta(days=1)
    ended = timed(lambda: until_idle(lambda: pipeline.advance(later)))
    total = entered + parked + queued + handed + ended
    assert Journey.objects.filter(campaign=campaign, state="completed").count() == count
    assert Message.objects.filter(state="sent").count() == count

    peer = bulk_create(ids)
    area = f"journeys.{vendor()}"
    figure(f"{area}.contacts_per_second", count / total.clock, "-", "1/s")
    figure(f"{area}.ratio_to_bulk_create", peer.processor / total.processor, ">=0.3", "ratio")
    figure(f"{area}.enter_us", entered.processor / count * 1e6, "-", "us/contact")
    figure(f"{area}.step_us", (parked + queued + ended).processor / 3 / count * 1e6, "-", "us/contact")
    figure(f"{area}.hand_over_us", handed.processor / count * 1e6, "-", "us/message")
    figure(f"{area}.all_us", total.processor / count * 1e6, "<=1100", "us/contact")

    accept_many(
        [Incoming(source="b2", name="signed_up", occurred_at=later, contact_id=pk) for pk in ids], later
    )
    with CaptureQueriesContext(connection) as captured:
        pipeline.advance(later)
    figure(f"{area}.statements_per_advance", len(captured), "-", "statements")


def until_idle(look) -> None:
    while look():
        pass


def bulk_create(ids: list[int]) -> Cost:
    """The cost of the same event, journey, visit and message rows, copied under new keys."""
    events = list(Event.objects.filter(source="bench"))
    journeys = {journey.contact_id: journey for journey in Journey.objects.all()}
    visits = list(Visit.objects.all())
    messages = list(Message.objects.all())
    for model in (Message, Visit, Journey):
        model.objects.all()._raw_delete(model.objects.db)
    Event.objects.filter(source="bench")._raw_delete("default")

    def write() -> None:
        Event.objects.bulk_create(events, batch_size=1000)
        Journey.objects.bulk_create(list(journeys.values()), batch_size=1000)
        Visit.objects.bulk_create(visits, batch_size=1000)
        Message.objects.bulk_create(messages, batch_size=1000)

    return timed(write)
