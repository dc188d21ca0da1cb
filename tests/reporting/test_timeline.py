from __future__ import annotations

import itertools

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from wagtail.documents import get_document_model
from wagtail.models import Page

from tests.reporting import rows
from wagtail_journeys.calls.models import Call
from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.contacts.models import ConsentEntry, Contact, Topic
from wagtail_journeys.emails.models import Notice
from wagtail_journeys.events import catalogue
from wagtail_journeys.events.models import Event
from wagtail_journeys.journeys.models import Intervention, PendingEntry, Refusal
from wagtail_journeys.reporting.timeline import KINDS, Position, timeline
from wagtail_journeys.segments.models import Membership, Segment

pytestmark = pytest.mark.django_db


def texts(contact: Contact, **options: object) -> list[str]:
    return [entry.told.text for entry in timeline(contact.pk, **options).entries]


def whys(contact: Contact, **options: object) -> list[str]:
    return [entry.told.why for entry in timeline(contact.pk, **options).entries]


def guides() -> tuple[Page, Page]:
    home = Page.objects.get(depth=2)
    section = home.add_child(instance=Page(title="Guides"))
    return section, section.add_child(instance=Page(title="Warm walls"))


def busy(campaign: Campaign, events: int = 1) -> Contact:
    """A contact with at least one row in every table that the timeline reads."""
    who = rows.contact()
    topic, _created = Topic.objects.get_or_create(name="Newsletter", slug="newsletter")
    segment, _created = Segment.objects.get_or_create(name="Readers")
    _section, page = guides()
    for number in range(events):
        rows.event(who, "page_view", minute=number, page_id=page.pk)
        rows.event(who, "order_completed", minute=number, properties={"total": number})
    ConsentEntry.objects.create(
        contact=who, topic=topic, state="granted", source="form", occurred_at=rows.at(1)
    )
    Membership.objects.create(segment=segment, contact=who, entered_at=rows.at(2), left_at=rows.at(5000))
    PendingEntry.objects.create(
        campaign=campaign,
        contact=who,
        event_id=1 + who.pk,
        state="entered",
        created_at=rows.at(2),
        deadline=rows.at(32),
        decided_at=rows.at(6),
    )
    Refusal.objects.create(
        campaign=campaign,
        contact=who,
        reason="frequency",
        count=3,
        first_at=rows.at(1),
        last_at=rows.at(300),
    )
    journey = rows.journey(campaign, who, state="completed", entered=6, ended=130)
    rows.visit(journey, "wait", arrived=6, left=126)
    sent = rows.visit(journey, "send", arrived=126)
    rows.message(sent, who, created=127)
    Call.objects.create(
        visit=sent, contact=who, method="POST", url="x", host="x", state="done", created_at=rows.at(128)
    )
    Notice.objects.create(
        visit=sent, recipients="t@example.com", subject="x", text="x", created_at=rows.at(128)
    )
    Intervention.objects.create(
        journey=journey, version=journey.version, step_id="wait", action="moved", by="Ann", at=rows.at(126)
    )
    return who


def test_newest_first_and_causes_before_effects() -> None:
    """Entries run from the newest to the oldest; what one batch did at one moment is told in the order it happened."""
    campaign = rows.campaign()
    who = rows.contact()
    rows.event(who, "document_download", minute=5)
    journey = rows.journey(campaign, who, state="exited", reason="done", entered=5, ended=5)
    rows.message(rows.visit(journey, "points", arrived=5), who, created=5)
    rows.visit(journey, "exit", "exited", arrived=5)
    rows.event(who, "login", minute=4)

    assert texts(who) == [
        "Left the campaign “Welcome” before its end.",
        "Was sent the email “Your guide”.",
        "In “Welcome”, left at: exit: done.",
        "In “Welcome”, done: points: increase by “5”.",
        "Entered the campaign “Welcome”.",
        "Downloaded a document.",
        "Logged in.",
    ]


def test_a_download_names_the_document_and_the_section() -> None:
    """A download is told with the document's title, the page and the section of the site it was on."""
    _section, page = guides()
    document = get_document_model().objects.create(title="Insulation guide", file="guide.pdf")
    who = rows.contact()
    rows.event(who, "document_download", page_id=page.pk, document_id=document.pk)

    assert texts(who) == [
        "Downloaded a document: “Insulation guide”, on page “Warm walls”, in section “Guides”."
    ]


def test_a_page_view_names_the_page() -> None:
    """A page view is told with the page's title; a section's own page is not said to be in itself."""
    section, page = guides()
    who = rows.contact()
    rows.event(who, "page_view", minute=1, page_id=page.pk)
    rows.event(who, "page_view", minute=0, page_id=section.pk)

    assert texts(who) == ["Viewed a page: “Warm walls”, in section “Guides”.", "Viewed a page: “Guides”."]


def test_what_is_deleted_is_still_told() -> None:
    """Events on pages and documents that are gone stay on the timeline, with the title the event kept if it did."""
    who = rows.contact()
    rows.event(who, "page_view", minute=2, page_id=999_999)
    rows.event(who, "document_download", minute=1, document_id=999_999, properties={"title": "Old guide"})

    assert texts(who) == ["Viewed a page: on a deleted page.", "Downloaded a document: “Old guide”."]


def test_a_custom_event_shows_its_properties() -> None:
    """An event of the site's own is told by its name, with its properties below."""
    who = rows.contact()
    rows.event(who, "order_packed", properties={"order_id": "A-1", "total": 30, "coupon": None})

    assert texts(who) == ["“order_packed”."]
    assert whys(who) == ["order_id: A-1 · total: 30"]


def test_what_the_engine_recorded_is_told_once() -> None:
    """The engine's own events are left out: journeys, messages and consents tell the same themselves."""
    who = rows.contact()
    for name in (
        catalogue.JOURNEY_ENTERED,
        catalogue.JOURNEY_ENDED,
        catalogue.EMAIL_SENT,
        catalogue.CONSENT_CHANGED,
    ):
        rows.event(who, name)

    assert texts(who) == []


def test_segments_are_entered_and_left() -> None:
    """A stay in a segment is two entries: entered, and left with how long it was."""
    who = rows.contact()
    segment = Segment.objects.create(name="Readers")
    Membership.objects.create(segment=segment, contact=who, entered_at=rows.at(0), left_at=rows.at(125))

    assert texts(who) == ["Left the segment “Readers”.", "Entered the segment “Readers”."]
    assert whys(who) == ["Was in it for 2 h 5 min", ""]


@pytest.mark.parametrize(
    ("state", "decided", "reason", "text", "why"),
    [
        (
            "waiting",
            None,
            "",
            "Could enter the campaign “Welcome”, but does not match its filters yet.",
            "Tested again on every change until 10:30 CET",
        ),
        (
            "entered",
            4,
            "entered after 4 min",
            "Matched the filters of the campaign “Welcome” and entered after 4 min.",
            "",
        ),
        (
            "refused",
            4,
            "the contact is inside the campaign already",
            "Matched the filters of the campaign “Welcome” after 4 min, but was not let in.",
            "The contact is inside the campaign already.",
        ),
        (
            "gave_up",
            30,
            "gave up: not in segment “Readers”",
            "Gave up waiting for the filters of the campaign “Welcome” after 30 min.",
            "Gave up: not in segment “Readers”.",
        ),
    ],
)
def test_pending_entries(state: str, decided: int | None, reason: str, text: str, why: str) -> None:
    """What waits for the filters says until when; what was decided says after how long, and why (E3)."""
    who = rows.contact()
    PendingEntry.objects.create(
        campaign=rows.campaign(),
        contact=who,
        event_id=1,
        state=state,
        created_at=rows.at(0),
        deadline=rows.at(30),
        decided_at=None if decided is None else rows.at(decided),
        reason=reason,
    )

    assert (texts(who), whys(who)) == ([text], [why])


def test_refusals_are_counted() -> None:
    """Being refused three times for one reason is one entry with the count and since when."""
    who = rows.contact()
    Refusal.objects.create(
        campaign=rows.campaign(),
        contact=who,
        reason="frequency",
        count=3,
        first_at=rows.at(0),
        last_at=rows.at(60),
    )

    assert texts(who) == ["Was not let into the campaign “Welcome”."]
    assert whys(who) == [
        "The contact has been in the campaign as often as it allows. 3 times since 2 Mar 2026."
    ]


def test_consent_says_where_it_was_given() -> None:
    """A consent is told with its source and the words agreed to."""
    who = rows.contact()
    topic = Topic.objects.create(name="Newsletter", slug="newsletter")
    for minute, state in enumerate(["granted", "refused"]):
        ConsentEntry.objects.create(
            contact=who,
            topic=topic,
            state=state,
            source="form",
            wording="Yes please",
            occurred_at=rows.at(minute),
        )

    assert texts(who) == ["Does not want “Newsletter” any more.", "Agreed to get “Newsletter”."]
    assert whys(who) == ["Source: form · “Yes please”"] * 2


def test_visits_say_what_was_decided_and_why() -> None:
    """Each visit is told in the step's sentence, with the way out taken and the reason of a skip or a failure."""
    campaign = rows.campaign()
    who = rows.contact()
    journey = rows.journey(campaign, who, due_at=rows.at(300))
    rows.visit(journey, "wait", arrived=0, left=120)
    rows.visit(journey, "if", arm="yes", arrived=130)
    rows.visit(journey, "points", "skipped", arrived=140, reason="not: language is “nl”")
    rows.visit(journey, "send", "failed", arrived=150, reason="KeyError: points")
    last = rows.visit(journey, "exit", "", arrived=160)
    journey.visit_id = last.pk
    journey.save()

    assert texts(who, kinds=["step"]) == [
        "In “Welcome”, is here now: exit: done.",
        "In “Welcome”, failed: send “…”.",
        "In “Welcome”, skipped: points: increase by “5”.",
        "In “Welcome”, done: if language is “nl” → Yes.",
        "In “Welcome”, done: wait 2 hours.",
    ]
    assert whys(who, kinds=["step"]) == [
        "Goes on at 2 Mar 2026, 15:00 CET.",
        "KeyError: points.",
        "Not: language is “nl”.",
        "",
        "Was there for 2 h.",
    ]


def test_a_visit_left_open_by_a_journey_that_ended() -> None:
    """A contact taken out of a campaign from outside is not said to be at its last step still."""
    who = rows.contact()
    journey = rows.journey(rows.campaign(), who, state="exited", reason="the campaign has ended")
    rows.visit(journey, "wait", "")

    assert texts(who, kinds=["step"]) == ["In “Welcome”, was here when the journey ended: wait 2 hours."]


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ("sent", "Was sent the email “Your guide”."),
        ("unknown", "The email “Your guide” was perhaps sent."),
        ("cancelled", "The email “Your guide” was not sent."),
        ("queued", "The email “Your guide” is queued."),
    ],
)
def test_messages_say_why(state: str, text: str) -> None:
    """A message is told with its state in plain words and the reason."""
    who = rows.contact()
    rows.message(None, who, state, reason="the address is suppressed")

    assert (texts(who), whys(who)) == ([text], ["The address is suppressed."])


def test_another_contact_is_not_told_about() -> None:
    """Nothing of one contact is on the timeline of another."""
    campaign = rows.campaign()
    busy(campaign)

    assert texts(rows.contact()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_only_one_kind(kind: str) -> None:
    """Asked for one kind, the timeline holds that kind alone, and something of it."""
    who = busy(rows.campaign())
    entries = timeline(who.pk, kinds=[kind]).entries

    assert {entry.kind for entry in entries} == {kind}


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pages_join_without_gap_or_repetition(size: int) -> None:
    """The pages of any size, put together, are the whole timeline: also where many things share one moment."""
    campaign = rows.campaign()
    who = busy(campaign, events=4)
    for _ in range(3):
        journey = rows.journey(campaign, who, state="exited", entered=3, ended=3)
        rows.visit(journey, "wait", arrived=3)
        rows.event(who, "login", minute=3)
    whole = [entry.position for entry in timeline(who.pk, limit=1000).entries]
    pages = []
    cursor = None
    for _ in itertools.repeat(None, len(whole) + 1):
        page = timeline(who.pk, cursor=cursor, limit=size)
        pages += [entry.position for entry in page.entries]
        if not page.older:
            break
        cursor = Position.unpack(page.older)

    assert pages == whole
    assert len(set(whole)) == len(whole) > 20
    assert whole == sorted(whole, reverse=True)


@pytest.mark.parametrize("packed", ["", "x", "bm90IGpzb24", "WyJ5ZXN0ZXJkYXkiLDEsMl0"])
def test_a_made_up_cursor_shows_the_first_page(packed: str) -> None:
    """A position that we did not pack is none."""
    assert Position.unpack(packed) is None


def test_statements_do_not_grow_with_the_contact() -> None:
    """A page of the timeline costs as many statements for a contact with 2 events as for one with 2,000."""
    campaign = rows.campaign()
    small, large = busy(campaign), busy(campaign)
    _section, page = guides()
    Event.objects.bulk_create(
        Event(
            source="test",
            page_id=page.pk,
            message_id=f"bulk-{number}",
            name="page_view",
            contact=large,
            occurred_at=rows.at(number),
            received_at=rows.at(number),
        )
        for number in range(2000)
    )
    timeline(small.pk)  # the sentences of the campaign's steps are kept from here on
    taken = []
    for who in (small, large):
        with CaptureQueriesContext(connection) as statements:
            timeline(who.pk, limit=200)
        taken.append(len(statements))

    assert taken[0] == taken[1] <= 12
