from __future__ import annotations

import copy
import datetime
import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.reporting import rows
from tests.reporting.test_campaign_numbers import lived
from tests.reporting.test_timeline import busy
from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.contacts.models import (
    ConsentEntry,
    ConsentState,
    Contact,
    Suppression,
    Topic,
    address_hash,
)
from wagtail_journeys.events.models import Event
from wagtail_journeys.reporting.campaigns import numbers
from wagtail_journeys.reporting.contact import plain
from wagtail_journeys.reporting.standing import standings
from wagtail_journeys.reporting.statistics import campaign_url
from wagtail_journeys.segments.models import Membership, Segment

pytestmark = pytest.mark.django_db


def page_of(client: Client, contact: Contact, **query: Any) -> str:
    response = client.get(reverse("journeys_contacts:inspect", args=[contact.pk]), query)
    assert response.status_code == 200
    return unescape(response.content.decode())


def stats_of(client: Client, campaign: Campaign, **query: Any) -> str:
    response = client.get(campaign_url("stats", campaign.pk), query)
    assert response.status_code == 200
    return response.content.decode()


# The contact page -----------------------------------------------------------------------------------------------------


def test_a_contact_about_whom_nothing_is_known(admin_client: Client) -> None:
    """Every part of an empty contact page says what would be there."""
    page = page_of(admin_client, Contact.objects.create(external_id="crm-1"))

    for words in (
        "Nothing has happened yet",
        "In no campaign now",
        "In no segment now",
        "neither yes nor no to any topic",
        "Nothing else is known yet",
        "no email address: no email can be sent",
    ):
        assert words in page


def test_who_the_contact_is(admin_client: Client) -> None:
    """The page shows names, ids, language, zone and attributes as somebody would write them."""
    who = rows.contact(
        "ada@example.com",
        first_name="Ada",
        last_name="Lovelace",
        external_id="user-7",
        locale="nl",
        time_zone="Europe/Amsterdam",
        attributes={"interests": ["walls", "roof"], "trial": False},
    )
    page = page_of(admin_client, who)

    for words in (
        "Ada Lovelace",
        "ada<wbr>@example.com",
        "user-7",
        "Europe/Amsterdam",
        "walls, roof",
        str(who.uuid),
    ):
        assert words in page
    assert "['walls'" not in page


@pytest.mark.parametrize(
    ("value", "written"),
    [(True, "yes"), (False, "no"), (None, "–"), (3, "3"), (["a", 1], "a, 1"), ({"a": 1}, '{\n "a": 1\n}')],
)
def test_attributes_in_words(value: object, written: str) -> None:
    """An attribute is shown without Python's brackets and quotes."""
    assert plain(value) == written


def test_a_suppressed_address_is_a_warning(admin_client: Client) -> None:
    """The page of a contact whose address is suppressed says so, with the reason."""
    who = rows.contact("ada@example.com")
    assert "is suppressed" not in page_of(admin_client, who)

    Suppression.objects.create(address_hash=address_hash("ADA@example.com"), reason="complaint")
    assert "This address is suppressed (complaint)" in page_of(admin_client, who)


def test_consents_with_their_source(admin_client: Client) -> None:
    """Each consent is shown with its newest state, since when, and where it was given."""
    who = rows.contact()
    topic = Topic.objects.create(name="Newsletter", slug="newsletter")
    said = {
        "wording": "No more",
        "wording_version": 7,
        "wording_hash": "ab" * 32,
        "proof": {"url": "https://x.org/form"},
    }
    for minute, source in ((0, "webinar form"), (5, "unsubscribe link")):
        ConsentEntry.objects.create(
            contact=who, topic=topic, state="refused", source=source, occurred_at=rows.at(minute), **said
        )
    ConsentState.objects.create(contact=who, topic=topic, state="refused", since=rows.at(5))
    response = admin_client.get(reverse("journeys_contacts:inspect", args=[who.pk]))

    (consent,) = response.context["summary"].consents
    assert (consent.entry.source, consent.state.since) == ("unsubscribe link", rows.at(5))
    page = response.content.decode()
    assert "2 Mar 2026, 10:05:00 CET" in page
    for proof in ("No more", "Version 7", "abababab", "form"):
        assert proof in page
    assert "paused until" not in page
    soon = timezone.now() + datetime.timedelta(days=3)
    Contact.objects.update(paused_until=soon, unsubscribed_at=rows.at(5))
    page = admin_client.get(reverse("journeys_contacts:inspect", args=[who.pk])).content.decode()
    assert "Emails are paused until" in page
    assert "Unsubscribed from everything on 2 Mar 2026" in page


def test_only_present_segments(admin_client: Client) -> None:
    """Segments that the contact has left are on the timeline, not among the present ones."""
    who = rows.contact()
    for name, left in (("Readers", None), ("Buyers", rows.at(5))):
        Membership.objects.create(
            segment=Segment.objects.create(name=name), contact=who, entered_at=rows.at(0), left_at=left
        )
    response = admin_client.get(reverse("journeys_contacts:inspect", args=[who.pk]))

    assert [m.segment.name for m in response.context["summary"].memberships] == ["Readers"]


@pytest.mark.parametrize(
    ("campaign", "journey", "why"),
    [
        ({"live": True}, {"due_at": rows.at(150)}, "Goes on in 2 h 30 min."),
        ({"live": True}, {"due_at": rows.at(-1)}, "Due: it goes on when a cluster looks at the queue."),
        ({"live": True}, {}, "Waits for something to happen."),
        ({"live": True, "state": "paused"}, {"due_at": rows.at(1)}, "The campaign is paused: nothing moves"),
        ({"live": False}, {"due_at": rows.at(1)}, "The campaign is not live: nothing moves"),
        ({"live": True}, {"due_at": rows.at(1), "attempts": 2}, "Failed 2 times: ValueError: no."),
    ],
)
def test_why_a_journey_waits(campaign: dict[str, Any], journey: dict[str, Any], why: str) -> None:
    """Each active journey says where it stands and why it has not gone on."""
    who = rows.contact()
    made = rows.journey(rows.campaign(**campaign), who, step_id="wait", **journey)
    made.visit_id = rows.visit(made, "wait", "", reason="ValueError: no").pk
    made.save()
    rows.journey(rows.campaign("Over"), who, state="completed")

    standing, _over = standings(who.pk, rows.at(0))
    assert standing.step.text == "wait 2 hours"
    assert standing.why.startswith(why)


def test_the_timeline_is_shown_with_its_zone(admin_client: Client) -> None:
    """Moments are shown in the reader's zone, and the zone is written beside them."""
    who = rows.contact()
    rows.event(who, "login")
    page = page_of(admin_client, who)

    assert "Monday 2 March 2026" in page
    assert re.search(r"<time datetime=\"2026-03-02T10:00:00\+01:00\">10:00:00 CET</time>", page)


def test_one_kind_and_older_entries(admin_client: Client) -> None:
    """The links of the timeline keep the kind chosen, and the next page goes on where the first one ends."""
    who = rows.contact()
    for minute in range(60):
        rows.event(who, "login", minute=minute)
        rows.event(who, "order_completed", minute=minute, properties={"number": minute})
    first = page_of(admin_client, who, kind="event")
    older = re.search(r'rel="next" href="\?(kind=event&before=([^"]+))"', first)
    assert older is not None

    second = page_of(admin_client, who, kind="event", before=older[2])
    assert "number: 35" in first and "number: 34" not in first
    assert "number: 34" in second and "number: 35" not in second
    assert "Nothing of this kind here" in page_of(admin_client, who, kind="email")


@pytest.mark.parametrize("query", [{"kind": "nonsense"}, {"before": "nonsense"}, {"before": "bnVsbA"}])
def test_a_made_up_address_shows_the_first_page(admin_client: Client, query: dict[str, str]) -> None:
    """What stands in the address and is not ours is passed over."""
    who = rows.contact()
    rows.event(who, "login")

    assert "Logged in." in page_of(admin_client, who, **query)


def test_names_are_text_and_nothing_else(admin_client: Client) -> None:
    """What visitors and editors wrote is shown as text, never as HTML."""
    evil = "<script>alert(1)</script>"
    who = rows.contact(first_name=evil, attributes={evil: evil})
    rows.event(who, evil[:100], properties={evil: evil})
    campaign = rows.campaign(evil)
    rows.message(rows.visit(rows.journey(campaign, who), "send"), who, subject=evil, reason=evil)
    response = admin_client.get(reverse("journeys_contacts:inspect", args=[who.pk]))

    assert evil not in response.content.decode()
    assert "&lt;script&gt;alert(1)" in response.content.decode()


def test_statements_of_the_contact_page(admin_client: Client) -> None:
    """The page of a contact with thousands of rows costs as many statements as that of one with a few: twenty at
    most, and Wagtail's own."""
    campaign = rows.campaign(live=True)
    small, large = busy(campaign), busy(campaign)
    for who in (small, large):
        rows.journey(campaign, who, step_id="wait")
    Event.objects.bulk_create(
        Event(
            source="test",
            message_id=f"bulk-{number}",
            name="order_completed",
            contact=large,
            occurred_at=rows.at(-number),
            received_at=rows.at(-number),
        )
        for number in range(3000)
    )
    for _ in range(30):
        journey = rows.journey(campaign, large)
        rows.message(rows.visit(journey, "send"), large)
    page_of(admin_client, small)
    taken = []
    for who in (small, large):
        with CaptureQueriesContext(connection) as statements:
            page_of(admin_client, who)
        taken.append([query["sql"] for query in statements if "wagtail_journeys" in query["sql"]])

    assert len(taken[0]) == len(taken[1]) <= 20


# Statistics -----------------------------------------------------------------------------------------------------------


def test_a_campaign_that_was_never_published(admin_client: Client) -> None:
    """Without a version there are no numbers, and the page says when there will be."""
    page = stats_of(admin_client, Campaign.objects.create(name="Draft"))

    assert "has never been published" in page


def test_a_campaign_that_nobody_entered(admin_client: Client) -> None:
    """An empty campaign shows its steps, noughts, and what it is waiting for."""
    page = stats_of(admin_client, rows.campaign())

    assert "Nobody has entered yet" in page
    assert "downloaded a document" in page
    assert "wait 2 hours" in page


def test_the_statistics_page_shows_the_numbers(admin_client: Client) -> None:
    """Tiles and table show exactly the numbers of the report."""
    campaign = lived()
    response = admin_client.get(campaign_url("stats", campaign.pk))
    report, counted = response.context["report"], numbers(campaign)

    assert [tile.value for tile in report.tiles] == list(counted.journeys.values())
    for row in report.rows:
        assert [number.value for number in row.numbers] == list(
            counted.steps[row.place.step_id].visits.values()
        )
    assert [row.place.step_id for row in report.rows] == ["wait", "if", "points", "send", "exit"]


def test_every_link_leads_to_as_many_rows(admin_client: Client) -> None:
    """Following the link behind each number shows as many rows as the number says (Q3)."""
    campaign = lived()
    report = admin_client.get(campaign_url("stats", campaign.pk)).context["report"]
    shown = [*report.tiles, *report.exits, *report.failures]
    for row in report.rows:
        shown += [*row.numbers, *row.arms, *row.messages]
    links = [number for number in shown if number.value]
    assert len(links) > 20

    for number in links:
        response = admin_client.get(number.url)
        assert response.context["items_count"] == number.value, number


def test_one_version(admin_client: Client) -> None:
    """Chosen by its number, a version shows its own numbers; one that does not exist is not found."""
    campaign = lived()
    second = rows.version(campaign)
    rows.journey(campaign, rows.contact(), on=second)

    report = admin_client.get(campaign_url("stats", campaign.pk), {"version": 2}).context["report"]
    assert report.tiles[0].value == 1
    assert "version=2" in report.tiles[0].url
    absent = admin_client.get(campaign_url("stats", campaign.pk), {"version": 9}, follow=True)
    assert absent.status_code == 404


def test_steps_taken_out_keep_their_numbers(admin_client: Client) -> None:
    """What contacts went through stays visible after the step was taken out of the campaign."""
    campaign = lived()
    graph = copy.deepcopy(rows.GRAPH)
    del graph["nodes"]["points"]
    graph["nodes"]["if"]["arms"]["yes"] = "send"
    rows.version(campaign, graph)
    report = admin_client.get(campaign_url("stats", campaign.pk)).context["report"]

    assert [row.place.step_id for row in report.rows] == ["wait", "if", "send", "exit"]
    (gone,) = report.gone
    assert (gone.words.text, gone.numbers[0].value) == ("points: increase by “5”", 1)


def test_a_step_whose_kind_is_gone(admin_client: Client) -> None:
    """A step of an app that was taken out is named as such; the page does not fail."""
    graph = copy.deepcopy(rows.GRAPH)
    graph["nodes"]["points"]["type"] = "fax"
    campaign = rows.campaign(graph=graph)

    assert "a step that cannot be read (fax)" in stats_of(admin_client, campaign)


def test_statements_of_the_statistics_page(admin_client: Client) -> None:
    """The page costs as many statements for a campaign with many journeys as for an empty one."""
    empty, full = rows.campaign("Empty"), lived()
    taken = []
    for campaign in (empty, full):
        stats_of(admin_client, campaign)
        with CaptureQueriesContext(connection) as statements:
            stats_of(admin_client, campaign)
        taken.append([query["sql"] for query in statements if "wagtail_journeys" in query["sql"]])

    assert len(taken[0]) == len(taken[1]) <= 12


def test_the_list_behind_a_number(admin_client: Client) -> None:
    """The list names the number, and each contact with its state and reason."""
    campaign = lived()
    page = unescape(
        admin_client.get(
            reverse("journeys_counted", args=[campaign.pk]), {"of": "skipped", "step": "send"}
        ).content.decode()
    )

    assert "Skipped at “send" in page
    assert "Not: language is “nl”." in page


@pytest.mark.parametrize("of", ["nonsense", "message-nonsense"])
def test_a_number_that_is_not_counted(admin_client: Client, of: str) -> None:
    """The list of a number that does not exist is not found."""
    url = reverse("journeys_counted", args=[rows.campaign().pk])

    assert admin_client.get(url, {"of": of}, follow=True).status_code == 404


def test_a_list_that_is_empty_meanwhile(admin_client: Client) -> None:
    """Where nobody is counted any more the list says that numbers move on."""
    url = reverse("journeys_counted", args=[rows.campaign().pk])

    assert "Numbers move on" in admin_client.get(url, {"of": "failed"}).content.decode()
