from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.tracking.test_unsubscribe import make_message
from wagtail_journeys import pipeline
from wagtail_journeys.contacts import consent
from wagtail_journeys.contacts.models import ConsentEntry, ConsentState, Contact, Topic, TopicText, Wording
from wagtail_journeys.emails.links import KINDS, Urls, make_token, preferences_url
from wagtail_journeys.emails.models import Message

pytestmark = pytest.mark.django_db

Inbox = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def contact() -> Contact:
    return Contact.objects.create(email="eva@example.org", locale="nl")


@pytest.fixture
def news() -> Topic:
    topic = Topic.objects.create(name="News", slug="news", description="Every month", wording="Yes, the news")
    TopicText.objects.create(
        topic=topic, language="nl", name="Nieuws", description="Elke maand", wording="Ja, het nieuws"
    )
    return topic


@pytest.fixture
def tips() -> Topic:
    return Topic.objects.create(name="Tips", slug="tips", mode=Topic.Mode.OPT_OUT, sort_order=1)


@pytest.fixture
def message(contact: Contact, news: Topic) -> Message:
    return make_message(contact, news)


def link(message: Message) -> str:
    return Urls("preferences")(message.uuid, "")


def states(contact: Contact) -> dict[str, str]:
    return dict(ConsentState.objects.filter(contact=contact).values_list("topic__slug", "state"))


def save(message: Message, *chosen: str, **more: str) -> Any:
    shown = ["news", "tips"]
    return Client(enforce_csrf_checks=True).post(
        link(message), {"action": "save", "topic": chosen, "shown": shown, **more}
    )


def test_choosing(message: Message, contact: Contact, news: Topic, tips: Topic, inbox: Inbox) -> None:
    """The page says how things stand in the contact's language; saving changes what was changed, with words and proof."""
    page = Client().get(link(message)).content.decode()
    assert '<html lang="nl">' in page
    assert "e…@example.org" in page
    assert page.index("Nieuws") < page.index("Tips")
    assert page.count(" checked") == 1  # the opt-out one
    assert "<script" not in page
    waiting = make_message(contact, tips, Message.State.QUEUED)
    assert save(message, "news").status_code == 200
    assert states(contact) == {"news": "granted", "tips": "refused"}
    waiting.refresh_from_db()
    assert waiting.state == Message.State.CANCELLED
    granted = ConsentEntry.objects.get(state="granted")
    assert (granted.wording, granted.source) == ("Ja, het nieuws", "preferences")
    assert granted.wording_version == Wording.objects.get(topic=news).number
    assert granted.proof == {"message": str(message.uuid)}
    told = [(event["name"], event["properties"]["topic"]) for event in inbox()]
    assert told == [("consent_changed", "news"), ("consent_changed", "tips")]
    save(message, "news")
    assert ConsentEntry.objects.count() == 2
    assert len(inbox()) == 2


def test_being_counted_is_chosen_like_a_topic(message: Message, contact: Contact) -> None:
    """Whether opens and clicks are counted stands beside the topics, off until the contact ticks it, and ends as easily."""
    consent.purpose(consent.OPEN_TRACKING)
    clicks = consent.purpose(consent.CLICK_TRACKING)
    page = Client().get(link(message)).content.decode()
    assert TopicText.objects.get(topic=clicks, language="nl").name in page
    assert " checked" not in page
    mine = Contact.objects.filter(consent.allows(consent.CLICK_TRACKING, "pk"))
    shown = ["email_open_tracking", "email_click_tracking"]
    for chosen, counted in (([clicks.slug], 1), ([], 0)):
        Client().post(link(message), {"action": "save", "topic": chosen, "shown": shown})
        assert mine.count() == counted
    assert ConsentEntry.objects.filter(topic=clicks).exclude(wording="").count() == 2


def test_a_topic_that_was_not_shown_stays_as_it_is(message: Message, contact: Contact, tips: Topic) -> None:
    """It was made public while the page was open: not to have chosen it says nothing."""
    Client().post(link(message), {"action": "save", "topic": ["news"], "shown": ["news"]})
    assert states(contact) == {"news": "granted"}


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_changes_nothing(method: str, message: Message, tips: Topic, inbox: Inbox) -> None:
    """Scanners look; and nothing of the page is kept, found or passed on."""
    answer = getattr(Client(), method)(f"{link(message)}?action=stop")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert not answer.cookies
    assert inbox() == []
    assert not ConsentEntry.objects.exists()
    assert Contact.objects.get().unsubscribed_at is None


def test_pausing(message: Message, contact: Contact, inbox: Inbox) -> None:
    """Thirty days without marketing, and back again at once when the contact wants that."""
    client = Client()
    page = client.post(link(message), {"action": "pause"}).content.decode()
    contact.refresh_from_db()
    assert datetime.timedelta(days=29) < contact.paused_until - timezone.now() <= datetime.timedelta(days=30)
    assert 'value="resume"' in page
    held = make_message(contact, message.topic, Message.State.QUEUED)
    Message.objects.filter(pk=held.pk).update(capped_at=timezone.now(), due_at=contact.paused_until)
    assert 'value="pause"' in client.post(link(message), {"action": "resume"}).content.decode()
    contact.refresh_from_db()
    held.refresh_from_db()
    assert contact.paused_until is None
    assert held.due_at <= timezone.now()
    assert [event["name"] for event in inbox()] == ["emails_paused", "emails_resumed"]


def test_unsubscribing_from_everything(message: Message, contact: Contact, tips: Topic) -> None:
    """Every topic ends, later ones too, and what was queued is called back; but a receipt goes out. A topic that is chosen
    by name afterwards is sent again."""
    queued = [make_message(contact, tips, Message.State.QUEUED), make_message(contact, None, "queued")]
    Message.objects.filter(pk=queued[1].pk).update(ignores_topics=True)
    client = Client()
    for _time in range(2):
        assert client.post(link(message), {"action": "stop"}).status_code == 200
    assert states(contact) == {"news": "refused", "tips": "refused"}
    assert ConsentEntry.objects.count() == 2
    assert [Message.objects.get(pk=each.pk).state for each in queued] == ["cancelled", "queued"]
    later = Topic.objects.create(name="Later", slug="later", mode=Topic.Mode.OPT_OUT)
    assert consent.refused_contacts([contact.pk], later) == {contact.pk}
    save(message, "news")
    assert consent.refused_contacts([contact.pk], message.topic) == set()
    assert consent.refused_contacts([contact.pk], later) == {contact.pk}


def test_language(message: Message, contact: Contact) -> None:
    """The page and the emails speak the language that was chosen; others than the site's are not taken."""
    answer = save(message, language="en", language_shown="nl")
    assert '<html lang="en">' in answer.content.decode()
    contact.refresh_from_db()
    assert contact.locale == "en"
    save(message, language="tlh", language_shown="en")
    save(message, language="nl", language_shown="nl")  # not touched
    contact.refresh_from_db()
    assert contact.locale == "en"


def test_the_link_outlives_a_merge(message: Message, contact: Contact) -> None:
    kept = Contact.objects.create(email="eva@work.example")
    pipeline.merge(kept.pk, contact.pk, timezone.now())
    page = Client().get(link(message)).content.decode()
    assert "e…@work.example" in page


def test_a_link_for_somebody_who_is_logged_in(contact: Contact, news: Topic) -> None:
    """A site can link from an account page, without any message."""
    address = preferences_url(contact.uuid, "")
    Client().post(address, {"action": "save", "topic": ["news"], "shown": ["news"]})
    assert states(contact) == {"news": "granted"}
    assert ConsentEntry.objects.get().proof == {"contact": str(contact.uuid)}


def test_links_that_are_no_good(message: Message, contact: Contact, inbox: Inbox) -> None:
    """Of another kind, tampered with, made up, or of somebody who is gone: a friendly page, and nothing happens."""
    token = make_token("preferences", message.uuid)
    others = [make_token(kind, message.uuid) for kind in KINDS if kind not in ("preferences", "contact")]
    tampered = token[:9] + ("A" if token[9] != "A" else "B") + token[10:]
    made_up = [make_token("contact", uuid.UUID(int=7)), make_token("preferences", contact.uuid)]
    crossed = [make_token("contact", message.uuid)]
    for bad in [*others, tampered, *made_up, *crossed, "x", "a" * 3000, "é", "%00"]:
        for answer in (
            Client().get(f"/journeys/preferences/{bad}/"),
            Client().post(f"/journeys/preferences/{bad}/", {"action": "stop"}),
        ):
            assert answer.status_code == 404, bad
            assert answer.headers["Cache-Control"] == "no-store"
    for action in ("", "x", "save"):
        assert Client().post(link(message), {"action": action, "topic": ["nothing"]}).status_code == 200
    assert Client().put(link(message)).status_code == 405
    assert inbox() == []


def test_statements(message: Message) -> None:
    """The page costs the same for two topics and for forty."""
    counts = []
    for start in (0, 2):
        for number in range(start, start + 2 if start == 0 else 40):
            Topic.objects.create(name=f"T{number}", slug=f"t{number}")
        with CaptureQueriesContext(connection) as captured:
            Client().get(link(message))
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 5


def test_what_may_be_seen_is_asked_apart(message: Message, contact: Contact) -> None:
    """To be counted is a choice of its own, off at first; to get no emails any more does not touch it."""
    opens = consent.purpose(consent.OPEN_TRACKING)
    page = Client().get(link(message)).content.decode()
    assert page.count("<fieldset") == 2
    assert " checked" not in page
    shown = ["news", opens.slug]
    Client().post(link(message), {"action": "save", "topic": [opens.slug], "shown": shown})
    assert states(contact) == {opens.slug: "granted"}
    Client().post(link(message), {"action": "stop"})
    assert states(contact) == {opens.slug: "granted", "news": "refused"}
    Client().post(link(message), {"action": "save", "topic": [], "shown": shown})
    assert not Contact.objects.filter(consent.allows(consent.OPEN_TRACKING, "pk")).exists()
