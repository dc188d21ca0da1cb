"""Opens and clicks of emails: what they set going, and what they do not."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.core import mail
from django.http import HttpResponse
from django.test import Client

from tests.scenarios.story import (
    Person,
    Story,
    did,
    on_event,
    send,
    until,
)
from wagtail_journeys.contacts import consent
from wagtail_journeys.emails import links
from wagtail_journeys.emails.rewriting import TRAP
from wagtail_journeys.models import Campaign, Hit, Message
from wagtail_journeys.tracking import hit_views

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
BODY = (
    '<p><a href="https://shop.example/chairs/">Chairs</a> <a href="https://shop.example/tables/">Tables</a>'
    ' <a href="https://shop.example/beds/">Beds</a></p>'
)


def clicked(**other: object) -> dict:
    value = {"did": "did", "action": "clicked", "step": "", "link": "", "machines": False, **other}
    return {"type": "this_email", "value": value}


class Reader:
    """Somebody, or something, with the newest email in front of it."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.client = Client(headers={"User-Agent": FIREFOX}, REMOTE_ADDR="192.0.2.77")

    def urls(self) -> list[str]:
        found = re.findall(r'(?:href|src)="([^"]*/[lo]/[^"]*)"', mail.outbox[-1].alternatives[0][0])
        return [unescape(url) for url in found]

    def links(self) -> list[str]:
        return [url for url in self.urls() if "/l/" in url and number_of(url) != TRAP]

    def follows(self, url: str, **headers: str) -> HttpResponse:
        return self.client.get("/" + url.split("/", 3)[3], headers=headers)

    def opens(self) -> None:
        (pixel,) = (url for url in self.urls() if "/o/" in url)
        assert self.follows(pixel).status_code == 200


def number_of(url: str) -> int:
    return links.read_hit_token(url.rpartition("/")[2])[2]


@pytest.fixture
def reader(story: Story, monkeypatch: pytest.MonkeyPatch) -> Reader:
    monkeypatch.setattr(hit_views.timezone, "now", lambda: story.now)
    return Reader(story)


def agreeing(story: Story, email: str) -> Person:
    person = story.contact(email)
    for purpose in (consent.OPEN_TRACKING, consent.CLICK_TRACKING):
        consent.record([person.contact], consent.purpose(purpose), "granted", "form", story.now)
    return person


def campaign(story: Story, *conditions: dict) -> Campaign:
    return story.campaign(
        "Catalogue",
        on_event("order_completed"),
        send(story.template("Catalogue", BODY)),
        until(
            *conditions,
            happened=[send(story.template("You looked"))],
            timed_out=[send(story.template("Reminder"))],
        ),
    )


def test_a_click_moves_the_journey_once_it_is_judged(story: Story, reader: Reader) -> None:
    """A person follows a link: the journey goes on after the grace time, and not before."""
    made = campaign(story, clicked())
    kim = agreeing(story, "kim@example.com")
    kim.did("order_completed")
    story.after(hours=1)
    assert reader.follows(reader.links()[0]).headers["Location"] == "https://shop.example/chairs/"
    story.after(seconds=60)
    assert kim.mails() == ["Catalogue"]
    story.after(seconds=61)
    assert kim.mails() == ["Catalogue", "You looked"]
    assert kim.path(made)[:2] == ["send_email:passed", "wait_condition:happened"]
    assert Message.objects.get(subject="Catalogue").clicked == "human"


def test_a_scanner_moves_nothing(story: Story, reader: Reader) -> None:
    """The filter of the receiver's company follows every link, at once and again later: the journey waits for a person."""
    campaign(story, clicked())
    kim = agreeing(story, "kim@example.com")
    kim.did("order_completed")
    reader.follows(reader.links()[0])  # a moment after the hand-over
    story.after(minutes=30)
    for url in [url for url in reader.urls() if "/l/" in url]:
        reader.follows(url)
    story.after(minutes=10)
    for url in reader.links():  # once more, without the trap: a burst
        reader.follows(url)
    story.after(minutes=10)
    assert kim.mails() == ["Catalogue"]
    assert set(Hit.objects.values_list("verdict", flat=True)) == {"automated"}
    assert Message.objects.get(subject="Catalogue").clicked == "automated"
    reader.follows(reader.links()[1])
    story.after(minutes=3)
    assert kim.mails() == ["Catalogue", "You looked"]


def test_an_open_moves_only_who_asked_for_it(story: Story, reader: Reader) -> None:
    """A wait for a click is not ended by an open; one for an open is, and only by a person unless machines count, too."""
    campaign(story, clicked())
    kim = agreeing(story, "kim@example.com")
    kim.did("order_completed")
    story.after(hours=1)
    reader.opens()
    story.after(minutes=3)
    assert kim.mails() == ["Catalogue"]
    campaign(story, clicked(action="opened"))
    max_ = agreeing(story, "max@example.com")
    max_.did("order_completed")
    story.after(hours=1)
    reader.follows([url for url in reader.urls() if "/o/" in url][0], **{"User-Agent": ""})
    story.after(minutes=3)
    assert max_.mails() == ["Catalogue", "Catalogue"]
    reader.opens()
    story.after(minutes=3)
    assert max_.mails() == ["Catalogue", "Catalogue", "You looked"]


def test_what_machines_do_is_nobodys_doing(story: Story, reader: Reader) -> None:
    """Wherever an event is named, opens and clicks are those of people, unless the property “verdict” says otherwise."""
    thanks, noticed = story.template("Thanks"), story.template("Noticed")
    started = story.campaign("By people", on_event("email_clicked"), send(thanks), frequency="every_time")
    verdict = [{"type": "item", "value": {"property": "verdict", "operator": "is", "value": "automated"}}]
    machines = story.campaign("By machines", on_event("email_clicked", properties=verdict), send(noticed))
    segment = story.segment("Clickers", did("email_clicked"))
    campaign(story, clicked())
    kim = agreeing(story, "kim@example.com")
    kim.did("order_completed")
    reader.follows(reader.links()[0], **{"User-Agent": "curl/8.0"})
    story.after(hours=1)
    assert (len(kim.journeys(started)), len(kim.journeys(machines))) == (0, 1)
    assert not segment.memberships.filter(left_at__isnull=True).exists()
    mail.outbox[:] = [message for message in mail.outbox if message.subject == "Catalogue"]
    reader.follows(reader.links()[0])
    story.after(minutes=3)
    assert (len(kim.journeys(started)), len(kim.journeys(machines))) == (1, 1)
    assert segment.memberships.filter(left_at__isnull=True).count() == 1


def test_a_consent_taken_back_counts_at_once(story: Story, reader: Reader) -> None:
    """Links of an email in somebody's inbox go on working; that they were followed is nobody's business any more."""
    campaign(story, clicked())
    kim = agreeing(story, "kim@example.com")
    kim.did("order_completed")
    story.after(hours=1)
    topic = consent.purpose(consent.CLICK_TRACKING)
    consent.record([kim.contact], topic, "refused", "preferences", story.now)
    assert reader.follows(reader.links()[0]).status_code == 302
    story.after(minutes=3)
    assert kim.mails() == ["Catalogue"]
    assert not Hit.objects.exists()
