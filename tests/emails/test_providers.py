"""Email providers by way of django-anymail, played by a server on this machine."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.calls.server import Asked, Reply, Server
from tests.emails.making import Clock, OpenGate, make_contact, make_template, make_topic, queue
from tests.support.services import free_port
from wagtail_journeys.emails import carrier
from wagtail_journeys.emails.delivery import Tally, deliver, recover
from wagtail_journeys.emails.models import Message
from wagtail_journeys.emails.traffic import MailServer

pytestmark = pytest.mark.django_db

State = Message.State
FIRST = 0
TAKEN = Reply(201, b'{"messageId": "<1@relay>"}')


@pytest.fixture
def brevo(settings) -> Iterator[Server]:
    settings.EMAIL_BACKEND = "anymail.backends.brevo.EmailBackend"
    with Server(usual=TAKEN) as server:
        settings.ANYMAIL = {"BREVO_API_KEY": "k", "BREVO_API_URL": server.url, "REQUESTS_TIMEOUT": 0.3}
        yield server


@pytest.fixture
def postmark(settings) -> Iterator[Server]:
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    with Server(usual=taken) as server:
        settings.ANYMAIL = {
            "POSTMARK_SERVER_TOKEN": "k",
            "POSTMARK_API_URL": server.url,
            "REQUESTS_TIMEOUT": 0.3,
        }
        yield server


@pytest.fixture
def two() -> list[Message]:
    return queue(make_template(), make_contact(), make_contact())


def taken(asked: Asked) -> Reply:
    said = {"ErrorCode": 0, "Message": "OK", "MessageID": "1", "To": asked.json["To"]}
    return Reply(200, json.dumps(said).encode())


def inactive(asked: Asked) -> Reply:
    words = f"Found inactive addresses: {asked.json['To']}. Inactive recipients bounced."
    return Reply(422, json.dumps({"ErrorCode": 406, "Message": words}).encode())


def send(clock: Clock | None = None) -> Tally:
    clock = clock or Clock()
    recover(clock(), carrier.life_of_keys())
    return deliver(clock, OpenGate(), 1000)


def states(messages: list[Message]) -> list[str]:
    for message in messages:
        message.refresh_from_db()
    return [str(message.state) for message in messages]


def test_what_the_provider_is_told(brevo: Server) -> None:
    """One request per message, over one connection: the email, our Message-ID, what tells it from others, and its key."""
    (message,) = queue(
        make_template(reply_to="answers@example.com"), make_contact(first_name="Zoë"), topic=make_topic()
    )
    assert send().sent == 1
    (asked,) = brevo.asked
    assert asked.json["to"] == [{"email": message.address}]
    assert asked.json["subject"] == "Hello"
    assert asked.json["replyTo"] == {"email": "answers@example.com"}
    headers = asked.json["headers"]
    assert headers["Message-ID"] == message.header_id
    assert headers["List-Unsubscribe"].startswith("<http")
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["idempotencyKey"] == str(message.uuid)
    assert str(message.uuid) in headers["X-Mailin-custom"]


def test_resend_gets_the_key_in_its_request(settings) -> None:
    """Every message has a key of its own, in the header that the provider reads."""
    settings.EMAIL_BACKEND = "anymail.backends.resend.EmailBackend"
    with Server(usual=Reply(200, b'{"id": "1"}')) as server:
        settings.ANYMAIL = {"RESEND_API_KEY": "k", "RESEND_API_URL": server.url}
        messages = queue(make_template(), make_contact(), make_contact())
        assert send().sent == 2
    assert [asked.headers["Idempotency-Key"] for asked in server.asked] == [
        str(message.uuid) for message in messages
    ]


def test_mail_server_of_a_provider_with_keys(settings) -> None:
    """The same over SMTP: a header, where the mail server is known to read it."""
    letter = carrier.Letter(1, "a@b.c", "d@e.f", "s", "<p>h</p>", "t", "<i@b.c>", key="the-key")
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "smtp.resend.com"
    known = carrier.Carrier()
    assert known.key_life is not None
    content = letter.as_bytes(Clock()(), known.key_header)
    assert b"\r\nResend-Idempotency-Key: the-key\r\n" in content
    settings.EMAIL_HOST = "mail.example.com"
    unknown = carrier.Carrier()
    assert (unknown.key_header, unknown.key_life) == ("", None)
    assert b"the-key" not in letter.as_bytes(Clock()(), unknown.key_header)


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        pytest.param(Reply(400, b'{"message": "bad"}'), State.FAILED, id="400"),
        pytest.param(Reply(401, b'{"message": "who are you"}'), State.DEFERRED, id="401"),
        pytest.param(Reply(429, b'{"message": "slowly"}'), State.DEFERRED, id="429"),
        pytest.param(Reply(503, b""), State.DEFERRED, id="503"),
        pytest.param(Reply(502, b""), State.UNKNOWN, id="502"),
        pytest.param(Reply(200, b"<html>"), State.UNKNOWN, id="200 that is no answer"),
        pytest.param("hang", State.UNKNOWN, id="hang"),
        pytest.param(
            inactive,
            State.BOUNCED,
            id="refused recipient",
        ),
    ],
)
def test_answers(postmark: Server, two: list[Message], reply: Reply | str, state: str) -> None:
    """What a provider without keys answers: only what is truly ambiguous is unknown, and the next one goes out."""
    postmark.answers.append(postmark.hang() if reply == "hang" else reply)  # type: ignore[arg-type]
    tally = send()
    assert states(two) == [state, State.SENT]
    assert (getattr(tally, state), tally.sent) == (1, 1)
    assert two[FIRST].reason
    clock = Clock()
    clock.forward(hours=100)
    send(clock)
    assert len(postmark.asked) == (3 if state == State.DEFERRED else 2)


@pytest.mark.parametrize("reply", [Reply(502, b""), "hang"])
def test_a_key_makes_it_safe_to_ask_again(brevo: Server, two: list[Message], reply: Reply | str) -> None:
    """With an idempotency key, what was perhaps taken is handed over again with the same key while that is good."""
    brevo.answers.append(brevo.hang() if reply == "hang" else reply)  # type: ignore[arg-type]
    send()
    assert states(two) == [State.DEFERRED, State.SENT]
    clock = Clock(two[FIRST].due_at)
    send(clock)
    assert states(two) == [State.SENT, State.SENT]
    keys = [asked.json["headers"]["idempotencyKey"] for asked in brevo.asked]
    assert keys == [str(two[FIRST].uuid), str(two[1].uuid), str(two[FIRST].uuid)]


def test_a_provider_that_knows_the_key_has_the_message(brevo: Server, two: list[Message]) -> None:
    """The answer to the second try is that it was the second: the first one was taken."""
    brevo.answers += [Reply(502, b""), TAKEN, Reply(400, b'{"message": "duplicate idempotencyKey"}')]
    send()
    send(Clock(Message.objects.get(pk=two[FIRST].pk).due_at))
    assert states(two) == [State.SENT, State.SENT]


def test_a_key_that_is_too_old(brevo: Server, two: list[Message], settings) -> None:
    """After the provider has forgotten the key, or where nobody knows keys any more, the message is never sent again."""
    brevo.answers += [Reply(502, b""), Reply(502, b"")]
    send()
    assert states(two) == [State.DEFERRED, State.DEFERRED]
    late = Clock()
    late.forward(minutes=20)
    send(late)
    assert states(two) == [State.UNKNOWN, State.UNKNOWN]
    assert len(brevo.asked) == 2

    others = queue(make_template(), make_contact())
    brevo.answers.append(Reply(502, b""))
    send()
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    soon = Clock()
    soon.forward(minutes=2)
    send(soon)
    assert states(others) == [State.UNKNOWN]


def test_a_refusal_forgets_the_key(brevo: Server, two: list[Message]) -> None:
    """A message that was surely not taken is tried again for days, not only while its key is good."""
    brevo.answers.append(Reply(503, b""))
    send()
    assert states(two) == [State.DEFERRED, State.SENT]
    clock = Clock()
    clock.forward(hours=5)
    send(clock)
    assert states(two) == [State.SENT, State.SENT]


def test_a_worker_that_died(brevo: Server, two: list[Message]) -> None:
    """Its message is handed over again with the same key, where there is one."""
    clock = Clock()
    key = clock.now + carrier.life_of_keys()
    Message.objects.filter(pk=two[FIRST].pk).update(
        state=State.HANDING_OVER, claim="dead", due_at=clock.now, key_until=key
    )
    clock.forward(minutes=3)
    tally = recover(clock.now, carrier.life_of_keys())
    assert (tally.deferred, tally.unknown) == (1, 0)
    send(clock)
    assert states(two) == [State.SENT, State.SENT]


def test_nobody_there(brevo: Server, two: list[Message], settings) -> None:
    """A provider that cannot be reached pauses the queue and burns nobody's tries; one message finds out that it is back."""
    port, clock = settings.ANYMAIL["BREVO_API_URL"], Clock()
    settings.ANYMAIL = {**settings.ANYMAIL, "BREVO_API_URL": f"http://127.0.0.1:{free_port()}"}
    for _look in range(4):
        send(clock)
    assert states(two) == [State.QUEUED, State.QUEUED]
    assert {message.attempts for message in two} == {0}
    assert "cannot be reached" in two[FIRST].reason
    server = MailServer.objects.get()
    assert (server.key, server.failures, server.opened_at) == ("brevo", 3, clock.now)
    settings.ANYMAIL = {**settings.ANYMAIL, "BREVO_API_URL": port}
    assert send(clock).handled == 0
    clock.forward(seconds=61)
    assert send(clock).sent == 2
    assert states(two) == [State.SENT, State.SENT]
    assert not MailServer.objects.exists()


def test_an_account_that_is_closed_pauses_the_queue(brevo: Server, settings) -> None:
    """A refused account is nobody's bounce: after three in a row the others wait untouched, and the pause grows."""
    messages = queue(make_template(), *(make_contact() for _ in range(10)))
    brevo.usual = Reply(401, b'{"message": "no such key"}')
    clock = Clock()
    send(clock)
    assert states(messages) == [State.DEFERRED] * 3 + [State.QUEUED] * 7
    rests = []
    for _probe in range(3):
        until = MailServer.objects.get().open_until
        assert until is not None
        clock.now = until
        send(clock)
        rests.append((MailServer.objects.get().open_until or until) - until)
    assert len(brevo.asked) == 6  # one message for each look
    assert rests == sorted(rests)
    brevo.usual = TAKEN
    clock.forward(hours=1)
    assert send(clock).sent == 10


def test_without_anymail_nothing_asks_for_it() -> None:
    """A site that has not installed it imports, connects and sends without it."""
    program = """
import sys
sys.modules["anymail"] = None
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
from django.conf import settings
settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "anymail"]
import django
django.setup()
from wagtail_journeys.emails.carrier import Carrier, Letter
with Carrier() as carrier:
    assert carrier.connect() is None
    letter = Letter(1, "a@example.com", "b@example.com", "s", "<p>h</p>", "t", "<i@example.com>")
    import datetime
    print(carrier.hand_over(letter, datetime.datetime.now(datetime.UTC)).state)
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.stdout.strip() == "sent", run.stderr
