"""What providers report after the hand-over, through django-anymail's own webhooks."""

from __future__ import annotations

import base64
import datetime
import itertools
import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.emails.making import NOW, Clock, OpenGate, make_contact, make_template, make_topic, queue
from tests.scenarios.story import Story
from wagtail_journeys import pipeline
from wagtail_journeys.contacts import suppression
from wagtail_journeys.contacts.models import ConsentState, Suppression
from wagtail_journeys.emails import reports
from wagtail_journeys.emails.delivery import deliver, recover
from wagtail_journeys.emails.models import Message
from wagtail_journeys.emails.traffic import Feedback
from wagtail_journeys.events.models import Event

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.emails.anymail_urls")]

State, Verdict = Message.State, Message.Verdict
LATER = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)

_ids = itertools.count(1)


@pytest.fixture(autouse=True)
def provider(settings) -> None:
    settings.EMAIL_BACKEND = "anymail.backends.test.EmailBackend"
    settings.ANYMAIL = {"WEBHOOK_SECRET": "me:secret"}


def report(message: Message | None, kind: str, event_id: int | None = None, **more: Any) -> int:
    """What Postmark's webhook says; returns the status of our answer."""
    said = {
        "RecordType": kind,
        "ID": event_id or next(_ids),
        "MessageID": "a-postmark-id",
        "Recipient" if kind == "Delivery" else "Email": message.address if message else "who@example.com",
        "Metadata": {"journeys_message": str(message.uuid)} if message else {},
        **more,
    }
    answer = Client().post(
        "/anymail/postmark/tracking/",
        json.dumps(said),
        content_type="application/json",
        headers={"Authorization": f"Basic {base64.b64encode(b'me:secret').decode()}"},
    )
    return answer.status_code


def sent(*contacts: Any, **fields: Any) -> list[Message]:
    messages = queue(make_template(), *contacts, **fields)
    assert deliver(Clock(), OpenGate(), 100).sent == len(messages)
    return messages


def look() -> int:
    """As the alarm clock does, until nothing is left."""
    number = 0
    while done := pipeline.hear_reports(LATER):
        number += done
    while pipeline.drain(LATER):
        pass
    return number


def verdicts(messages: list[Message]) -> list[str]:
    for message in messages:
        message.refresh_from_db()
    return [message.verdict for message in messages]


def happened(contact: Any) -> list[str]:
    return sorted(
        Event.objects.filter(contact=contact).exclude(name="email_sent").values_list("name", flat=True)
    )


def test_a_hard_bounce() -> None:
    """The address does not exist: the message says so, the contact's timeline too, and nothing is sent there again."""
    ann, bob = make_contact(), make_contact()
    messages = sent(ann, bob)
    blocked = Story().segment("Blocked", {"type": "suppressed", "value": {"mode": "suppressed"}})
    assert report(messages[0], "Bounce", Type="HardBounce", Details="550 5.1.1 nobody here") == 200
    assert report(messages[1], "Delivery") == 200
    assert look() == 2
    assert verdicts(messages) == [Verdict.HARD, Verdict.DELIVERED]
    assert {message.state for message in messages} == {State.SENT}
    assert happened(ann) == ["email_bounced"]
    assert happened(bob) == ["email_delivered"]
    assert Suppression.objects.get().reason == Suppression.Reason.HARD_BOUNCE
    assert list(blocked.memberships.values_list("contact", flat=True)) == [ann.pk]
    event = Event.objects.get(name="email_bounced")
    assert event.properties["kind"] == "hard"
    assert "nobody here" in event.properties["reason"]
    queue(make_template(), ann)
    assert deliver(Clock(), OpenGate(), 100).cancelled == 1
    assert {(str(row.raw), row.due_at) for row in Feedback.objects.all()} == {("{}", None)}


def test_a_complaint() -> None:
    """Suppressed at once, also where the message had been delivered; a bounce that is told later changes nothing."""
    (message,) = sent(make_contact())
    report(message, "SpamComplaint", BouncedAt="2026-03-02T10:00:00Z")
    look()
    report(message, "Delivery")
    look()
    assert verdicts([message]) == [Verdict.COMPLAINED]
    assert Suppression.objects.get().reason == Suppression.Reason.COMPLAINT
    assert happened(message.contact) == ["email_complained", "email_delivered"]


def test_twice_and_in_any_order() -> None:
    """The same report counts once, and every order ends the same."""
    for order in itertools.permutations([("Delivery", 1), ("Bounce", 2), ("Delivery", 1)]):
        Feedback.objects.all().delete()
        Suppression.objects.all().delete()
        (message,) = sent(make_contact())
        for kind, number in order:
            assert report(message, kind, number, Type="HardBounce") == 200
            if order[0] != order[1]:
                look()
        look()
        assert verdicts([message]) == [Verdict.HARD]
        assert happened(message.contact) == ["email_bounced", "email_delivered"]
        assert Feedback.objects.count() == 2


def test_before_the_hand_over_is_settled() -> None:
    """The provider is faster than the worker that gave it the message, and then the worker dies: it was sent."""
    (message,) = queue(make_template(), make_contact())
    Message.objects.update(state=State.HANDING_OVER, claim="dead", due_at=NOW)
    report(message, "Delivery")
    look()
    message.refresh_from_db()
    assert (message.state, message.verdict) == (State.HANDING_OVER, Verdict.DELIVERED)
    tally = recover(NOW)
    assert (tally.unknown, verdicts([message])) == (0, [Verdict.DELIVERED])
    assert message.state == State.SENT
    look()
    assert Event.objects.filter(name="email_sent", contact=message.contact).count() == 1


def test_a_report_resolves_what_was_perhaps_sent() -> None:
    """Whoever bounced or delivered it has had it."""
    (message,) = queue(make_template(), make_contact())
    Message.objects.update(state=State.UNKNOWN, due_at=None)
    report(message, "Delivery")
    look()
    recover(LATER)
    message.refresh_from_db()
    assert (message.state, message.due_at) == (State.SENT, None)


def test_soft_bounces(settings) -> None:
    """The third one within thirty days suppresses; older ones do not count, and lifting it begins from nothing."""
    ann = make_contact()
    old = sent(ann)[0]
    report(old, "Bounce", Type="SoftBounce")
    look()
    Feedback.objects.update(happened_at=LATER - datetime.timedelta(days=31))
    for number in range(3):
        assert not Suppression.objects.exists(), number
        (message,) = sent(ann)
        report(message, "Bounce", Type="SoftBounce")
        report(message, "Bounce", Type="SoftBounce")  # of the same message: counts once
        Feedback.objects.filter(message=None).update(happened_at=LATER)
        look()
    assert Suppression.objects.get().note == "3 emails could not be delivered within 30 days"
    assert verdicts([message]) == [Verdict.SOFT]
    suppression.lift([message.address_hash])
    (message,) = sent(ann)
    report(message, "Bounce", Type="SoftBounce")
    look()
    assert not Suppression.objects.exists()


def test_what_the_mail_server_refuses_is_feedback_too(settings) -> None:
    """An address that the server does not know is suppressed, another refusal counts as a soft bounce."""
    ann, bob = make_contact(), make_contact()
    messages = queue(make_template(), ann, bob)
    for message, reason in zip(
        messages, ["550 5.1.1 <x>: no such user", "554 5.7.1 not your spam"], strict=True
    ):
        Message.objects.filter(pk=message.pk).update(
            state=State.BOUNCED, reason=reason, due_at=NOW, settled_at=NOW, attempts=1
        )
    recover(NOW)
    recover(NOW)
    assert Feedback.objects.count() == 2
    look()
    assert verdicts(messages) == [Verdict.HARD, Verdict.SOFT]
    assert Suppression.objects.get().address_hash == messages[0].address_hash
    assert happened(ann) == happened(bob) == ["email_bounced"]


def test_the_providers_unsubscribe_link() -> None:
    """It ends the topic of the message, and calls back what is queued."""
    ann, topic = make_contact(), make_topic()
    (message,) = sent(ann, topic=topic)
    (waiting,) = queue(make_template(), ann, topic=topic)
    report(message, "SubscriptionChange", SuppressSending=True, Recipient=ann.email)
    look()
    assert ConsentState.objects.get(contact=ann, topic=topic).state == "refused"
    waiting.refresh_from_db()
    assert waiting.state == State.CANCELLED
    assert happened(ann) == ["consent_changed"]


def test_reports_about_nothing_of_ours() -> None:
    """A stranger's bounce is about its address; what cannot be read is logged, and the provider is not told to come again."""
    assert report(None, "Bounce", Type="HardBounce", Email="Who@example.com") == 200
    assert report(None, "Delivery", Metadata={"journeys_message": "\x00'--"}) == 200
    assert report(None, "Open") == 200
    look()
    assert list(suppression.of_address("who@example.com").values_list("reason", flat=True)) == ["hard_bounce"]


def test_one_report_that_cannot_be_understood_stands_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps its place with the reason; the others are looked at."""
    messages = sent(*(make_contact() for _ in range(5)))
    for message in messages:
        report(message, "Delivery")
    give = reports._give_verdicts

    def poisoned(rows: Any, *arguments: Any) -> None:
        if any(row.message_key == str(messages[2].uuid) for row in rows):
            raise ValueError("poison")
        give(rows, *arguments)

    monkeypatch.setattr(reports, "_give_verdicts", poisoned)
    assert look() == 5
    assert verdicts(messages).count(Verdict.DELIVERED) == 4
    assert "poison" in Feedback.objects.exclude(error="").get().error


def test_statements() -> None:
    """Forty reports cost as many statements as three."""

    def cost(number: int) -> int:
        messages = sent(*(make_contact() for _ in range(number)), topic=make_topic())
        for place, message in enumerate(messages):
            kind = ("Bounce", "Delivery", "SubscriptionChange")[place % 3]
            report(message, kind, Type="HardBounce", SuppressSending=True, Recipient=message.address)
        with CaptureQueriesContext(connection) as captured:
            assert pipeline.hear_reports(LATER) == number
        return len(captured)

    assert cost(3) == cost(40)
