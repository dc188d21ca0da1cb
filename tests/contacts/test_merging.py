from __future__ import annotations

import datetime

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import ModelLogEntry

from tests.emails.making import make_template, make_topic, queue
from tests.reporting import rows
from wagtail_journeys import pipeline
from wagtail_journeys.contacts import consent
from wagtail_journeys.contacts.models import ConsentState, Contact, Identity
from wagtail_journeys.emails.models import Message
from wagtail_journeys.events.inbox import Incoming, accept
from wagtail_journeys.events.models import Event, InboxItem
from wagtail_journeys.journeys.models import Journey, Refusal, Visit
from wagtail_journeys.segments.models import Membership, Segment

pytestmark = pytest.mark.django_db

NOW = rows.at(600)


@pytest.fixture
def pair() -> tuple[Contact, Contact]:
    return (
        rows.contact("kept@example.com", first_name="Kim", attributes={"plan": "pro", "a": 1}, points=2),
        rows.contact(
            "gone@example.com",
            external_id="user-7",
            first_name="K.",
            last_name="Smit",
            attributes={"plan": "free", "b": 2},
            points=3,
        ),
    )


def happened(who: Contact, number: int) -> Event:
    return Event.objects.create(
        source="test",
        message_id=f"{who.pk}-{number}",
        name="seen",
        contact=who,
        occurred_at=NOW,
        received_at=NOW,
    )


def test_the_contact_that_stays_says_what_it_said_and_learns_the_rest(pair):
    """Its own values stay, gaps are filled, points are added up, and the other contact is gone."""
    kept, gone = pair
    assert pipeline.merge(kept.pk, gone.pk, NOW)
    contact = Contact.objects.get()
    assert (contact.pk, contact.email, contact.external_id) == (kept.pk, "kept@example.com", "user-7")
    assert (contact.first_name, contact.last_name, contact.points) == ("Kim", "Smit", 5)
    assert contact.attributes == {"plan": "pro", "a": 1, "b": 2}


def test_everything_moves(pair):
    """Events, browsers, messages, and events still on their way belong to the contact that stays."""
    kept, gone = pair
    happened(gone, 1)
    Identity.objects.create(anonymous_id="browser-1", contact=gone, since=NOW, evidence="login")
    queue(make_template(), gone, topic=make_topic())
    accept(Incoming("test", "later", NOW, contact_id=gone.pk), NOW)
    pipeline.merge(kept.pk, gone.pk, NOW)
    assert InboxItem.objects.get().payload["contact_id"] == kept.pk
    pipeline.drain(NOW)
    owners = [model.objects.values_list("contact", flat=True) for model in (Event, Identity, Message)]
    assert [set(found) for found in owners] == [{kept.pk}] * 3
    assert Event.objects.count() == 2


def test_a_campaign_in_which_both_are_goes_on_once(pair):
    """The journey of the contact that goes ends with that reason, its email is called back, and both stay counted."""
    kept, gone = pair
    campaign = rows.campaign()
    mine = rows.journey(campaign, kept, active_key="")
    other = rows.journey(campaign, gone, active_key="")
    Journey.objects.update(entry_key="once")
    visit = rows.visit(other, "send", outcome="", left=None)
    (message,) = queue(make_template(), gone, topic=make_topic(), visit=visit.pk)
    pipeline.merge(kept.pk, gone.pk, NOW)
    mine.refresh_from_db()
    other.refresh_from_db()
    message.refresh_from_db()
    assert (mine.state, mine.entry_key) == ("active", "once")
    assert (other.state, other.ended_at, other.due_at) == ("exited", NOW, None)
    assert other.entry_key == f"merged:{other.pk}"
    assert other.contact == mine.contact == kept
    assert Visit.objects.get().outcome == "exited"
    assert message.state == Message.State.CANCELLED


def test_a_campaign_in_which_one_was_goes_on(pair):
    """A journey without a twin goes on for the contact that stays."""
    kept, gone = pair
    journey = rows.journey(rows.campaign(), gone, active_key="")
    pipeline.merge(kept.pk, gone.pk, NOW)
    journey.refresh_from_db()
    assert (journey.state, journey.contact) == ("active", kept)


def test_segments_of_both(pair):
    """A segment in which both were has the one contact once; one in which only the other was keeps them."""
    kept, gone = pair
    both, one = (Segment.objects.create(name=name, kind="static") for name in ("Both", "One"))
    for segment, who in ((both, kept), (both, gone), (one, gone)):
        Membership.objects.create(segment=segment, contact=who, entered_at=rows.START)
    pipeline.merge(kept.pk, gone.pk, NOW)
    inside = Membership.objects.filter(left_at=None).values_list("segment__name", "contact")
    assert sorted(inside) == [("Both", kept.pk), ("One", kept.pk)]


@pytest.mark.parametrize(
    ("mine", "other", "expected"),
    [
        (("granted", 1), ("refused", 2), "refused"),
        (("granted", 2), ("refused", 1), "granted"),
        (("granted", 1), ("refused", 1), "refused"),
        (("refused", 1), ("granted", 1), "refused"),
        (("granted", 1), ("granted", 1), "granted"),
        (None, ("granted", 1), "granted"),
        (("refused", 1), None, "refused"),
    ],
)
def test_the_newest_word_on_a_topic_counts(mine, other, expected, pair):
    """Of two consents the newer one decides, and of two of one moment the refusal; the ledger keeps all entries."""
    topic = make_topic()
    given = [(who, said) for who, said in zip(pair, (mine, other), strict=True) if said]
    for who, (state, day) in given:
        consent.record([who], topic, state, "test", rows.START + datetime.timedelta(days=day))
    pipeline.merge(pair[0].pk, pair[1].pk, NOW)
    assert ConsentState.objects.get().state == expected
    assert pair[0].consent_entries.count() == len(given)


def test_refusals_of_one_reason_are_added_up(pair):
    """A campaign that turned both away has turned the one contact away as often as both."""
    campaign = rows.campaign()
    for who, times, reason in ((pair[0], 2, "filters"), (pair[1], 3, "filters"), (pair[1], 1, "consent")):
        Refusal.objects.create(
            campaign=campaign, contact=who, reason=reason, count=times, first_at=NOW, last_at=rows.at(times)
        )
    pipeline.merge(pair[0].pk, pair[1].pk, NOW)
    found = Refusal.objects.order_by("reason").values_list("contact", "reason", "count", "last_at")
    assert list(found) == [
        (pair[0].pk, "consent", 1, rows.at(1)),
        (pair[0].pk, "filters", 5, rows.at(3)),
    ]


def test_merging_costs_the_same_whatever_there_is(pair):
    """Ten or two hundred events and journeys take equally many statements."""
    counts = []
    for amount in (10, 200):
        gone = rows.contact()
        for number in range(amount):
            happened(gone, number)
            rows.journey(rows.campaign() if number < 3 else Journey.objects.last().campaign, gone)
        with CaptureQueriesContext(connection) as captured:
            pipeline.merge(pair[0].pk, gone.pk, NOW)
        counts.append(len(captured))
    assert counts[0] == counts[1]
    assert pair[0].events.count() == 210


@pytest.mark.parametrize("which", ["itself", "gone already"])
def test_nothing_to_merge(which, pair):
    """A contact is not merged with itself, and not with one that is gone."""
    kept, gone = pair
    assert not pipeline.merge(kept.pk, kept.pk if which == "itself" else 999_999, NOW)
    assert Contact.objects.count() == 2


def test_the_admin_shows_first_and_merges_after(admin_client: Client, admin_user, pair):
    """The page shows both and the numbers and changes nothing; the confirmation merges, and the log says who did."""
    kept, gone = pair
    happened(gone, 1)
    url = reverse("journeys_contact_merge", args=[kept.pk])
    page = admin_client.get(url, {"with": " GONE@example.com"}).content.decode()
    assert "gone@example.com" in page
    assert "<dt>Events</dt><dd>1</dd>" in page
    assert Contact.objects.count() == 2
    response = admin_client.post(url, {"gone": gone.pk}, follow=True)
    assert "gone@example.com” is now part of “kept@example.com" in response.content.decode()
    entry = ModelLogEntry.objects.get(action="wagtail_journeys.merge_contact")
    assert (entry.user, entry.object_id, entry.data) == (
        admin_user,
        str(kept.pk),
        {"contact": str(gone.uuid)},
    )


def test_who_is_not_found_is_said(admin_client: Client, pair):
    """A contact cannot be found as its own other half, and who does not exist is not found."""
    url = reverse("journeys_contact_merge", args=[pair[0].pk])
    for value in ("kept@example.com", "nobody@example.com", str(pair[0].pk)):
        assert (
            "There is no other contact like that." in admin_client.get(url, {"with": value}).content.decode()
        )


def test_merging_needs_a_permission_of_its_own(client: Client, django_user_model, pair):
    """Who may change contacts may not merge them by that; the permission stands among those of groups."""
    editor = django_user_model.objects.create_user("ed", password="x")
    may = Permission.objects.filter(codename__in=["access_admin", "change_contact", "view_contact"])
    editor.user_permissions.set(may)
    client.force_login(editor)
    url = reverse("journeys_contact_merge", args=[pair[0].pk])
    assert client.post(url, {"gone": pair[1].pk}).status_code == 302
    assert Contact.objects.count() == 2
    page = client.get(reverse("journeys_contacts:inspect", args=[pair[0].pk])).content.decode()
    assert url not in page
    editor.user_permissions.add(Permission.objects.get(codename="merge_contact"))
    page = client.get(reverse("journeys_contacts:inspect", args=[pair[0].pk])).content.decode()
    assert url in page
    client.post(url, {"gone": pair[1].pk})
    assert Contact.objects.count() == 1
