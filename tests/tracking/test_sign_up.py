from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from wagtail_journeys import pipeline
from wagtail_journeys.conf import conf
from wagtail_journeys.contacts import sign_ups, suppression, topics
from wagtail_journeys.contacts.models import ConsentEntry, ConsentState, Contact, Identity, Topic, TopicText
from wagtail_journeys.contacts.sign_up_models import SignUp
from wagtail_journeys.emails.links import KINDS, make_token
from wagtail_journeys.events.models import Event
from wagtail_journeys.tracking.sign_up_block import SignUpBlock

pytestmark = pytest.mark.django_db

FORM = "/journeys/sign-up/"
DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def news() -> Topic:
    topic = Topic.objects.create(name="News", slug="news", wording="Yes, the news")
    TopicText.objects.create(topic=topic, language="nl", name="Nieuws", wording="Ja, het nieuws")
    return topic


def fields(*shown: Topic, language: str = "en", **more: Any) -> dict[str, Any]:
    """What a browser sends that has got the form."""
    items = topics.worded(shown, language)
    return {
        "language": language,
        "offered": [item.topic.slug for item in items],
        "words": [f"{item.topic.slug}:{item.wording_hash}" for item in items],
        "topic": [item.topic.slug for item in items],
        "page": "http://testserver/en/guides/",
        "website": "",
        "email": "eva@example.org",
        **more,
    }


def deliver(now: datetime.datetime | None = None) -> list[str]:
    """The links in the emails that went out."""
    mail.outbox = []
    pipeline.deliver(now or timezone.now())
    return [re.search(r"https?://\S+/sign-up/confirm/\S+/", str(sent.body)).group() for sent in mail.outbox]


def path(link: str) -> str:
    return "/" + link.split("/", 3)[3]


def sign_up(client: Client | None = None, **posted: Any) -> Any:
    return (client or Client(enforce_csrf_checks=True)).post(FORM, posted)


def test_from_the_form_to_the_consent(news: Topic) -> None:
    """Nobody is a contact before the button behind the emailed link is pressed; then the ledger has words and proof."""
    client, anonymous = Client(enforce_csrf_checks=True, REMOTE_ADDR="81.2.69.77"), str(uuid.uuid4())
    client.cookies[conf.VISITOR_COOKIE] = anonymous
    answer = client.post(FORM, fields(news, language="nl", first_name="Eva"))
    assert (answer.status_code, answer.headers["Cache-Control"]) == (303, "no-store")
    assert '<html lang="nl">' in client.get(answer.headers["Location"]).content.decode()
    [link] = deliver()
    [question] = mail.outbox
    assert question.to == ["eva@example.org"]
    assert "Nieuws" in question.body
    assert question.alternatives[0][0].count(link) == 1
    assert not Contact.objects.exists()
    for method in ("get", "head"):
        looked = getattr(client, method)(path(link))
        assert looked.status_code == 200
        assert "noindex" in looked.headers["X-Robots-Tag"]
    assert "Ja, het nieuws" in client.get(path(link)).content.decode()
    assert not Contact.objects.exists()
    done = client.post(path(link))
    assert "/journeys/preferences/" in done.content.decode()
    contact = Contact.objects.get()
    assert (contact.email, contact.first_name, contact.locale) == ("eva@example.org", "Eva", "nl")
    entry = ConsentEntry.objects.get()
    assert (entry.state, entry.source, entry.wording) == ("granted", "sign_up", "Ja, het nieuws")
    assert entry.wording_hash == topics.text_hash("Ja, het nieuws")
    assert entry.wording_version == 1
    assert entry.proof["url"] == "http://testserver/en/guides/"
    assert entry.proof["network"] == "81.2.69.0/24"
    assert entry.proof["asked_at"] < entry.proof["confirmed_at"]
    pipeline.drain(timezone.now())
    assert Identity.objects.get(anonymous_id=anonymous).contact == contact
    assert set(contact.events.values_list("name", flat=True)) == {"email_confirmed", "consent_changed"}


def test_confirmed_once(news: Topic) -> None:
    """Who presses later, on another browser, changes nothing, is not identified and gets no way to the preferences."""
    sign_up(**fields(news))
    [link] = deliver()
    Client().post(path(link))
    second, other = Client(), str(uuid.uuid4())
    second.cookies[conf.VISITOR_COOKIE] = other
    answer = second.post(path(link)).content.decode()
    pipeline.drain(timezone.now())
    assert "preferences" not in answer
    assert not Identity.objects.filter(anonymous_id=other).exists()
    assert ConsentEntry.objects.count() == 1
    assert Event.objects.filter(name="email_confirmed").count() == 1


def test_links_that_are_no_good(news: Topic) -> None:
    """Too old, tampered with, of another kind, or thrown away: a friendly page, and nothing happens."""
    sign_up(**fields(news))
    row = SignUp.objects.get()
    token = make_token("opt_in", row.uuid)
    tampered = token[:7] + ("A" if token[7] != "A" else "B") + token[8:]
    wrong = [make_token(kind, row.uuid) for kind in KINDS if kind != "opt_in"]
    for bad in [*wrong, tampered, make_token("opt_in", uuid.UUID(int=7)), "x", "é", "a" * 3000]:
        for answer in (Client().get(f"{FORM}confirm/{bad}/"), Client().post(f"{FORM}confirm/{bad}/")):
            assert answer.status_code == 404, bad
    now = timezone.now()
    SignUp.objects.update(created_at=now - conf.SIGN_UP_DAYS * DAY)
    assert Client().post(f"{FORM}confirm/{token}/").status_code == 404
    assert sign_ups.purge(now) == 0
    SignUp.objects.update(created_at=now - conf.SIGN_UP_KEEP * DAY - DAY)
    assert sign_ups.purge(now) == 1
    assert not Contact.objects.exists()


def test_nobody_learns_who_is_known(news: Topic) -> None:
    """Known, unknown, suppressed, asked too often: the same answer. And one mailbox gets three questions a day at most."""
    Contact.objects.create(email="known@example.org")
    suppression.suppress("blocked@example.org", "complaint", "", timezone.now())
    answers = []
    for address in ("known@example.org", "new@example.org", "blocked@example.org", *["Many@example.org"] * 5):
        answer = sign_up(**fields(news, email=address))
        answers.append((answer.status_code, answer.headers["Location"], answer.content))
    assert len(set(answers)) == 1
    deliver()
    assert sorted(sent.to[0] for sent in mail.outbox) == [
        "known@example.org",
        *["many@example.org"] * 3,
        "new@example.org",
    ]
    assert SignUp.objects.get(address="blocked@example.org").state == "failed"
    later = timezone.now() + DAY
    SignUp.objects.update(created_at=timezone.now() - DAY)
    sign_up(**fields(news, email="many@example.org"))
    assert len(deliver(later)) == 1


def test_one_network_cannot_sign_up_everybody(news: Topic, settings: Any) -> None:
    """After so many in an hour its sign-ups wait; another network is not concerned, nor one that is a proxy's."""
    settings.JOURNEYS_SIGN_UP_NETWORK_LIMIT = 2
    codes = [
        Client(REMOTE_ADDR=f"81.2.69.{number}").post(FORM, fields(news, email=f"a{number}@x.org")).status_code
        for number in range(1, 4)
    ]
    assert codes == [303, 303, 429]
    assert Client(REMOTE_ADDR="81.2.70.1").post(FORM, fields(news)).status_code == 303
    assert [Client().post(FORM, fields(news, email=f"b{n}@x.org")).status_code for n in range(4)] == [303] * 4


def test_machines_and_mistakes(news: Topic) -> None:
    """A filled honeypot is thanked and forgotten. Mistakes are shown with what was typed, and nothing is taken."""
    assert sign_up(**fields(news, website="http://spam.example")).status_code == 303
    for wrong in (
        {"email": "<b>not-an-address"},
        {"email": ""},
        {"topic": []},
        {"topic": ["unknown"]},
        {"words": []},
        {"words": ["news:" + "0" * 64]},
        {"words": [":::", "news", "a" * 5000]},
        {"email": "a@b.c\r\nBcc: d@example.org"},
    ):
        answer = sign_up(**fields(news, **wrong))
        assert answer.status_code == 400, wrong
        page = answer.content.decode()
        assert "Yes, the news" in page
        assert "<b>not" not in page
    assert not SignUp.objects.exists()


def test_words_of_a_cached_page(news: Topic) -> None:
    """The form was cached with words that have been changed since: the consent is to those that were read."""
    posted = fields(news)
    topics.keep_wordings(topics.worded([news], "en"), timezone.now())
    Topic.objects.filter(pk=news.pk).update(wording="Yes, and everything else")
    assert sign_up(**posted).status_code == 303
    [link] = deliver()
    Client().post(path(link))
    assert ConsentEntry.objects.get().wording == "Yes, the news"


def test_without_confirmation(news: Topic) -> None:
    """A topic that asks for none is granted at once, but never to an address that has refused it: anybody may type it."""
    Topic.objects.update(double_opt_in=False)
    sign_up(**fields(news))
    assert ConsentState.objects.get().state == "granted"
    assert deliver() == []
    ConsentState.objects.update(state="refused")
    sign_up(**fields(news))
    assert ConsentState.objects.get().state == "refused"
    [link] = deliver()
    Client().post(path(link))
    assert ConsentState.objects.get().state == "granted"


def test_the_block_and_the_tag(news: Topic) -> None:
    """An editor's block and a template's tag show the same form: no script, no style, no cookie, no session."""
    Topic.objects.create(name="Hidden", slug="hidden", is_public=False)
    Topic.objects.create(name="Tips", slug="tips", sort_order=1)
    request = RequestFactory().get("/en/guides/")
    block = SignUpBlock()
    value = block.to_python({"heading": "<b>Stay</b>", "topics": ["news"], "ask_name": True, "button": "Go"})
    with CaptureQueriesContext(connection) as captured:
        html = block.render(value, {"request": request})
    assert len(captured) == 2
    assert "&lt;b&gt;Stay" in html
    assert 'type="hidden" name="topic" value="news"' in html
    assert 'name="first_name"' in html
    assert "style=" not in html
    tag = Template("{% load journeys %}{% journeys_sign_up %}").render(Context({"request": request}))
    assert tag.count('type="checkbox"') == 2
    assert "checked" not in tag
    assert "Hidden" not in tag
    sent = dict(re.findall(r'name="(\w+)" value="([^"]*)"', html))
    assert sign_up(**{**sent, "email": "eva@example.org"}).status_code == 303
    assert SignUp.objects.get().url == "http://testserver/en/guides/"
    assert Client().get(f"{FORM}?topic=news&language=nl").content.decode().count("Ja, het nieuws") == 1


def test_the_mail_server_is_away(news: Topic, settings: Any) -> None:
    """The question is tried again, and given up after enough tries; the others do not wait for the same mail server."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # nobody listens there
    settings.JOURNEYS_MAX_ATTEMPTS = 2
    sign_up(**fields(news))
    sign_up(**fields(news, email="ada@example.org"))
    now = timezone.now()
    pipeline.deliver(now)
    first, second = SignUp.objects.order_by("pk")
    assert (first.state, first.attempts) == (second.state, 1 - second.attempts) == ("queued", 1)
    for _look in range(4):
        now += datetime.timedelta(hours=1)
        pipeline.deliver(now)
    assert list(SignUp.objects.values_list("state", "attempts", "due_at")) == [("failed", 2, None)] * 2


def test_a_form_page_may_sign_people_up(form_page: Any, news: Topic) -> None:
    """The editor chooses topics; their boxes stand below the form, and a ticked one asks for a confirmation by email."""
    form_page.consent_topics.set([news])
    form_page.save_revision().publish()
    client = Client(REMOTE_ADDR="81.2.69.77")
    assert "Yes, the news" in client.get(form_page.url).content.decode()
    answers = {"email": "eva@example.org", "first_name": "Eva"}
    assert client.post(form_page.url, answers).status_code == 200
    assert not SignUp.objects.exists()
    assert client.post(form_page.url, {**answers, "journeys_consent_news": "on"}).status_code == 200
    [link] = deliver()
    assert not ConsentState.objects.exists()
    Client().post(path(link))
    entry = ConsentEntry.objects.get()
    assert (entry.source, entry.wording) == ("form", "Yes, the news")
    assert entry.proof["url"].endswith(form_page.url)
    assert entry.proof["network"] == "81.2.69.0/24"
    pipeline.drain(timezone.now())
    assert "journeys_consent_news" not in Contact.objects.get().attributes
