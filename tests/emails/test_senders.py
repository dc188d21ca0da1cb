"""Addresses that emails may be from: the settings' own, and those whose owners have pressed a button."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from wagtail.models import Site

from tests.emails.making import NOW, Clock, OpenGate, make_contact, make_template, queue
from wagtail_journeys.emails import senders
from wagtail_journeys.emails.delivery import deliver
from wagtail_journeys.emails.models import Message
from wagtail_journeys.emails.traffic import SenderIdentity

pytestmark = pytest.mark.django_db

State = Message.State
ADD = reverse("wagtailsnippets_wagtail_journeys_senderidentity:add")
LIST = reverse("wagtailsnippets_wagtail_journeys_senderidentity:list")


@pytest.fixture(autouse=True)
def own(settings) -> None:
    settings.DEFAULT_FROM_EMAIL = "Lindehaag <post@lindehaag.example>"


def sent(template: Any, **fields: Any) -> str:
    """Who an email was from, or why it was not sent."""
    (message,) = queue(template, make_contact(), **fields)
    deliver(Clock(), OpenGate(), 10)
    message.refresh_from_db()
    return mail.outbox[-1].from_email if message.state == State.SENT else message.reason


def test_from_the_form_to_the_first_email(admin_client: Client, client: Client) -> None:
    """An editor adds a sender, its owner gets a link; looking at it changes nothing, the button does."""
    template = make_template(from_email="ann@elsewhere.example")
    assert "nobody has confirmed that address" in sent(template)

    response = admin_client.post(ADD, {"name": "Ann", "email": "Ann@elsewhere.example"}, follow=True)
    assert "got an email with a link" in unescape(response.content.decode())
    identity = SenderIdentity.objects.get()
    asked = mail.outbox[-1]
    assert asked.to == [identity.email]
    link = re.search(r"https?://[^/]+(/\S+)", asked.body)
    assert link is not None
    assert "waits for its owner" in admin_client.get(LIST).content.decode()

    assert "May emails be sent" in client.get(link[1]).content.decode()
    assert "nobody has confirmed" in sent(template)
    assert "You can close this page" in client.post(link[1]).content.decode()
    assert sent(template) == "Lindehaag <ann@elsewhere.example>"
    assert "confirmed" in admin_client.get(LIST).content.decode()


def test_links_that_are_good_for_nothing(client: Client, settings) -> None:
    """A forged link, one that is too old, and one of an address that was changed since."""
    identity = SenderIdentity.objects.create(name="Ann", email="ann@elsewhere.example")
    token = senders.make_token(identity)
    page = reverse("wagtail_journeys:sender", args=[token])
    assert client.get(page).status_code == 200
    assert client.get(reverse("wagtail_journeys:sender", args=[token[:-2] + "xx"])).status_code == 404
    SenderIdentity.objects.update(email="bob@elsewhere.example")
    assert client.post(page).status_code == 404
    identity.refresh_from_db()
    assert not identity.is_verified


def test_a_changed_address_is_asked_anew(admin_client: Client) -> None:
    """What was confirmed was another address; asking again is a button on the page of the sender."""
    identity = SenderIdentity.objects.create(name="Ann", email="ann@elsewhere.example", verified_at=NOW)
    edit = reverse("wagtailsnippets_wagtail_journeys_senderidentity:edit", args=[identity.pk])
    assert "Send the email again" not in admin_client.get(edit).content.decode()
    admin_client.post(edit, {"name": "Ann", "email": "anna@elsewhere.example"})
    identity.refresh_from_db()
    assert not identity.is_verified and identity.asked_at
    assert "Send the email again" in admin_client.get(edit).content.decode()
    admin_client.post(reverse("journeys_sender_ask", args=[identity.pk]))
    assert [message.to for message in mail.outbox] == [["anna@elsewhere.example"]] * 2
    admin_client.post(edit, {"name": "Ann", "email": "ann@lindehaag.example"})
    identity.refresh_from_db()
    assert identity.is_verified  # of the site's own domain: nobody is asked
    assert len(mail.outbox) == 2


def test_what_a_site_sends_from() -> None:
    """Its own default, else that for all sites, else what the settings name; only confirmed ones count."""
    template, site = make_template(), Site.objects.get(is_default_site=True)
    assert sent(template) == "Lindehaag <post@lindehaag.example>"
    everywhere = SenderIdentity.objects.create(name="All", email="all@b.example", is_default=True)
    assert sent(template) == "Lindehaag <post@lindehaag.example>"
    SenderIdentity.objects.filter(pk=everywhere.pk).update(verified_at=NOW)
    assert sent(template) == "All <all@b.example>"
    SenderIdentity.objects.create(
        name="Müller, Ann", email="ann@c.example", is_default=True, site=site, verified_at=NOW
    )
    assert "ann@c.example" in sent(template)
    assert sent(make_template(from_email="me@lindehaag.example")) == "Lindehaag <me@lindehaag.example>"


def test_one_default_for_each_site(admin_client: Client) -> None:
    """A second one, and the same address twice, are refused at the form."""
    SenderIdentity.objects.create(name="All", email="all@b.example", is_default=True, verified_at=NOW)
    again = {"name": "Again", "email": "other@b.example", "is_default": "on"}
    assert "Another sender is what this site sends from" in admin_client.post(ADD, again).content.decode()
    twice = {"name": "Twice", "email": "all@b.example"}
    assert "is a sender of this site already" in admin_client.post(ADD, twice).content.decode()
    assert SenderIdentity.objects.count() == 1


def test_a_test_is_not_sent_from_it_either(admin_client: Client, admin_user: Any) -> None:
    """Trying an email out is no way around the owner of the address."""
    template = make_template(from_email="ann@elsewhere.example")
    url = reverse("wagtailsnippets_wagtail_journeys_emailtemplate:test", args=[template.pk])
    response = admin_client.post(url, {"to": [admin_user.pk]})
    assert "nobody has confirmed that address" in unescape(response.content.decode())
    assert mail.outbox == []
