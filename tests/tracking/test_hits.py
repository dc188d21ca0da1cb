from __future__ import annotations

import datetime
import logging

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.emails.making import make_contact, make_template, text
from wagtail_journeys import db
from wagtail_journeys.contacts import consent
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.emails import links, settling
from wagtail_journeys.emails.hit_models import Hit, Link
from wagtail_journeys.emails.models import Message
from wagtail_journeys.emails.rewriting import TRAP
from wagtail_journeys.events.models import InboxItem
from wagtail_journeys.tracking import hits

pytestmark = pytest.mark.django_db

SHOP = "https://shop.example/chairs/?b=2&a=1"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
SITE = "https://site.example"


@pytest.fixture(autouse=True)
def nothing_left_over():
    hits._waiting.clear()
    yield
    hits._waiting.clear()


@pytest.fixture
def client() -> Client:
    return Client(headers={"User-Agent": FIREFOX}, REMOTE_ADDR="192.0.2.77")


@pytest.fixture
def contact() -> Contact:
    return make_contact()


def agree(contact: Contact, *, opens: bool = True, clicks: bool = True, state: str = "granted") -> None:
    for purpose, said in ((consent.OPEN_TRACKING, opens), (consent.CLICK_TRACKING, clicks)):
        if said:
            consent.record([contact], consent.purpose(purpose), state, "test", timezone.now())


@pytest.fixture
def message(contact: Contact) -> Message:
    """A message that was handed over an hour ago, with one counted link."""
    version = make_template(text("<p>Hi</p>")).versions.get()
    Link.objects.create(version=version, number=0, url=SHOP)
    Link.objects.create(version=version, number=1, url="{{ event.url }}", varies=True)
    sent = timezone.now() - datetime.timedelta(hours=1)
    return Message.objects.create(
        contact=contact,
        template=version.template,
        version=version,
        address=contact.email,
        state=Message.State.SENT,
        created_at=sent,
        marked_at=sent,
        settled_at=sent,
        context={"site": {"root_url": SITE}},
    )


def click_url(message: Message, number: int = 0) -> str:
    return links.HitUrls("click")(message.uuid, "", number)


def pixel_url(message: Message) -> str:
    return links.HitUrls("open")(message.uuid, "")


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_click_goes_on_and_is_kept(method: str, message: Message, client: Client) -> None:
    """The reader is where the link leads, nothing passes the address on, and who came by is kept without their address."""
    agree(message.contact)
    response = getattr(client, method)(click_url(message))
    assert (response.status_code, response.headers["Location"]) == (302, SHOP)
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert "no-store" in response.headers["Cache-Control"]
    assert "noindex" in response.headers["X-Robots-Tag"]
    assert not response.cookies
    hit = Hit.objects.get()
    assert (hit.message, hit.kind, hit.link.url) == (message, "click", SHOP)
    assert (hit.network, hit.agent, hit.verdict) == ("192.0.2.0/24", FIREFOX, "")
    assert hit.reasons == (["method"] if method == "head" else [])
    assert hit.judge_at > hit.at


def test_a_pixel_is_a_picture_for_everybody(message: Message, client: Client) -> None:
    """An open is kept; an address that nobody made gets the same picture and leaves nothing behind."""
    agree(message.contact)
    response = client.get(pixel_url(message))
    assert (response.status_code, response.headers["Content-Type"]) == (200, "image/gif")
    assert response.content.startswith(b"GIF89a")
    assert "no-store" in response.headers["Cache-Control"]
    assert client.get(pixel_url(message).replace("/o/", "/o/x")).content == response.content
    assert [hit.kind for hit in Hit.objects.all()] == ["open"]


@pytest.mark.parametrize(
    ("opens", "clicks", "state", "kept"),
    [
        (False, False, "granted", []),
        (True, False, "granted", ["open"]),
        (False, True, "granted", ["click", "trap"]),
        (True, True, "granted", ["click", "trap", "open"]),
        (True, True, "refused", []),
    ],
)
def test_consent_at_the_moment_of_the_click(
    opens: bool, clicks: bool, state: str, kept: list[str], message: Message, client: Client
) -> None:
    """Links of an email that was sent with consent go on working when it is taken back, and nothing is kept any more."""
    if state == "refused":
        agree(message.contact)
    agree(message.contact, opens=opens, clicks=clicks, state=state)
    assert client.get(click_url(message)).headers["Location"] == SHOP
    assert client.get(click_url(message, TRAP)).headers["Location"] == SITE
    assert client.get(pixel_url(message)).status_code == 200
    assert [hit.kind for hit in Hit.objects.order_by("pk")] == kept


@pytest.mark.parametrize("header", ["Sec-GPC", "DNT"])
def test_a_browser_that_objects(header: str, message: Message, client: Client) -> None:
    """Whatever the contact said once: a browser that objects is taken at its word."""
    agree(message.contact)
    assert client.get(click_url(message), headers={header: "1"}).status_code == 302
    assert not Hit.objects.exists()


def test_hostile_tokens(message: Message, contact: Contact, client: Client) -> None:
    """What we did not make leads nowhere: a page of the site says so, and never a redirect."""
    agree(contact)
    good = click_url(message)
    path, token = good.rpartition("/")[0], good.rpartition("/")[2]
    other_kind = pixel_url(message).rpartition("/")[2].removesuffix(".gif")
    varying = click_url(message, 1).rpartition("/")[2]
    no_such_link = click_url(message, 7).rpartition("/")[2]
    no_such_own = click_url(message, 1_000).rpartition("/")[2]
    unsubscribe = links.make_token("unsubscribe", message.uuid)
    for wrong in (
        token[:-1],
        token + "A",
        "A" * 42,
        "é" * 42,
        "evil.example",
        f"{token}?url=https://evil.example/",
        other_kind,
        varying,
        no_such_link,
        no_such_own,
        unsubscribe,
    ):
        response = client.get(f"{path}/{wrong}")
        if "?" in wrong:
            assert response.headers["Location"] == SHOP
            continue
        assert response.status_code == 404, wrong
        assert "Location" not in response.headers
        assert "does not work any more" in response.content.decode()
        assert "no-store" in response.headers["Cache-Control"]
    assert client.post(good).status_code == 405
    Link.objects.filter(number=0).update(url="javascript:alert(1)")
    assert client.get(good).status_code == 404
    Message.objects.all().delete()
    assert client.get(good).status_code == 404


def test_the_redirect_outlives_the_database(
    message: Message, client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the database refuses to write, the reader gets on all the same, and the click is kept with the next one."""
    agree(message.contact)

    def refuse(*args: object, **kwargs: object) -> None:
        raise OperationalError("disk full")

    with monkeypatch.context() as broken, caplog.at_level(logging.ERROR):
        broken.setattr(db, "insert_rows", refuse)
        assert client.get(click_url(message)).headers["Location"] == SHOP
        assert client.get(pixel_url(message)).status_code == 200
    assert not Hit.objects.exists()
    assert len(caplog.records) == 2
    assert client.get(click_url(message)).status_code == 302
    assert [hit.kind for hit in Hit.objects.order_by("pk")] == ["click", "open", "click"]


def test_a_database_that_is_away(message: Message, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody can say where a link leads, the page asks for a minute; the pixel stays a picture."""

    def away(*args: object) -> None:
        raise OperationalError("gone away")

    monkeypatch.setattr(hits, "target", away)
    response = client.get(click_url(message))
    assert (response.status_code, response.headers["Retry-After"]) == (503, "30")
    assert client.get(pixel_url(message)).status_code == 200


def test_a_flood_is_not_kept(message: Message, client: Client, settings) -> None:
    """Whoever follows one link for ever gets there every time, and fills no table."""
    settings.JOURNEYS_HIT_LIMIT = 3
    agree(message.contact)
    client.get(click_url(message))
    with CaptureQueriesContext(connection) as found:
        assert all(client.get(click_url(message)).status_code == 302 for _number in range(4))
    assert Hit.objects.count() == 3
    assert len(found) <= 4 * 2 + 2 * 3  # two questions each; the writes with their savepoints


def judged(message: Message) -> Message:
    settling.look(timezone.now() + datetime.timedelta(minutes=3))
    message.refresh_from_db()
    return message


def told() -> list[tuple[str, str]]:
    rows = InboxItem.objects.order_by("pk").values_list("payload", flat=True)
    return [(row["name"], row["properties"]["verdict"]) for row in rows]


def test_nothing_is_told_before_it_is_judged(message: Message, client: Client) -> None:
    """An open or a click becomes an event after the grace time, once, with who it was and why; then it is on the message."""
    agree(message.contact)
    client.get(pixel_url(message), headers={"User-Agent": ""})
    client.get(click_url(message))
    settling.look(timezone.now() + datetime.timedelta(seconds=60))
    assert told() == []
    assert (judged(message).opened, judged(message).clicked) == ("automated", "human")
    assert told() == [("email_opened", "automated"), ("email_clicked", "human")]
    payload = InboxItem.objects.order_by("pk").values_list("payload", flat=True)[1]
    assert payload["contact_id"] == message.contact_id
    assert payload["properties"]["message"] == str(message.uuid)
    assert payload["properties"]["url"] == SHOP
    client.get(pixel_url(message))
    assert judged(message).opened == "human"
    client.get(pixel_url(message), headers={"User-Agent": ""})
    assert judged(message).opened == "human"


def test_a_trap_makes_programs_of_its_company(message: Message, client: Client) -> None:
    """A scanner that follows every link is found out by the one that nobody sees, which is no event of its own."""
    agree(message.contact)
    for number in (0, TRAP):
        client.get(click_url(message, number))
    assert judged(message).clicked == "automated"
    assert told() == [("email_clicked", "automated")]
    assert set(Hit.objects.values_list("kind", "verdict")) == {("click", "automated"), ("trap", "automated")}


def test_judging_costs_the_same_for_many(contact: Contact, message: Message, client: Client) -> None:
    """Forty clicks are judged with as many statements as two."""
    agree(contact)
    counts = []
    for number in (2, 40):
        for _hit in range(number):
            client.get(click_url(message))
        with CaptureQueriesContext(connection) as found:
            assert settling.settle(timezone.now() + datetime.timedelta(minutes=3)) == number
        counts.append(len(found))
    assert counts[0] == counts[1]


def test_details_are_forgotten(message: Message, client: Client) -> None:
    """After a while nobody can tell where a click came from; that there was one, and by whom, stays."""
    agree(message.contact)
    client.get(click_url(message))
    judged(message)
    settling.forget(timezone.now() + datetime.timedelta(days=29))
    assert Hit.objects.get().agent == FIREFOX
    assert settling.forget(timezone.now() + datetime.timedelta(days=31)) == 1
    hit = Hit.objects.get()
    assert (hit.network, hit.agent, hit.verdict) == ("", "", "human")
