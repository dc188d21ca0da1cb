"""How fast emails go out, on a clock that the test moves."""

from __future__ import annotations

import datetime
import itertools
from collections import Counter

import pytest
from django.core.checks import run_checks
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.emails.making import NOW, Clock, OpenGate, make_contact, make_template, make_topic, queue
from wagtail_journeys.emails import throttle
from wagtail_journeys.emails.delivery import deliver
from wagtail_journeys.emails.models import Message

pytestmark = pytest.mark.django_db

State = Message.State

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def backend(settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    settings.TIME_ZONE = "Europe/Amsterdam"


def send(clock: Clock) -> int:
    return deliver(clock, OpenGate(), 1000).sent


def people(number: int, domain: str) -> list:
    return [make_contact(email=f"person{next(_numbers)}@{domain}") for _n in range(number)]


def test_four_senders_keep_to_the_rate(settings) -> None:
    """Four senders that look twice a second send what the limit allows in a minute, neither more nor less."""
    settings.JOURNEYS_RATE_LIMITS = {"all": "5/s"}
    queue(make_template(), *people(400, "example.com"), topic=make_topic())
    clock, by_second = Clock(), Counter()
    for second in range(60):
        for _half in range(2):
            by_second[second] += sum(send(clock) for _sender in range(4))
            clock.forward(seconds=0.5)
    assert 285 <= by_second.total() <= 315
    assert max(by_second.values()) <= 11
    waiting = Message.objects.filter(state=State.QUEUED)
    assert {message.reason for message in waiting} == {"waits for its turn: 5/s (all)"}
    assert {message.attempts for message in waiting} == {0}


def test_a_slow_provider_does_not_hold_up_the_others(settings) -> None:
    """What one provider may not have yet is put off; everybody else's goes out, each message is put off once."""
    settings.JOURNEYS_RATE_LIMITS = {"gmail": "60/m", "@lindehaag.example": "1/h", "all": "1000/s"}
    clock = Clock()
    many = queue(make_template(), *people(50, "gmail.com"), topic=make_topic())
    queue(make_template(), *people(5, "yahoo.co.uk"), *people(2, "lindehaag.example"), topic=many[0].topic)
    for _second in range(3):
        send(clock)
        clock.forward(seconds=1)
    sent = Counter(
        address.rpartition("@")[2]
        for address in Message.objects.filter(state=State.SENT).values_list("address", flat=True)
    )
    assert sent["yahoo.co.uk"] == 5
    assert sent["lindehaag.example"] == 1
    assert 1 <= sent["gmail.com"] <= 5
    moments = Message.objects.filter(state=State.QUEUED, address__endswith="@gmail.com").values_list(
        "due_at", flat=True
    )
    assert len(set(moments)) == len(moments)  # one after the other, not all at once
    assert max(moments) < NOW + datetime.timedelta(seconds=70)


def test_transactional_email_does_not_wait(settings) -> None:
    """It counts, and goes out at once."""
    settings.JOURNEYS_RATE_LIMITS = {"all": "1/s"}
    topic, clock = make_topic(), Clock()
    queue(make_template(), *people(20, "example.com"), topic=topic)
    receipts = queue(make_template(), *people(3, "example.org"))
    assert send(clock) == 3
    for receipt in receipts:
        receipt.refresh_from_db()
    assert {receipt.state for receipt in receipts} == {State.SENT}


def test_warming_up(settings) -> None:
    """So many on the first day, more on the next, any number when it is over; the day begins at the site's midnight."""
    settings.JOURNEYS_WARM_UP = {"from": "2026-03-02", "messages": [3, 5]}
    queue(make_template(), *people(30, "example.com"), topic=make_topic())
    clock = Clock()
    assert send(clock) == 3
    day = throttle.warm_up(clock.now)
    assert day is not None and throttle.used(day) == 3
    waiting = Message.objects.filter(state=State.QUEUED).first()
    assert waiting is not None
    assert waiting.reason == "warming up: 3 messages a day, the rest waits"
    assert waiting.due_at == datetime.datetime(2026, 3, 2, 23, 0, tzinfo=datetime.UTC)
    clock.forward(hours=13, minutes=59)
    assert send(clock) == 0
    clock.forward(minutes=1)
    assert send(clock) == 5
    clock.forward(days=1)
    assert send(clock) == 22
    assert send(clock) == 0


def test_statements(settings) -> None:
    """Limits cost three statements and one for those put off, however many messages; none where there are none."""

    def cost(number: int) -> int:
        Message.objects.all().delete()
        queue(make_template(), *people(number, "example.com"), topic=make_topic())
        messages = list(Message.objects.order_by("pk"))
        with CaptureQueriesContext(connection) as captured:
            throttle.take(messages, NOW)
        return len(captured)

    assert cost(5) == 0
    settings.JOURNEYS_RATE_LIMITS = {"all": "1/s", "other": "1/s"}
    cost(2)
    assert cost(40) == cost(5) == 3


@pytest.mark.parametrize(
    ("domain", "group"),
    [
        ("gmail.com", "gmail"),
        ("hotmail.co.uk", "microsoft"),
        ("live.nl", "microsoft"),
        ("live.example.com", "other"),
        ("yahoo.com.br", "yahoo"),
        ("me.com", "apple"),
        ("example.com", "other"),
    ],
)
def test_groups(domain: str, group: str) -> None:
    """Domains are grouped by who runs their mailboxes."""
    assert throttle.group_of(domain) == group


def test_settings_are_checked(settings) -> None:
    """A limit that cannot be read is said when the site starts, not when the first message goes out."""
    settings.JOURNEYS_RATE_LIMITS = {"all": "50/s", "gmial": "1/s", "yahoo": "many"}
    settings.JOURNEYS_WARM_UP = {"from": "soon", "messages": [1]}
    settings.JOURNEYS_SOFT_BOUNCES = 3
    found = {message.id: message.msg for message in run_checks() if "E10" in str(message.id)}
    assert found.keys() == {"wagtail_journeys.E103", "wagtail_journeys.E104", "wagtail_journeys.E105"}
    assert "gmial" in found["wagtail_journeys.E103"] and "many" in found["wagtail_journeys.E103"]
