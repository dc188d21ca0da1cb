from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.reporting import rows
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.emails.archive import EXPLANATIONS
from wagtail_journeys.emails.kept import guarded
from wagtail_journeys.emails.models import Message, TemplateVersion

pytestmark = pytest.mark.django_db

LIST = reverse("journeys_messages:index")
HTML = """<!doctype html><html><head><title>Guide</title></head>
<body><h1>Hello {{ contact.first_name }}</h1><script>top.location = "/"</script></body></html>"""


@pytest.fixture
def version() -> TemplateVersion:
    return TemplateVersion.objects.create(
        template=rows.template(),
        number=3,
        subject="For {{ contact.first_name }}",
        html=HTML,
        text="Hello {{ contact.first_name }}",
        reply_to="reply@example.com",
        tags=["contact.first_name"],
        created_at=rows.at(0),
    )


def sent(contact: Contact, version: TemplateVersion, state: str = "sent", **fields: Any) -> Message:
    return rows.message(
        None,
        contact,
        state,
        version=version,
        template=version.template,
        context={"contact": {"first_name": "Ada"}, "site": {"root_url": "https://example.com"}},
        header_id="<1@example.com>",
        **fields,
    )


def page_of(client: Client, message: Message) -> str:
    response = client.get(reverse("journeys_messages:inspect", args=[message.pk]))
    assert response.status_code == 200
    return response.content.decode()


def shown(client: Client, **query: Any) -> list[Message]:
    response = client.get(LIST, query)
    assert response.status_code == 200
    return list(response.context["object_list"])


def test_an_empty_list_says_what_will_be_there(admin_client: Client) -> None:
    """Without messages the list explains itself."""
    assert "No messages yet" in admin_client.get(LIST).content.decode()


def test_filters(admin_client: Client, version: TemplateVersion) -> None:
    """Messages are found by state, campaign, template and contact."""
    ada, grace = rows.contact("ada@example.com", external_id="crm-1"), rows.contact("grace@example.com")
    campaign = rows.campaign()
    first = rows.message(rows.visit(rows.journey(campaign, ada), "send"), ada, "unknown")
    second = sent(grace, version)

    assert shown(admin_client) == [second, first]
    assert shown(admin_client, state="unknown") == [first]
    assert shown(admin_client, state=["unknown", "sent"]) == [second, first]
    assert shown(admin_client, campaign=campaign.pk) == [first]
    assert shown(admin_client, template=version.template.pk) == [second]
    for contact in ("ADA@example.com", "crm-1", str(ada.pk)):
        assert shown(admin_client, contact=contact) == [first], contact
    assert shown(admin_client, contact="nobody") == []
    assert shown(admin_client, q="grace@") == [second]


def test_statements_do_not_grow_with_the_list(admin_client: Client) -> None:
    """The list costs as many statements for forty messages as for two."""
    campaign, contact = rows.campaign(), rows.contact()
    taken = []
    admin_client.get(LIST)  # what a process looks up once
    for number in (2, 38):
        for _ in range(number):
            rows.message(rows.visit(rows.journey(campaign, contact), "send"), contact)
        with CaptureQueriesContext(connection) as statements:
            admin_client.get(LIST)
        taken.append(len(statements))

    assert taken[0] == taken[1]


@pytest.mark.parametrize("state", Message.State)
def test_every_state_is_explained(admin_client: Client, version: TemplateVersion, state: str) -> None:
    """Whatever has become of a message, the page says it in plain words, with the reason."""
    page = unescape(page_of(admin_client, sent(rows.contact(), version, state, reason="because of this")))

    assert str(EXPLANATIONS[Message.State(state)]) in page
    assert "because of this" in page


def test_an_uncertain_message_is_not_called_sent(admin_client: Client, version: TemplateVersion) -> None:
    """A message that nobody knows about is shown as perhaps sent, with why it is not sent again and how to find out."""
    page = unescape(page_of(admin_client, sent(rows.contact(), version, "unknown")))

    assert "perhaps sent" in page
    assert "not sent again by itself" in page
    assert "search it for the Message-ID" in page


def test_the_email_as_it_was_read(admin_client: Client, version: TemplateVersion) -> None:
    """The email is shown with the values it was sent with, whatever the contact is called today."""
    contact = rows.contact(first_name="Renamed")
    page = page_of(admin_client, sent(contact, version))

    assert "Hello Ada" in page
    assert "Hello Renamed" not in page
    assert "Guide mail, version 3" in page


def test_the_email_cannot_do_anything(admin_client: Client, version: TemplateVersion) -> None:
    """The email stands in a frame with an empty sandbox and a policy that forbids scripts."""
    page = page_of(admin_client, sent(rows.contact(), version))
    frame = re.search(r'<iframe[^>]*sandbox=""[^>]*srcdoc="([^"]*)"', page)
    assert frame is not None
    email = unescape(frame[1])

    assert email.index("Content-Security-Policy") < email.index("<title>")
    assert "default-src 'none'" in email
    assert "<script>" not in page.split("<iframe", 1)[1].split("</iframe>", 1)[0]


@pytest.mark.parametrize(
    "html", ["<p>Hello</p>", "<html><body>x</body></html>", '<HTML><HEAD lang="en"></HEAD></HTML>']
)
def test_the_policy_comes_before_everything(html: str) -> None:
    """Also an email without a head, or with an unusual one, gets its policy first."""
    found = guarded(html)

    assert found.index("Content-Security-Policy") < found.lower().index("<p>" if "<p>" in html else "</html>")
    assert found.lower().index("<head") < found.index("Content-Security-Policy")


def test_headers(admin_client: Client, version: TemplateVersion) -> None:
    """The headers tell sender, receiver, reply address and Message-ID."""
    message = sent(rows.contact("ada@example.com"), version)
    response = admin_client.get(reverse("journeys_messages:inspect", args=[message.pk]))
    headers = dict(response.context["headers"])

    assert headers["To"] == "ada@example.com"
    assert headers["Reply-To"] == "reply@example.com"
    assert headers["Message-ID"] == "<1@example.com>"
    assert "@" in headers["From"]


@pytest.mark.parametrize(
    ("state", "words"),
    [("queued", "It is rendered when its turn comes"), ("cancelled", "It was never rendered")],
)
def test_a_message_without_content(admin_client: Client, state: str, words: str) -> None:
    """A message that has not been rendered says so in place of its content."""
    assert words in page_of(admin_client, rows.message(None, rows.contact(), state))


def test_a_message_that_cannot_be_rendered(admin_client: Client, version: TemplateVersion) -> None:
    """Where a merge tag has no value the page says which one, and does not fail."""
    message = sent(rows.contact(), version)
    message.context = {}
    message.save()

    assert "first_name" in page_of(admin_client, message)


def test_statements_of_a_message(admin_client: Client, version: TemplateVersion) -> None:
    """A message costs one statement for itself, one for what was reported since, and one for its opens and clicks."""
    message = sent(rows.contact(), version)
    page_of(admin_client, message)
    with CaptureQueriesContext(connection) as statements:
        page_of(admin_client, message)

    assert len([query for query in statements if "wagtail_journeys" in query["sql"]]) == 3


def test_what_was_thrown_away(admin_client: Client, version: TemplateVersion) -> None:
    """The story ends with it, and the page says why there is nothing to read."""
    message = sent(rows.contact(), version)
    Message.objects.filter(pk=message.pk).update(emptied_at=rows.at(99), context={}, merge={})
    page = unescape(page_of(admin_client, message))
    assert "Its content was thrown away" in page
    assert "as long as this site keeps emails" in page


def test_reading_needs_a_permission_of_its_own(
    client: Client, version: TemplateVersion, django_user_model: Any
) -> None:
    """Who may see that something was sent may not by that read it."""
    reader = django_user_model.objects.create_user("reader", "reader@example.com", "x")
    reader.user_permissions.add(*Permission.objects.filter(codename__in=["access_admin", "view_message"]))
    client.force_login(reader)
    message = sent(rows.contact(), version)
    page = page_of(client, message)
    assert "srcdoc" not in page
    assert "Hello Ada" not in page
    assert "not read it" in page
    reader.user_permissions.add(Permission.objects.get(codename="view_message_body"))
    assert "srcdoc" in page_of(client, message)
