"""Every way in which a mail server can fail, at every point of the conversation: the state that the message ends in.

In each case two messages are due, the fault meets the first, and the second must go out as if nothing had been. In the end
everything that was tried again is through: nothing is lost, nothing is doubled, and only what is truly ambiguous is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.emails.making import Clock, OpenGate, make_contact, make_template, queue
from tests.support.mail import DROP, HANG, MailServer
from wagtail_journeys.emails.delivery import Tally, deliver, recover
from wagtail_journeys.emails.models import Message
from wagtail_journeys.emails.traffic import MailServer as Known

pytestmark = pytest.mark.django_db

State = Message.State
TEMPORARY = ("421 4.3.2", "450 4.2.1", "451 4.3.0", "452 4.3.1")
PERMANENT = ("550 5.1.1", "554 5.7.1")

#: (where, what the server does there, state of the message). A refused sender says nothing about the receiver.
CASES = [
    *((where, code, State.DEFERRED) for where in ("MAIL", "RCPT", "DATA", "CONTENT") for code in TEMPORARY),
    *(("MAIL", code, State.DEFERRED) for code in PERMANENT),
    *((where, code, State.BOUNCED) for where in ("RCPT", "DATA", "CONTENT") for code in PERMANENT),
    *((where, HANG, State.DEFERRED) for where in ("MAIL", "RCPT", "DATA")),
    *((where, DROP, State.DEFERRED) for where in ("MAIL", "RCPT", "DATA")),
    ("after the content", HANG, State.UNKNOWN),
    ("after the content", DROP, State.UNKNOWN),
]


@pytest.fixture
def server(settings) -> Iterator[MailServer]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_TIMEOUT = "127.0.0.1", 0.25
    with MailServer() as server:
        settings.EMAIL_PORT = server.port
        yield server


def send(clock: Clock) -> Tally:
    recover(clock())
    return deliver(clock, OpenGate(), 1000)


def meet(server: MailServer, where: str, what: str) -> None:
    if where == "after the content":
        (server.faults.hang_after_content if what == HANG else server.faults.drop_after_content)()
    elif what in (HANG, DROP):
        server.faults.refuse(where, what)
    else:
        server.faults.refuse(where, f"{what} because")


def test_every_fault_at_every_command(server: MailServer) -> None:
    """Of all the cases, exactly the two in which the server had the whole content are unknown."""
    template, clock = make_template(), Clock()
    wrong, first = [], {}
    for where, what, expected in CASES:
        met, spared = queue(template, make_contact(), make_contact())
        meet(server, where, what)
        send(clock)
        met.refresh_from_db()
        spared.refresh_from_db()
        first[where, what] = met
        if (met.state, spared.state, spared.attempts) != (expected, State.SENT, 1):
            wrong.append((where, what, met.state, met.reason, spared.state))
        elif not met.reason or (what not in (HANG, DROP) and what not in met.reason):
            wrong.append((where, what, "says", met.reason))
    assert not wrong
    assert not Known.objects.exists()

    clock.forward(hours=2)
    send(clock)
    for (where, what), message in first.items():
        expected = {case[:2]: case[2] for case in CASES}[where, what]
        message.refresh_from_db()
        assert message.state == (State.SENT if expected == State.DEFERRED else expected), (where, what)
    clock.forward(days=9)
    assert send(clock).claimed == 0
    assert server.doubled == {}
    arrived = {received.message_id for received in server.messages}
    sent = set(Message.objects.filter(state=State.SENT).values_list("header_id", flat=True))
    assert sent <= arrived
    unknown = set(Message.objects.filter(state=State.UNKNOWN).values_list("header_id", flat=True))
    assert len(unknown) == 2 and arrived - sent == unknown


def test_greylisting_and_slowness(server: MailServer) -> None:
    """A server that takes nobody at first, and is slow then, gets everything once."""
    messages = queue(make_template(), *(make_contact() for _ in range(6)))
    server.faults.refuse("RCPT", "450 4.2.0 greylisted, come back", times=6)
    clock = Clock()
    assert send(clock).deferred == 6
    moments = set(Message.objects.values_list("due_at", flat=True))
    assert len(moments) == 6  # they do not all come back at once
    server.faults.slow = 0.1
    clock.forward(minutes=2)
    assert send(clock).sent == 6
    assert server.doubled == {} and len(server.messages) == len(messages)


def no_starttls(settings: Any, server: MailServer) -> None:
    settings.EMAIL_USE_TLS = True


def no_tls(settings: Any, server: MailServer) -> None:
    settings.EMAIL_USE_SSL = True


def wrong_password(settings: Any, server: MailServer) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "me", "wrong"
    server.faults.refuse("AUTH", "535 5.7.8 wrong password", times=20)


def bad_greeting(settings: Any, server: MailServer) -> None:
    server.faults.refuse("CONNECT", "554 5.3.2 not today", times=20)


def silent_greeting(settings: Any, server: MailServer) -> None:
    server.faults.refuse("EHLO", HANG, times=20)


@pytest.mark.parametrize(
    "fault", [no_starttls, no_tls, wrong_password, bad_greeting, silent_greeting], ids=lambda f: f.__name__
)
def test_no_conversation_at_all(
    server: MailServer, settings, fault: Callable[[Any, MailServer], None]
) -> None:
    """The queue is paused, nobody's tries are burnt, and everything goes out once the cause is mended."""
    messages = queue(make_template(), make_contact(), make_contact())
    before = settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD
    fault(settings, server)
    clock = Clock()
    for _look in range(3):
        send(clock)
    rows = Message.objects.values_list("state", "attempts")
    assert set(rows) == {(State.QUEUED, 0)}
    known = Known.objects.get()
    assert known.opened_at == clock.now and known.error
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = before
    server.faults.clear()
    assert send(clock).claimed == 0
    clock.forward(minutes=2)
    assert send(clock).sent == len(messages)
    assert not Known.objects.exists()
    assert server.doubled == {}
