"""Handing over to a real mail server on this machine that fails where the test wants it to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from email.message import EmailMessage

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from tests.emails.making import (
    NOW,
    Clock,
    OpenGate,
    grant,
    make_contact,
    make_template,
    make_topic,
    queue,
    text,
)
from tests.support.mail import MailServer
from tests.support.services import free_port
from wagtail_journeys.contacts import consent, suppression
from wagtail_journeys.contacts.models import Suppression, Topic
from wagtail_journeys.emails import marking
from wagtail_journeys.emails.delivery import Tally, deliver, recover
from wagtail_journeys.emails.models import Message
from wagtail_journeys.emails.outbox import cancel_for
from wagtail_journeys.signals import messages_settled

pytestmark = pytest.mark.django_db

State = Message.State
FIRST, SECOND = 0, 1


@pytest.fixture
def server(settings) -> Iterator[MailServer]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_TIMEOUT = 0.3
    with MailServer() as server:
        settings.EMAIL_PORT = server.port
        yield server


@pytest.fixture
def two() -> list[Message]:
    return queue(make_template(), make_contact(), make_contact())


def send(clock: Clock | None = None, gate: OpenGate | None = None, limit: int = 1000) -> Tally:
    return deliver(clock or Clock(), gate or OpenGate(), limit)


def states(messages: list[Message]) -> list[str]:
    for message in messages:
        message.refresh_from_db()
    return [str(message.state) for message in messages]


def test_sent(server: MailServer, two: list[Message]) -> None:
    """A queued message reaches the mail server once, and a second look finds nothing to do."""
    tally = send()
    assert (tally.claimed, tally.sent, tally.handled) == (2, 2, 2)
    assert tally.settled == [message.pk for message in two]
    assert send().claimed == 0
    assert states(two) == [State.SENT, State.SENT]
    assert [received.recipients for received in server.messages] == [(message.address,) for message in two]
    assert server.connections == 1
    assert (two[FIRST].marked_at, two[FIRST].settled_at, two[FIRST].due_at, two[FIRST].attempts) == (
        NOW,
        NOW,
        None,
        1,
    )


def test_content(server: MailServer) -> None:
    """The message carries its fixed Message-ID, one-click unsubscribing, both parts, and one recipient."""
    topic = make_topic()
    template = make_template(
        text("<p>Dear {{ contact.first_name }}, ærlig</p>\n<p>.dot</p>"),
        subject="Für {{ contact.first_name }}",
        reply_to="answers@example.com",
        from_name="Lindehaag, adviseurs",
    )
    (message,) = queue(template, make_contact(first_name="Zoë\r\nBcc: all@example.com"), topic=topic)
    send()
    received: EmailMessage = server.messages[0].message
    assert received["Message-ID"] == message.header_id
    assert received["Subject"] == "Für Zoë Bcc: all@example.com"
    assert received["Bcc"] is None
    assert received["To"] == message.address
    assert received["Reply-To"] == "answers@example.com"
    assert received["From"].addresses[0].display_name == "Lindehaag, adviseurs"
    assert received["List-Unsubscribe"].startswith("<http")
    assert received["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert received["Feedback-ID"]
    assert received["Date"].datetime == NOW
    plain, html = received.get_body(("plain",)), received.get_body(("html",))
    assert plain is not None and html is not None
    assert "ærlig" in plain.get_content()
    assert "\n.dot" in plain.get_content()
    assert received["List-Unsubscribe"][1:-1] in html.get_content()
    assert not received.defects
    assert not [name for name in received if name.lower().startswith("x-")]


def test_transactional_has_no_unsubscribe(server: MailServer, two: list[Message]) -> None:
    """A message that ignores topics offers no unsubscribing that would do nothing."""
    send()
    received = server.messages[0].message
    assert received["List-Unsubscribe"] is None
    assert "unsubscribe" not in received.get_body(("plain",)).get_content().lower()


Fault = Callable[[MailServer], None]


@pytest.mark.parametrize(
    ("fault", "state", "reason"),
    [
        pytest.param(
            lambda s: s.faults.refuse("MAIL", "421 4.3.2 closing"), State.DEFERRED, "421", id="421 at MAIL"
        ),
        pytest.param(
            lambda s: s.faults.refuse("MAIL", "550 5.7.1 who are you"),
            State.DEFERRED,
            "550",
            id="550 at MAIL",
        ),
        pytest.param(
            lambda s: s.faults.refuse("RCPT", "421 4.3.2 closing"), State.DEFERRED, "421", id="421 at RCPT"
        ),
        pytest.param(
            lambda s: s.faults.refuse("RCPT", "450 4.2.1 greylisted"), State.DEFERRED, "450", id="450 at RCPT"
        ),
        pytest.param(
            lambda s: s.faults.refuse("RCPT", "550 5.1.1 no such user"),
            State.BOUNCED,
            "550",
            id="550 at RCPT",
        ),
        pytest.param(
            lambda s: s.faults.refuse("DATA", "421 4.3.2 closing"), State.DEFERRED, "421", id="421 at DATA"
        ),
        pytest.param(
            lambda s: s.faults.refuse("DATA", "451 4.3.0 later"), State.DEFERRED, "451", id="451 at DATA"
        ),
        pytest.param(
            lambda s: s.faults.refuse("DATA", "554 5.7.1 spam"), State.BOUNCED, "554", id="554 at DATA"
        ),
        pytest.param(
            lambda s: s.faults.refuse("CONTENT", "452 4.3.1 full"), State.DEFERRED, "452", id="452 at content"
        ),
        pytest.param(
            lambda s: s.faults.refuse("CONTENT", "550 5.7.1 spam"), State.BOUNCED, "550", id="550 at content"
        ),
        pytest.param(
            lambda s: s.faults.hang_after_content(), State.UNKNOWN, "broke", id="hang after content"
        ),
        pytest.param(
            lambda s: s.faults.drop_after_content(), State.UNKNOWN, "broke", id="drop after content"
        ),
    ],
)
def test_faults(server: MailServer, two: list[Message], fault: Fault, state: str, reason: str) -> None:
    """A fault touches the message that it met, with the server's own words, and not the next one."""
    fault(server)
    tally = send()
    assert states(two) == [state, State.SENT]
    assert reason in two[FIRST].reason
    assert (getattr(tally, state), tally.sent) == (1, 1)
    assert server.doubled == {}
    if state == State.DEFERRED:
        assert two[FIRST].due_at > NOW
        clock = Clock(two[FIRST].due_at)
        send(clock)
        assert states(two) == [State.SENT, State.SENT]
        assert two[FIRST].attempts == 2
    else:
        assert two[FIRST].due_at is None
        clock = Clock()
        clock.forward(days=30)
        recover(clock.now)
        assert send(clock).claimed == 0
    assert server.doubled == {}


def test_unknown_is_never_resent(server: MailServer, two: list[Message]) -> None:
    """The server took the message, we did not hear it: it is shown as unknown and stays the only one."""
    server.faults.hang_after_content()
    send()
    assert len(server.to(two[FIRST].address)) == 1
    clock = Clock()
    for _day in range(5):
        clock.forward(days=1)
        recover(clock.now)
        send(clock)
    assert states(two) == [State.UNKNOWN, State.SENT]
    assert len(server.to(two[FIRST].address)) == 1


def test_connection_refused(server: MailServer, two: list[Message], settings) -> None:
    """When nobody listens, the batch goes back untouched, rests, and is sent once somebody does."""
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, free_port()
    tally = send()
    assert (tally.released, tally.handled, tally.settled) == (2, 0, [])
    assert states(two) == [State.QUEUED, State.QUEUED]
    assert [message.attempts for message in two] == [0, 0]
    assert "cannot be reached" in two[FIRST].reason
    clock = Clock()
    assert send(clock).claimed == 0
    clock.forward(minutes=2)
    settings.EMAIL_PORT = port
    assert send(clock).sent == 2
    assert two[FIRST].pk and states(two) == [State.SENT, State.SENT]
    assert two[FIRST].reason == ""


def test_unfriendly_greeting(server: MailServer, two: list[Message]) -> None:
    """A server that refuses to talk at all burns nobody's tries."""
    server.faults.refuse("CONNECT", "554 5.3.2 not today", times=20)
    tally = send()
    assert tally.released == 2
    assert states(two) == [State.QUEUED, State.QUEUED]
    server.faults.clear()
    clock = Clock()
    clock.forward(minutes=2)
    assert send(clock).sent == 2


def test_gives_up(server: MailServer, two: list[Message]) -> None:
    """A message that is deferred for ever fails in the end, after about as long as the setting says, with a reason."""
    server.faults.refuse("RCPT", "451 4.7.1 never", times=1000)
    clock, tries = Clock(), 0
    while states(two)[FIRST] not in (State.FAILED, State.SENT) and tries < 100:
        send(clock)
        tries += 1
        clock.forward(hours=4)
    assert states(two) == [State.FAILED, State.FAILED]
    assert two[FIRST].attempts == 22
    assert "451" in two[FIRST].reason
    assert server.messages == []


def test_connection_is_renewed(server: MailServer, settings) -> None:
    """A connection carries only as many messages as the setting says."""
    settings.JOURNEYS_CONNECTION_MESSAGES = 2
    queue(make_template(), *(make_contact() for _ in range(5)))
    assert send().sent == 5
    assert server.connections == 3


def test_limit_and_order(server: MailServer) -> None:
    """The oldest message goes first, and no more than the limit go at once."""
    messages = queue(make_template(), *(make_contact() for _ in range(4)))
    Message.objects.filter(pk=messages[3].pk).update(due_at=NOW.replace(year=2025))
    assert send(limit=2).claimed == 2
    assert [received.recipients[0] for received in server.messages] == [
        messages[3].address,
        messages[0].address,
    ]


# The chokepoint -------------------------------------------------------------------------------------------------------


class Meanwhile(OpenGate):
    """Something happens after the messages were claimed and filled in, before they are marked."""

    def __init__(self, happening: Callable[[], object]) -> None:
        super().__init__()
        self.happening = happening

    def allowed(self, now) -> Q:
        self.happening()
        return super().allowed(now)


def test_unsubscribed_meanwhile(server: MailServer) -> None:
    """A contact that refuses the topic after the message was claimed does not get it."""
    topic, ann, bob = make_topic(), make_contact(), make_contact()
    messages = queue(make_template(), ann, bob, topic=topic)
    send(gate=Meanwhile(lambda: consent.record([ann.pk], topic, consent.REFUSED, "test", NOW)))
    assert states(messages) == [State.CANCELLED, State.SENT]
    assert messages[FIRST].reason == "the contact has not agreed to the topic"
    assert len(server.messages) == 1


def test_opt_in_needs_consent(server: MailServer) -> None:
    """An opt-in topic reaches only those who asked for it."""
    topic, ann, bob = make_topic(Topic.Mode.OPT_IN), make_contact(), make_contact()
    messages = queue(make_template(), ann, bob, topic=topic)
    grant(topic, bob)
    send()
    assert states(messages) == [State.CANCELLED, State.SENT]


def test_suppressed_meanwhile(server: MailServer) -> None:
    """Suppression holds for messages that ignore topics too, whatever the spelling of the address."""
    ann, bob = make_contact(), make_contact()
    messages = queue(make_template(), ann, bob)
    suppress = lambda: suppression.suppress(f" {ann.email.upper()} ", Suppression.Reason.COMPLAINT, "", NOW)  # noqa: E731
    send(gate=Meanwhile(suppress))
    assert states(messages) == [State.CANCELLED, State.SENT]
    assert messages[FIRST].reason == "the address is suppressed"


def test_gate_refuses(server: MailServer, two: list[Message]) -> None:
    """What the campaign does not want any more is not handed over, with the campaign's reason."""
    send(gate=OpenGate(~Q(contact=two[FIRST].contact_id), "the journey has ended"))
    assert states(two) == [State.CANCELLED, State.SENT]
    assert two[FIRST].reason == "the journey has ended"


def test_called_back_meanwhile(server: MailServer, two: list[Message]) -> None:
    """A message called back after it was claimed keeps that reason and is not handed over."""
    send(gate=Meanwhile(lambda: cancel_for(Q(pk=two[FIRST].pk), "the goal was reached", NOW)))
    assert states(two) == [State.CANCELLED, State.SENT]
    assert two[FIRST].reason == "the goal was reached"


def test_deleted_topic(server: MailServer) -> None:
    """A message does not begin to ignore topics because its topic was deleted."""
    topic = make_topic()
    messages = queue(make_template(), make_contact(), topic=topic)
    topic.delete()
    send()
    assert states(messages) == [State.CANCELLED]
    assert server.messages == []


def test_claim_lost(server: MailServer, two: list[Message]) -> None:
    """A worker whose claim was taken over hands nothing over, and leaves the other's work alone."""
    send(gate=Meanwhile(lambda: Message.objects.filter(pk=two[FIRST].pk).update(claim="another")))
    assert states(two) == [State.CLAIMED, State.SENT]
    assert len(server.messages) == 1


# What cannot be filled in ---------------------------------------------------------------------------------------------


def test_missing_value_fails_alone(server: MailServer) -> None:
    """A contact without the value fails with the tag's name; the others get theirs."""
    template = make_template(text("<p>Dear {{ contact.first_name }}</p>"))
    messages = queue(template, make_contact(), make_contact(first_name="Bob"))
    tally = send()
    assert states(messages) == [State.FAILED, State.SENT]
    assert "contact.first_name" in messages[FIRST].reason
    assert (tally.failed, tally.sent) == (1, 1)


def test_template_not_live(server: MailServer) -> None:
    """A template that is live in no language fails its messages with that reason."""
    messages = queue(make_template(live=False), make_contact())
    send()
    assert states(messages) == [State.FAILED]
    assert "not live" in messages[FIRST].reason


@pytest.mark.parametrize("address", ["no address", "a@b.example> SIZE=1", "jürgen@example.com"])
def test_bad_address(server: MailServer, address: str) -> None:
    """An address that no server takes fails with that reason and disturbs nobody."""
    ann, bob = make_contact(email=address), make_contact()
    messages = queue(make_template(), ann, bob)
    send()
    assert states(messages) == [State.FAILED, State.SENT]
    assert "address" in messages[FIRST].reason


def test_international_domain(server: MailServer) -> None:
    """A domain in another script goes out in its ASCII form."""
    messages = queue(make_template(), make_contact(email="ann@bücher.example"))
    send()
    assert states(messages) == [State.SENT]
    assert server.messages[0].recipients == ("ann@xn--bcher-kva.example",)


def test_kept_values_render_the_same(server: MailServer) -> None:
    """What was sent can be read again from the version and the values kept with the message."""
    from wagtail_journeys.emails.archive import content

    template = make_template(
        text("<p>Dear {{ contact.first_name }} {{ contact.city }}</p>"), subject="{{ contact.city }}"
    )
    contact = make_contact(first_name="<Ann>", attributes={"city": "Delft", "secret": "x"})
    (message,) = queue(template, contact, topic=make_topic())
    send()
    contact.first_name = "Somebody else"
    contact.save()
    message = Message.objects.select_related("version").get()
    assert message.subject == "Delft"
    assert "secret" not in str(message.context)
    rendered = content(message).rendered
    assert rendered is not None
    sent = server.messages[0].message
    received = sent.get_body(("plain",)).get_content().replace("\r\n", "\n")
    # The receiver's own links lead nowhere when somebody else reads it.
    assert re.sub(r"http\S+/(unsubscribe|preferences|view)/\S+", r"#\1", received) == rendered.text


# Workers that die -----------------------------------------------------------------------------------------------------


def test_recover_claims(server: MailServer, two: list[Message]) -> None:
    """A claim whose worker died goes back into the queue when its lease ends, not before."""
    Message.objects.update(state=State.CLAIMED, claim="dead", due_at=NOW)
    clock = Clock()
    clock.forward(seconds=-1)
    assert recover(clock.now).released == 0
    assert recover(NOW).released == 2
    assert send().sent == 2


def test_recover_marks(server: MailServer, two: list[Message]) -> None:
    """A mark that nobody settled becomes unknown with a reason, is told to listeners, and is not sent again."""
    heard: list[int] = []

    def listen(messages: list[int], **_: object) -> None:
        heard.extend(messages)

    messages_settled.connect(listen)
    try:
        Message.objects.filter(pk=two[FIRST].pk).update(state=State.HANDING_OVER, claim="dead", due_at=NOW)
        tally = recover(NOW)
    finally:
        messages_settled.disconnect(listen)
    assert (tally.unknown, tally.settled, heard) == (1, [two[FIRST].pk], [two[FIRST].pk])
    send()
    assert states(two) == [State.UNKNOWN, State.SENT]
    assert "may have taken it" in two[FIRST].reason


def test_late_answer(two: list[Message]) -> None:
    """A slow worker may still say what became of a message that was shown as unknown meanwhile."""
    Message.objects.update(state=State.HANDING_OVER, claim="slow", due_at=NOW)
    recover(NOW)
    assert marking.settler("slow").run(two[FIRST].pk, State.SENT.value, "", NOW, None) == 1
    assert marking.settler("other").run(two[SECOND].pk, State.SENT.value, "", NOW, None) == 0
    assert states(two) == [State.SENT, State.UNKNOWN]


def test_lease_ends(server: MailServer) -> None:
    """A worker that is too slow gives the rest of its batch back before its claim falls back by itself."""
    messages = queue(make_template(), *(make_contact() for _ in range(3)))
    clock = Clock()

    class Slow(OpenGate):
        def allowed(self, now) -> Q:
            clock.forward(seconds=1)
            return Q()

    begun = Slow()
    ticking = iter([0.0] * 4 + [1000.0] * 100)

    def tick():
        clock.forward(seconds=next(ticking))
        return clock.now

    tally = deliver(tick, begun, 10)
    assert tally.released + tally.handled == 3
    assert tally.released > 0
    assert set(states(messages)) <= {State.SENT, State.QUEUED}


# Cost -----------------------------------------------------------------------------------------------------------------


def statements(number: int) -> tuple[int, int]:
    """Statements of a whole delivery of ``number`` messages, and those of them that are not about a single one."""
    topic = make_topic()
    template = make_template(text("<p>Dear {{ contact.first_name }}</p>"))
    queue(template, *(make_contact(first_name="Ann") for _ in range(number)), topic=topic)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert send().sent == number
    marks = [q["sql"] for q in captured if '"marked_at" = ' in q["sql"]]
    settled = [q["sql"] for q in captured if '"settled_at" = ' in q["sql"]]
    savepoints = [q for q in captured if "SAVEPOINT" in q["sql"] or q["sql"] in ("BEGIN", "COMMIT")]
    assert len(marks) == number
    assert len(settled) == number
    single = {*map(id, marks), *map(id, settled)}  # one statement may do both
    return len(captured), len(captured) - len(single) - len(savepoints)


def test_statements(server: MailServer) -> None:
    """Claiming and filling in cost the same for two messages and for forty; each hand-over costs two statements at most."""
    few, of_the_batch_few = statements(2)
    many, of_the_batch_many = statements(40)
    assert of_the_batch_few == of_the_batch_many <= 18
