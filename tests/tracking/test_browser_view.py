from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client

from tests.emails.making import NOW, Clock, OpenGate, make_contact, make_template, make_topic, queue, text
from wagtail_journeys.emails import delivery
from wagtail_journeys.emails.links import KINDS, Urls, make_token
from wagtail_journeys.emails.models import Message

pytestmark = pytest.mark.django_db

BODY = text(
    '<p>Hello {{ contact.first_name }}</p><p><a href="{{ view_url }}">See it</a> '
    '<a href="{{ preferences_url }}">Choose</a> <a href="{{ confirm_url }}">Confirm</a></p>'
)


def sent() -> Message:
    contact = make_contact(first_name="<i>Ann</i>", email="ann@example.com")
    (message,) = queue(make_template(BODY, subject="Hi"), contact, topic=make_topic())
    delivery.deliver(Clock(), OpenGate(), 10)
    message.refresh_from_db()
    return message


def test_as_it_was_sent() -> None:
    """The link in the email shows the same email: with the values of then, working links, and nothing that could act."""
    message = sent()
    html = mail.outbox[0].alternatives[0][0]
    address = Urls("view")(message.uuid, "")
    assert address in html
    type(message.contact).objects.update(first_name="Other")
    answer = Client().get(address)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Hello &lt;i&gt;Ann&lt;/i&gt;" in page
    for kind in ("unsubscribe", "preferences"):
        assert Urls(kind)(message.uuid, "http://testserver") in page
    assert "#confirm" in page
    assert "/confirm/" not in page
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "allow-scripts" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert not answer.cookies


def test_what_cannot_be_shown() -> None:
    """What was never sent is unknown; what was thrown away says so; other links are no good here."""
    message = sent()
    for kind in KINDS.keys() - {"view"}:
        assert Client().get(f"/journeys/view/{make_token(kind, message.uuid)}/").status_code == 404
    address = Urls("view")(message.uuid, "")
    Message.objects.update(emptied_at=NOW, context={}, merge={})
    gone = Client().get(address)
    assert gone.status_code == 410
    assert b"not kept any more" in gone.content
    Message.objects.update(state=Message.State.CANCELLED)
    assert Client().get(address).status_code == 404
    assert Client().post(address).status_code == 405
