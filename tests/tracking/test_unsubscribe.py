from __future__ import annotations

import datetime
import uuid

import pytest
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from wagtail_journeys.checks import check_links
from wagtail_journeys.contacts import consent
from wagtail_journeys.contacts.models import ConsentEntry, ConsentState, Contact, Topic
from wagtail_journeys.emails.links import make_token, unsubscribe_url
from wagtail_journeys.emails.models import Message
from wagtail_journeys.tracking.pages import masked

pytestmark = pytest.mark.django_db

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
STOP = {"action": "stop"}
KEEP = {"action": "keep"}


def make_message(contact: Contact, topic: Topic | None, state: str = Message.State.SENT) -> Message:
    return Message.objects.create(
        contact=contact,
        topic=topic,
        address=contact.email,
        state=state,
        created_at=timezone.now(),
        step_id="step-1",
    )


@pytest.fixture
def contact(db):
    return Contact.objects.create(email="eva@example.org", locale="nl")


@pytest.fixture
def topic(db):
    return Topic.objects.create(name="Nieuwsbrief", slug="newsletter", description="Elke maand.")


@pytest.fixture
def message(contact, topic):
    consent.record([contact], topic, consent.GRANTED, "form", timezone.now() - datetime.timedelta(days=1))
    return make_message(contact, topic)


def link(message: Message) -> str:
    return unsubscribe_url(message.uuid, "")


def state(message: Message) -> str | None:
    rows = ConsentState.objects.filter(contact=message.contact, topic=message.topic)
    return rows.values_list("state", flat=True).first()


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_changes_nothing(method, message, client, inbox):
    """GET and HEAD, which scanners send by themselves, change nothing."""
    for _ in range(3):
        assert getattr(client, method)(link(message)).status_code == 200
    assert state(message) == "granted"
    assert inbox() == []


def test_page(message, client):
    """The page says in the contact's language what will end, for whom, and offers one button."""
    response = client.get(link(message), headers={"Accept-Language": "de"})
    page = response.content.decode()
    assert '<html lang="nl">' in page
    assert response.headers["Content-Language"] == "nl"
    assert "Nieuwsbrief" in page
    assert "Elke maand." in page
    assert "e…@example.org" in page
    assert "eva@example.org" not in page
    assert page.count("<button") == 1
    assert "<script" not in page


@pytest.mark.parametrize("body", [None, STOP, KEEP, ONE_CLICK])
def test_private(body, message, client):
    """No answer is cached, indexed, or passed on as a referrer; none sets a cookie or redirects."""
    response = client.get(link(message)) if body is None else client.post(link(message), body)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in response.headers["X-Robots-Tag"]
    assert not response.cookies


def test_unsubscribing(message, client, inbox):
    """The button ends the topic, writes it into the ledger with its wording, and tells the pipeline."""
    response = client.post(link(message), STOP)
    assert response.status_code == 200
    assert state(message) == "refused"
    entry = ConsentEntry.objects.order_by("-pk")[0]
    assert (entry.state, entry.source) == ("refused", "unsubscribe")
    assert entry.proof == {"message": str(message.uuid)}
    assert "Nieuwsbrief" in entry.wording
    (event,) = inbox()
    assert event["name"] == "consent_changed"
    assert event["contact_id"] == message.contact_id
    assert event["properties"] == {
        "topic": "newsletter",
        "state": "refused",
        "by": "unsubscribe",
        "message": str(message.uuid),
        "campaign": None,
        "step": "step-1",
    }


@pytest.mark.parametrize("encoding", ["multipart", "form"])
def test_one_click(encoding, message):
    """A mail program's one-click POST, in both encodings of RFC 8058, is answered plainly, without CSRF or redirect."""
    client = Client(enforce_csrf_checks=True)
    if encoding == "multipart":
        response = client.post(link(message), ONE_CLICK)
    else:
        response = client.post(
            link(message), "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded"
        )
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain")
    assert state(message) == "refused"


@pytest.mark.parametrize("body", [b"", b"\x00\xff", b"List-Unsubscribe", b"a=" + b"b" * 10_000])
def test_careless_one_click(body, message, client):
    """A mail program that gets the body of the one-click POST wrong unsubscribes all the same."""
    response = client.post(link(message), body, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 200
    assert state(message) == "refused"


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=" + "b" * 300, "application/json", "\x01"],
)
def test_hostile_post(content_type, message, client):
    """A body that cannot be parsed is no server error."""
    response = client.generic("POST", link(message), b"\x00--b\r\n" * 10, content_type=content_type)
    assert response.status_code in (200, 400)


def test_repeating(message, client, inbox):
    """Unsubscribing again changes nothing: one ledger entry, one event."""
    for body in (STOP, ONE_CLICK, STOP):
        assert client.post(link(message), body).status_code == 200
    assert ConsentEntry.objects.filter(state="refused").count() == 1
    assert len(inbox()) == 1


def test_queued_messages(message, contact, topic, client):
    """What is queued of that topic for that contact is called back; other topics, contacts and receipts are not."""
    other_topic = Topic.objects.create(name="Offers", slug="offers")
    other_contact = Contact.objects.create(email="jan@example.org")
    queued = make_message(contact, topic, Message.State.QUEUED)
    kept = [
        make_message(contact, other_topic, Message.State.QUEUED),
        make_message(contact, None, Message.State.QUEUED),
        make_message(other_contact, topic, Message.State.QUEUED),
    ]
    client.post(link(message), ONE_CLICK)
    queued.refresh_from_db()
    assert queued.state == Message.State.CANCELLED
    assert queued.reason
    assert {Message.objects.get(pk=row.pk).state for row in kept} == {Message.State.QUEUED}
    assert not ConsentState.objects.filter(contact=other_contact).exists()


def test_mistake(message, client, inbox):
    """After unsubscribing, the page offers to take it back; that is a consent with words and an event of its own."""
    page = client.post(link(message), STOP).content.decode()
    assert 'value="keep"' in page
    assert 'value="keep"' in client.get(link(message)).content.decode()
    response = client.post(link(message), KEEP)
    assert response.status_code == 200
    assert state(message) == "granted"
    assert [event["properties"]["state"] for event in inbox()] == ["refused", "granted"]
    client.post(link(message), STOP)
    assert state(message) == "refused"
    assert len(inbox()) == 3


def test_keeping_needs_a_mistake(message, contact, topic, client, inbox):
    """A link cannot subscribe anybody: it takes back only the refusal that was made with it."""
    client.post(link(message), KEEP)
    assert inbox() == []
    consent.record([contact], topic, consent.REFUSED, "admin", timezone.now())
    page = client.post(link(message), KEEP).content.decode()
    assert state(message) == "refused"
    assert 'value="keep"' not in page


def test_keeping_needs_the_same_link(message, contact, topic, client):
    """What somebody ended with one email cannot be taken back with another."""
    client.post(link(make_message(contact, topic)), ONE_CLICK)
    assert state(message) == "refused"
    page = client.post(link(message), KEEP).content.decode()
    assert state(message) == "refused"
    assert 'value="keep"' not in page


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "a" * 39,
        "a" * 3_000,
        "%00",
        "é",
        "..%2F..%2Fadmin",
        make_token("unsubscribe", uuid.UUID(int=7)),
        "-_" * 19,
    ],
    ids=range(8),
)
@pytest.mark.parametrize("body", [None, STOP, ONE_CLICK])
def test_unknown_link(token, body, client, db):
    """A link that is not ours, or whose message is gone, is a friendly 404 and never a redirect."""
    path = f"/journeys/unsubscribe/{token}/"
    response = client.get(path) if body is None else client.post(path, body)
    assert response.status_code == 404
    if "List-Unsubscribe" not in (body or {}) and "%2F" not in token:
        assert b"does not work any more" in response.content
        assert response.headers["Cache-Control"] == "no-store"


def test_tampered_link(message, client):
    """Changing a single character of a link makes it unknown."""
    token = link(message).rstrip("/").rpartition("/")[2]
    tampered = ("B" if token[5] != "B" else "C").join([token[:5], token[6:]])
    assert client.post(f"/journeys/unsubscribe/{tampered}/", STOP).status_code == 404
    assert state(message) == "granted"


def test_topic_is_gone(contact, client, inbox):
    """The link of a message without a topic says that there is nothing to end."""
    message = make_message(contact, None)
    assert client.get(link(message)).status_code == 200
    assert client.post(link(message), STOP).status_code == 200
    assert client.post(link(message), ONE_CLICK).status_code == 200
    assert inbox() == []
    assert not ConsentEntry.objects.exists()


@pytest.mark.parametrize("locale", ["", "xx", "tlh-klingon", "nl-BE", "en"])
def test_language_unknown(locale, message, client):
    """A contact whose language the site does not speak gets the page in the request's language."""
    Contact.objects.update(locale=locale)
    page = client.get(link(message), headers={"Accept-Language": "nl"}).content.decode()
    assert f'<html lang="{"en" if locale == "en" else "nl"}">' in page


def test_names_are_escaped(message, client):
    """A topic's name and description are text, whatever is in them."""
    Topic.objects.update(name="<b>News</b>", description="<script>1</script>")
    page = client.get(link(message)).content.decode()
    assert "<b>News</b>" not in page
    assert "<script>" not in page


def test_other_methods(message, client):
    """Other methods are refused."""
    assert client.put(link(message)).status_code == 405
    assert client.delete(link(message)).status_code == 405


def test_path(message):
    """The address in emails is the one that is served."""
    token = make_token("unsubscribe", message.uuid)
    assert link(message) == reverse("wagtail_journeys:unsubscribe", args=[token])


@pytest.mark.parametrize(
    ("address", "shown"), [("eva@example.org", "e…@example.org"), ("", ""), ("a@b@c.example", "a…@c.example")]
)
def test_masked(address, shown):
    """An address is shown so that only its owner recognises it."""
    assert masked(address) == shown


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [
        ({"SECURE_SSL_REDIRECT": True}, {"secure": True}),
        (
            {"SECURE_SSL_REDIRECT": True, "SECURE_PROXY_SSL_HEADER": ("HTTP_X_PROTO", "https")},
            {"HTTP_X_PROTO": "https"},
        ),
        ({"SECURE_SSL_REDIRECT": True, "SECURE_REDIRECT_EXEMPT": [r"^journeys/"]}, {}),
        ({"APPEND_SLASH": True}, {"without_slash": True}),
        ({}, {"HTTP_ACCEPT_LANGUAGE": "nl,de;q=0.5"}),
    ],
)
def test_one_click_is_never_redirected(wanted, sent, message, settings):
    """Where a site insists on HTTPS, slashes or a language in the address, the answer is there all the same, each time."""
    settings.MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", *settings.MIDDLEWARE]
    for name, value in wanted.items():
        setattr(settings, name, value)
    path = link(message).rstrip("/") if sent.pop("without_slash", False) else link(message)
    for _time in range(2):
        assert Client(enforce_csrf_checks=True).post(path, ONE_CLICK, **sent).status_code == 200
    assert state(message) == "refused"
    assert ConsentEntry.objects.filter(state="refused").count() == 1


def test_the_check_of_redirects(settings):
    """A site whose links would be redirected is warned."""

    def warned() -> str:
        return " ".join(found.msg for found in check_links())

    assert warned() == ""
    settings.SECURE_SSL_REDIRECT, settings.JOURNEYS_BASE_URL = True, "http://site.example"
    assert "SECURE_SSL_REDIRECT" in warned()
    settings.SECURE_REDIRECT_EXEMPT = [r"^journeys/"]
    assert warned() == ""
    settings.PREPEND_WWW = True
    assert "www." in warned()
    settings.JOURNEYS_BASE_URL = "https://www.site.example"
    assert warned() == ""
    with override_settings(ROOT_URLCONF="tests.tracking.prefixed_urls"):
        assert "i18n_patterns" in warned()
    with override_settings(ROOT_URLCONF="wagtail_journeys.urls"):
        assert "not included" in warned()
