"""Opens and clicks on the pages of the admin: numbers that lead to what they count, and lines that say why."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.reporting import rows
from wagtail_journeys.contacts import consent
from wagtail_journeys.emails.hit_models import Hit, Link
from wagtail_journeys.emails.models import Message, TemplateVersion
from wagtail_journeys.reporting.campaigns import Counted
from wagtail_journeys.reporting.statistics import campaign_url, report

pytestmark = pytest.mark.django_db

SHOP = "https://shop.example/chairs/"


class Crowd:
    """A campaign whose emails were read, by people and otherwise."""

    def __init__(self) -> None:
        self.campaign = rows.campaign()
        self.version = TemplateVersion.objects.create(
            template=rows.template(), number=1, html="", text="", created_at=rows.at(0)
        )
        self.shop = Link.objects.create(version=self.version, number=0, url=SHOP)
        self.varying = Link.objects.create(version=self.version, number=1, url="{{ event.url }}", varies=True)

    def message(self, who: Any, **fields: Any) -> Message:
        visit = rows.visit(rows.journey(self.campaign, who), "send", "passed")
        return rows.message(visit, who, version=self.version, marked_at=rows.at(0), **fields)

    def hit(self, message: Message, verdict: str, link: Link | None = None, *reasons: str) -> Hit:
        kind = "click" if link else "open"
        return Hit.objects.create(
            message=message, kind=kind, link=link, at=rows.at(5), verdict=verdict, reasons=list(reasons)
        )

    def own(self, message: Message, url: str) -> Link:
        return Link.objects.create(message=message, number=1_000, url=url, varies=True, origin=self.varying)


@pytest.fixture
def crowd() -> Crowd:
    crowd = Crowd()
    kim, max_ = rows.contact("kim@example.com"), rows.contact("max@example.com")
    first, again = crowd.message(kim, opened="human", clicked="human"), crowd.message(kim, clicked="human")
    other = crowd.message(max_, opened="automated", clicked="automated")
    crowd.message(rows.contact("ada@example.com"))
    crowd.hit(first, "human")
    for message in (first, first, again):
        crowd.hit(message, "human", crowd.shop)
    for _scan in range(4):
        crowd.hit(other, "automated", crowd.shop, "burst")
    crowd.hit(first, "human", crowd.own(first, "https://shop.example/a"))
    crowd.hit(other, "automated", crowd.own(other, "https://shop.example/b"))
    crowd.hit(other, "", crowd.shop)
    return crowd


def test_numbers_of_links_lead_to_their_contacts(crowd: Crowd, admin_client: Client) -> None:
    """Per link: contacts, and how often people and programs followed it; each number leads to as many rows."""
    page = admin_client.get(campaign_url("stats", crowd.campaign.pk))
    found = {line.url: line for line in page.context["report"].links}
    shop, varying = found[SHOP], found["{{ event.url }}"]
    assert (shop.contacts.value, shop.human, shop.automated) == (1, "3", "4")
    assert (varying.contacts.value, varying.human, varying.automated) == (1, "1", "1")
    assert SHOP in page.content.decode()
    behind = admin_client.get(shop.contacts.url)
    assert behind.context["items_count"] == 1
    assert f"Followed the link {SHOP}" in unescape(behind.content.decode())
    (row,) = next(row for row in page.context["report"].rows if row.place.step_id == "send").sent
    counted = {number.label: number for number in row["numbers"]}
    wanted = {
        "opened by people": 1,
        "opened in all": 2,
        "clicked by people": 2,
        "clicked in all": 3,
    }
    for label, value in wanted.items():
        assert counted[label].value == value
        assert admin_client.get(counted[label].url).context["items_count"] == value
    assert not Counted("link", "send", reason="https://elsewhere.example/").rows(crowd.campaign).exists()


def test_links_cost_one_statement(crowd: Crowd) -> None:
    """However many links were followed, the report costs what it costs without any."""
    taken = []
    for campaign in (rows.campaign("Empty"), crowd.campaign):
        report(campaign, None, None)
        with CaptureQueriesContext(connection) as statements:
            report(campaign, None, None)
        taken.append(len(statements))
    assert taken[0] == taken[1]


def page_of(client: Client, message: Message) -> str:
    return unescape(client.get(reverse("journeys_messages:inspect", args=[message.pk])).content.decode())


def test_a_message_tells_its_hits(crowd: Crowd, admin_client: Client) -> None:
    """Each open and click with who it is taken for and why; a link that is gone is said to be."""
    message = Message.objects.filter(clicked="automated").get()
    crowd.hit(message, "unknown", None, "proxy")
    page = page_of(admin_client, message)
    assert f"Followed the link {SHOP}" in page
    assert "a program" in page
    assert "Several links were followed within seconds." in page
    assert "A privacy service of the mail program loads pictures by itself." in page
    assert "not judged yet" in page
    Link.objects.filter(pk=crowd.shop.pk).delete()
    assert "A link that is gone was followed." in page_of(admin_client, message)


@pytest.mark.parametrize(
    ("purposes", "words"),
    [
        ((), "The contact has not agreed that opens and clicks are counted."),
        ((consent.CLICK_TRACKING,), "The contact has not agreed that opens are counted."),
        ((consent.OPEN_TRACKING,), "The contact has not agreed that clicks are counted."),
        ((consent.OPEN_TRACKING, consent.CLICK_TRACKING), "Nobody has opened it or followed a link so far"),
    ],
)
def test_why_there_is_nothing(
    purposes: tuple[str, ...], words: str, crowd: Crowd, admin_client: Client
) -> None:
    """Where nothing is counted, the page of the message says whether the contact has agreed to it."""
    message = Message.objects.get(contact__email="ada@example.com")
    for purpose in purposes:
        consent.record([message.contact_id], consent.purpose(purpose), "granted", "test", rows.at(0))
    assert words in page_of(admin_client, message)


def test_messages_are_found_by_what_was_done_with_them(crowd: Crowd, admin_client: Client) -> None:
    def shown(reaction: str) -> list[str]:
        response = admin_client.get(reverse("journeys_messages:index"), {"reaction": reaction})
        return sorted(message.contact.email.partition("@")[0] for message in response.context["object_list"])

    assert shown("opened") == ["kim"]
    assert shown("clicked") == ["kim", "kim"]
    assert shown("programs") == ["max"]
    assert shown("nothing") == ["ada"]


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("human", "Clicked a link in an email: “Guide mail”."),
        ("unknown", "Clicked a link in an email: “Guide mail”, perhaps by a program."),
        ("automated", "Clicked a link in an email: “Guide mail”, by a program."),
    ],
)
def test_the_timeline_says_who_it_was(verdict: str, words: str, admin_client: Client) -> None:
    """What a filter did is not told as if the contact had."""
    kim = rows.contact("kim@example.com")
    rows.event(kim, "email_clicked", properties={"verdict": verdict, "template_name": "Guide mail"})
    page = admin_client.get(reverse("journeys_contacts:inspect", args=[kim.pk])).content.decode()
    assert words in unescape(page)
