"""Lists kept by hand: pasted, checked, confirmed, undone, exported; campaigns and other segments follow."""

from __future__ import annotations

import datetime
import io

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook
from wagtail.models import ModelLogEntry

from tests.scenarios.story import START, Story, belongs, on_entering, wait
from wagtail_journeys import pipeline
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.models import Journey, Membership, Segment
from wagtail_journeys.segments import lists

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.fixture
def partners() -> Segment:
    return Segment.objects.create(name="Partners", kind="static")


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("boss", "boss@example.com", "x"))
    return client


def url(name: str, *args: object) -> str:
    return reverse(Segment.snippet_viewset.get_url_name(name), args=args)


def people(count: int) -> list[int]:
    return [Contact.objects.create(email=f"p{n}@example.com", created_at=START).pk for n in range(count)]


def inside(segment: Segment) -> set[int]:
    stays = Membership.objects.filter(segment=segment, left_at=None)
    return set(stays.values_list("contact_id", flat=True))


def test_campaigns_and_segments_follow_a_list(story: Story, partners: Segment):
    """Who is put on a list enters the campaign that waits for it, and the segment that asks about it."""
    campaign = story.campaign("Welcome", on_entering(partners), wait(1))
    asking = story.segment("Asking", belongs(partners))
    ids = people(3)
    assert pipeline.change_list(lists.add, partners, ids[:2], story.now) == 2
    assert inside(partners) == inside(asking) == set(ids[:2])
    assert set(Journey.objects.filter(campaign=campaign).values_list("contact_id", flat=True)) == set(ids[:2])
    assert pipeline.change_list(lists.remove, partners, ids, story.now) == 2
    assert inside(partners) == inside(asking) == set()
    assert Membership.objects.filter(segment=partners, left_at=story.now).count() == 2


def test_the_same_contact_twice_and_contacts_that_are_gone_change_nothing(story: Story, partners: Segment):
    """Adding again is no second stay, and an id of nobody is left out."""
    (kim,) = people(1)
    assert pipeline.change_list(lists.add, partners, [kim, 987654], story.now) == 1
    assert pipeline.change_list(lists.add, partners, [kim], story.now) == 0
    assert Membership.objects.count() == 1


def test_a_segment_of_rules_is_not_changed_by_hand(story: Story):
    """Its rules say who belongs."""
    segment = story.segment("Rules")
    with pytest.raises(ValueError, match="Rules"):
        lists.add(segment, [1], story.now)


def test_a_list_costs_the_same_number_of_statements_whatever_its_size(story: Story, partners: Segment):
    """Adding and removing 3 or 300 contacts takes equally many statements."""
    ids = people(303)
    counts = []
    for some in (ids[:3], ids[3:]):
        for change in (lists.add, lists.remove):
            with CaptureQueriesContext(connection) as captured:
                pipeline.change_list(change, partners, some, story.now)
            counts.append(len(captured))
    assert counts[:2] == counts[2:]


def test_what_is_pasted_is_read_in_any_form():
    """Lines, commas, names around addresses; what is no address and whom nobody has are told."""
    known = people(3)
    pasted = lists.read_addresses(
        'Kim <P0@example.com>, "Max" <p1@example.com>;p2@example.com\tp0@example.com\nnobody@example.com broken@ word'
    )
    assert pasted.contacts == known
    assert pasted.unknown == ["nobody@example.com"]
    assert pasted.unreadable == ["broken@"]
    assert pasted.repeated == 1


def test_adding_shows_what_would_happen_first_and_can_be_undone(admin: Client, partners: Segment):
    """The check changes nothing; the confirmation does, is logged, and the undo takes back what it did."""
    ids = people(3)
    Membership.objects.create(segment=partners, contact_id=ids[0], entered_at=START)
    data = {"addresses": "p0@example.com p1@example.com who@example.com", "contacts": [ids[2]]}
    checked = admin.post(url("list_change", partners.pk, "add"), data)
    assert (checked.context["moving"], checked.context["staying"]) == (2, 1)
    assert "who@example.com" in checked.content.decode()
    assert inside(partners) == {ids[0]}
    admin.post(url("list_change", partners.pk, "add"), {**data, "confirm": "1"})
    assert inside(partners) == set(ids)
    entry = ModelLogEntry.objects.get(action="wagtail_journeys.list_added")
    assert entry.data["count"] == 2
    assert entry.user.username == "boss"
    admin.post(url("list_undo", partners.pk, entry.pk))
    assert inside(partners) == {ids[0]}
    again = admin.post(url("list_undo", partners.pk, entry.pk), follow=True)
    assert "nothing to undo" in again.content.decode()


def test_undoing_a_removal_lets_the_old_stays_go_on(admin: Client, partners: Segment, story: Story):
    """Nobody enters again: the stay is the one that was."""
    ids = people(2)
    campaign = story.campaign("C", on_entering(partners), wait(1), frequency="every_time")
    pipeline.change_list(lists.add, partners, ids, story.now)
    before = list(Membership.objects.values_list("pk", "entered_at"))
    admin.post(url("list_change", partners.pk, "remove"), {"contacts": ids, "confirm": "1"})
    assert inside(partners) == set()
    entry = ModelLogEntry.objects.get(action="wagtail_journeys.list_removed")
    admin.post(url("list_undo", partners.pk, entry.pk))
    assert inside(partners) == set(ids)
    assert list(Membership.objects.order_by("pk").values_list("pk", "entered_at")) == before
    assert Journey.objects.filter(campaign=campaign).count() == 2


def test_the_members_are_exported_without_formulas(admin: Client, partners: Segment):
    """CSV and XLSX hold the same members, and nothing in them is run by a spreadsheet."""
    kim = Contact.objects.create(
        email="kim@example.com", first_name="=1+1", last_name="@Kim", created_at=START
    )
    Membership.objects.create(segment=partners, contact=kim, entered_at=START)
    text = b"".join(admin.get(url("inspect", partners.pk), {"export": "csv"}).streaming_content).decode()
    assert "kim@example.com" in text
    assert "'=1+1" in text
    assert "'@Kim" in text
    answer = admin.get(url("inspect", partners.pk), {"export": "xlsx"})
    sheet = load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[1][:3] == ("kim@example.com", None, "'=1+1")
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


def test_the_right_to_segments_is_not_the_right_to_contacts(client: Client, partners: Segment):
    """Without the right to see contacts nobody is shown, exported, added or removed."""
    from django.contrib.auth.models import Permission

    editor = get_user_model().objects.create_user("ed", "ed@example.com", "x")
    editor.user_permissions.set(Permission.objects.filter(codename__in=["access_admin", "change_segment"]))
    kim = Contact.objects.create(email="kim@example.com", created_at=START)
    Membership.objects.create(segment=partners, contact=kim, entered_at=START)
    client.force_login(editor)
    shown = client.get(url("inspect", partners.pk))
    assert shown.status_code == 200
    assert "kim@example.com" not in shown.content.decode()
    for method, where in (
        (client.get, url("inspect", partners.pk) + "?export=csv"),
        (client.get, url("list_change", partners.pk, "add")),
        (client.post, url("list_change", partners.pk, "remove")),
    ):
        assert method(where).status_code in (302, 403)
    assert inside(partners) == {kim.pk}


def test_members_are_found_by_their_beginning_and_paged(admin: Client, partners: Segment):
    """A page has fifty; the next one goes on where it ended, and a search finds by address or name."""
    ids = people(120)
    rows = [
        Membership(segment=partners, contact_id=pk, entered_at=START + datetime.timedelta(minutes=n // 3))
        for n, pk in enumerate(ids)
    ]
    Membership.objects.bulk_create(rows)
    seen: list[int] = []
    where = url("inspect", partners.pk)
    query = ""
    while True:
        shown = admin.get(f"{where}?{query}")
        seen += [stay.contact_id for stay in shown.context["page"].stays]
        query = shown.context["older"]
        if not query:
            break
    assert len(seen) == 120
    assert set(seen) == set(ids)
    found = admin.get(where, {"q": "P11"}).context["page"].stays
    assert {stay.contact.email for stay in found} == {f"p{n}@example.com" for n in (11, *range(110, 120))}
