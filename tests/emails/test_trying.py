"""An email is looked at, checked and sent to colleagues before anybody gets it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core import mail
from django.test import Client
from django.urls import reverse
from wagtail.models import Locale, ModelLogEntry

from tests.emails.making import NOW, make_contact, make_template, text
from wagtail_journeys.emails import lint, trying
from wagtail_journeys.emails.composing import compose
from wagtail_journeys.emails.models import EmailTemplate, Message
from wagtail_journeys.events.models import Event
from wagtail_journeys.exceptions import TemplateError

pytestmark = pytest.mark.django_db


def user(name: str, *permissions: str, **fields: Any) -> Any:
    made = get_user_model().objects.create_user(name, f"{name}@example.com", "secret", **fields)
    made.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return made


def happened(contact: Any, name: str, **properties: Any) -> Event:
    return Event.objects.create(
        source="test",
        message_id=name,
        name=name,
        contact=contact,
        occurred_at=NOW,
        received_at=NOW,
        properties=properties,
    )


def test_read_as_a_contact_would() -> None:
    """With the contact's own values and its newest event of that name; what is missing stops it, as it would in earnest."""
    template = make_template(text("<p>{{ contact.first_name }}: {{ event.total }} of {{ event.what }}</p>"))
    ann = make_contact(email="ann@example.com", first_name="Ann <b>")
    happened(ann, "bought", total=3, what="apples")
    happened(ann, "looked", what="pears")

    shown = trying.read(template, trying.Reader.named("ANN@example.com", "bought"), NOW).html
    assert "Ann &lt;b&gt;: 3 of apples" in shown
    with pytest.raises(TemplateError, match="event.total"):
        trying.read(template, trying.Reader.named(str(ann.pk)), NOW)
    with pytest.raises(TemplateError, match="has no event “left”"):
        trying.read(template, trying.Reader.named("ann@example.com", "left"), NOW)
    with pytest.raises(TemplateError, match="There is no contact “bob”"):
        trying.Reader.named("bob")
    assert "‹total›" in trying.read(template, trying.Reader(), NOW).html


def form_data(**fields: str) -> dict[str, str]:
    return {
        "name": "A",
        "subject": "Hi",
        "body-count": "1",
        "body-0-type": "text",
        "body-0-order": "0",
        "body-0-deleted": "",
        "body-0-id": "",
        "body-0-value": '{"blocks": [{"key": "a", "text": "Dear {{ contact.first_name }}", "type": "unstyled", "depth": 0,'
        ' "inlineStyleRanges": [], "entityRanges": [], "data": {}}], "entityMap": {}}',
        "missing": "fail",
        **fields,
    }


def preview_page(template: EmailTemplate, client: Client, mode: str, **fields: str) -> str:
    url = reverse(EmailTemplate.snippet_viewset.get_url_name("preview_on_edit"), args=[template.pk])
    answer = client.post(url, form_data(**fields)).json()
    assert answer["is_valid"], answer
    return client.get(url, {"mode": mode}).content.decode()


def test_the_preview_is_for_whom_the_form_says(client: Client) -> None:
    """Typed beside the email, kept nowhere; who may not see contacts is not asked, and gets a made-up person."""
    template = make_template(text("<p>Hi</p>"))
    make_contact(email="ann@example.com", first_name="Annabel")
    rights = ["access_admin", "change_emailtemplate", "publish_emailtemplate"]
    client.force_login(user("editor", *rights, "view_contact"))
    assert "Dear Annabel" in preview_page(template, client, "html", preview_contact="ann@example.com")
    assert "There is no contact" in preview_page(template, client, "html", preview_contact="bob@example.com")
    client.force_login(user("writer", *rights))
    assert "Dear Ann<" in preview_page(template, client, "html", preview_contact="ann@example.com")


def test_the_preview_in_the_dark_and_its_checks(client: Client) -> None:
    template = make_template(text("<p>Hi</p>"))
    client.force_login(user("editor", is_superuser=True))
    assert "prefers-color-scheme: dark" in preview_page(template, client, "html")
    dark = preview_page(template, client, "dark")
    assert "prefers-color-scheme: dark)" not in dark and "@media all" in dark
    assert "no preheader" in preview_page(template, client, "checks")
    assert "no preheader" not in preview_page(template, client, "checks", preheader="Before all else")


def test_what_is_found() -> None:
    """Each finding names what to mend; an email in order has none."""
    Locale.objects.get_or_create(language_code="nl")
    template = make_template(
        text(
            '<p><a href="http://shop.example/">Shop</a> {{ contact.first_name }}</p>' + "<p>Words.</p>" * 9000
        ),
        subject="A subject of so many words that no telephone on earth would ever show all of them, {{ contact.name }}",
        compiled=False,
    )
    found = " ".join([*lint.of_content(compose(template)), *lint.of_template(template)])
    for words in ("KB", "The subject has", "no preheader", "http://shop.example/", "Dutch"):
        assert words in found
    fine = make_template(
        text("<p>Hi <a href='https://shop.example/'>shop</a></p>"), preheader="Hello", compiled=False
    )
    assert list(lint.of_content(compose(fine))) == []
    template.copy_for_translation(Locale.objects.get(language_code="nl")).save()
    assert "Dutch" in " ".join(lint.of_template(template))  # a draft is no translation yet
    EmailTemplate.objects.filter(locale__language_code="nl").update(live=True)
    assert list(lint.of_template(template)) == []


def test_a_test_goes_to_colleagues_and_counts_nowhere(client: Client) -> None:
    """The newest draft, marked; chosen among those who may use the admin; whom it is read as gets nothing."""
    template = make_template(text("<p>Dear {{ contact.first_name }}</p>"), subject="Old")
    template.subject = "New"
    template.save_revision()
    make_contact(email="ann@example.com", first_name="Annabel")
    editor = user("editor", "access_admin", "change_emailtemplate", "view_contact")
    user("visitor")
    boss = user("boss", "access_admin")
    client.force_login(editor)
    url = reverse(EmailTemplate.snippet_viewset.get_url_name("test"), args=[template.pk])
    page = client.get(url).content.decode()
    assert "boss@example.com" in page and "visitor@example.com" not in page

    answer = client.post(url, {"to": [editor.pk, boss.pk], "contact": "ann@example.com", "event": ""})
    assert answer.status_code == 302
    assert [(sent.to, sent.subject) for sent in mail.outbox] == [
        (["boss@example.com"], "[Test] New"),
        (["editor@example.com"], "[Test] New"),
    ]
    assert "Dear Annabel" in mail.outbox[0].body
    assert "List-Unsubscribe" not in mail.outbox[0].extra_headers
    assert Message.objects.count() == 0
    assert ModelLogEntry.objects.get(action="wagtail_journeys.test_send").data == {"number": 2}

    again = client.post(url, {"to": [], "contact": "nobody@example.com", "event": ""}).content.decode()
    assert "Choose at least one colleague." in again and "There is no contact" in again
    assert client.post(url, {"to": [get_user_model().objects.get(username="visitor").pk]}).status_code == 200
    assert len(mail.outbox) == 2
    client.force_login(boss)
    assert client.get(url).status_code == 302  # to the front page, with a word that it is not allowed


def test_the_list_says_which_languages_are_missing(client: Client) -> None:
    """In as many statements for three emails as for one."""
    dutch, _created = Locale.objects.get_or_create(language_code="nl")
    first = make_template(name="First")
    client.force_login(user("editor", is_superuser=True))
    url = reverse(EmailTemplate.snippet_viewset.get_url_name("list"))
    assert "missing: Dutch" in client.get(url).content.decode()
    translated = first.copy_for_translation(dutch)
    translated.live = True
    translated.save()
    shown = client.get(url).content.decode()
    assert "complete" in shown and "missing: Dutch" not in shown
