from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.test.utils.form_data import nested_form_data

from tests.reporting import rows
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.segments.models import Membership, Segment

pytestmark = pytest.mark.django_db

LIST = reverse("journeys_contacts:index")


@pytest.fixture
def editor(admin_client: Client) -> Client:
    return admin_client


def shown(client: Client, **query: Any) -> set[str]:
    response = client.get(LIST, query)
    assert response.status_code == 200
    return {str(contact) for contact in response.context["object_list"]}


def form(**fields: Any) -> dict[str, Any]:
    empty = {
        "email": "",
        "external_id": "",
        "first_name": "",
        "last_name": "",
        "locale": "",
        "time_zone": "",
        "attributes": "{}",
    }
    return nested_form_data({**empty, **fields})


@pytest.fixture
def people() -> list[Contact]:
    return [
        rows.contact("ada@example.com", first_name="Ada", last_name="Lovelace", locale="nl"),
        rows.contact("grace@example.com", first_name="Grace", last_name="Hopper", locale="en"),
        Contact.objects.create(external_id="crm-77", first_name="Ada"),
    ]


def test_an_empty_list_says_where_contacts_come_from(editor: Client) -> None:
    """Without contacts the list explains how they come, and offers to add one."""
    page = editor.get(LIST).content.decode()

    assert "Contacts come by themselves" in page
    assert reverse("journeys_contacts:add") in page


def test_a_search_without_a_hit_says_what_to_do(editor: Client, people: list[Contact]) -> None:
    """A search that finds nobody does not claim that there are no contacts."""
    page = editor.get(LIST, {"q": "nobody"}).content.decode()

    assert "No contact matches" in page
    assert "Contacts come by themselves" not in page


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("ADA", {"ada@example.com", "crm-77"}),
        ("ada lovelace", {"ada@example.com"}),
        ("lovelace ada", {"ada@example.com"}),
        ("crm-7", {"crm-77"}),
        ("grace@", {"grace@example.com"}),
        ("ada hopper", set()),
    ],
)
def test_search(editor: Client, people: list[Contact], words: str, found: set[str]) -> None:
    """Every word of a search is looked for in address, names and external id, without regard to case."""
    assert shown(editor, q=words) == found


def test_search_by_id(editor: Client, people: list[Contact]) -> None:
    """A contact is found by the id that it has outside."""
    assert shown(editor, q=str(people[1].uuid)) == {"grace@example.com"}


def test_filter_by_language(editor: Client, people: list[Contact]) -> None:
    """The languages to choose from are those that contacts have."""
    assert shown(editor, locale="nl") == {"ada@example.com"}


def test_filter_by_segment(editor: Client, people: list[Contact]) -> None:
    """Only who is in the segment now is shown, not who has left it."""
    segment = Segment.objects.create(name="Readers")
    Membership.objects.create(segment=segment, contact=people[0], entered_at=rows.at(0))
    Membership.objects.create(segment=segment, contact=people[1], entered_at=rows.at(0), left_at=rows.at(1))

    assert shown(editor, segment=segment.pk) == {"ada@example.com"}


@pytest.mark.parametrize("ordering", ["last_seen_at", "-last_seen_at", "created_at", "locale", "nonsense"])
def test_every_ordering(editor: Client, people: list[Contact], ordering: str) -> None:
    """The list can be sorted by every column that offers it; an unknown one is passed over."""
    assert len(shown(editor, ordering=ordering)) == 3


def test_who_was_seen_last_comes_first(editor: Client, people: list[Contact]) -> None:
    """Sorted by last seen, contacts never seen come last in both databases."""
    Contact.objects.filter(pk=people[1].pk).update(last_seen_at=rows.at(0))
    response = editor.get(LIST, {"ordering": "-last_seen_at"})

    assert str(response.context["object_list"][0]) == "grace@example.com"


def test_the_list_leads_to_the_contact_page(editor: Client, people: list[Contact]) -> None:
    """Each contact links to its page."""
    page = editor.get(LIST).content.decode()

    assert all(f'href="{reverse("journeys_contacts:inspect", args=[c.pk])}"' in page for c in people)


def test_statements_do_not_grow_with_the_list(editor: Client) -> None:
    """The list costs as many statements for forty contacts as for two."""
    taken = []
    editor.get(LIST)  # what a process looks up once
    for number in (2, 38):
        for _ in range(number):
            rows.contact()
        with CaptureQueriesContext(connection) as statements:
            editor.get(LIST)
        taken.append(len(statements))

    assert taken[0] == taken[1]


def test_export(editor: Client, people: list[Contact]) -> None:
    """The list can be taken along as a table."""
    response = editor.get(LIST, {"export": "csv"})
    lines = b"".join(response.streaming_content).decode().splitlines()

    assert len(lines) == 4
    assert "ada@example.com" in "".join(lines)


def test_adding_a_contact(editor: Client) -> None:
    """An address is stored in its normal form, and the attributes as they were written."""
    editor.post(
        reverse("journeys_contacts:add"),
        form(
            email=" Ada@Example.com ", attributes='{"plan": "pro", "seats": 3}', time_zone="Europe/Amsterdam"
        ),
    )
    contact = Contact.objects.get()

    assert (contact.email, contact.external_id) == ("ada@example.com", None)
    assert contact.attributes == {"plan": "pro", "seats": 3}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "A contact needs an email address or an external id."),
        ({"email": "ADA@example.com"}, "Another contact has this address."),
        ({"email": "x@example.com", "time_zone": "Mars/Base"}, "There is no time zone “Mars/Base”."),
        ({"email": "x@example.com", "attributes": "[1, 2]"}, "Write names and values in braces"),
    ],
)
def test_what_cannot_be_saved_says_why(
    editor: Client, people: list[Contact], fields: dict[str, str], words: str
) -> None:
    """A form that cannot be saved says what is wrong with it."""
    response = editor.post(reverse("journeys_contacts:add"), form(**fields))

    assert words in response.content.decode()
    assert Contact.objects.count() == 3


@pytest.fixture
def dutch() -> Segment:
    rule = {"field": "locale", "attribute": "", "operator": "is", "value": "nl"}
    plan = {"field": "attribute", "attribute": "plan", "operator": "is", "value": "pro"}
    rules = [{"type": "attribute", "value": rule, "id": "1"}, {"type": "attribute", "value": plan, "id": "2"}]
    return Segment.objects.create(name="Dutch pros", rules=json.dumps(rules), live=True)


def test_a_contact_changed_by_hand_changes_segments(editor: Client, dutch: Segment) -> None:
    """Saving a contact brings the segments that ask about the changed fields up to date at once."""
    contact = rows.contact("ada@example.com", locale="nl")
    edit = reverse("journeys_contacts:edit", args=[contact.pk])

    editor.post(edit, form(email="ada@example.com", locale="nl", attributes='{"plan": "pro"}'))
    assert Membership.objects.filter(segment=dutch, contact=contact, left_at__isnull=True).exists()

    editor.post(edit, form(email="ada@example.com", locale="en", attributes='{"plan": "pro"}'))
    assert not Membership.objects.filter(segment=dutch, contact=contact, left_at__isnull=True).exists()


def test_a_contact_added_by_hand_enters_segments(editor: Client, dutch: Segment) -> None:
    """A new contact is in the segments that it matches from the start."""
    editor.post(
        reverse("journeys_contacts:add"),
        form(email="ada@example.com", locale="nl", attributes='{"plan": "pro"}'),
    )

    assert Membership.objects.filter(segment=dutch, contact__email="ada@example.com").exists()


def test_a_contact_cannot_be_deleted_here(editor: Client, people: list[Contact]) -> None:
    """The list offers no deleting: that a person is forgotten is more than that a row is gone."""
    page = editor.get(LIST).content.decode()
    edit = editor.get(reverse("journeys_contacts:edit", args=[people[0].pk])).content.decode()

    assert f"/delete/{people[0].pk}/" not in page
    assert f"/delete/{people[0].pk}/" not in edit
