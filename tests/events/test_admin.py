"""The catalogue in the admin."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry
from wagtail.test.utils.form_data import nested_form_data, streamfield

from tests.events.conftest import definition, happened, learn
from tests.scenarios.story import Story, did, on_event, wait
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events.models import EventDefinition

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)


def url(name: str, *args: Any) -> str:
    return reverse(f"journeys_events:{name}", args=args)


def listing(client: Client, **query: str) -> str:
    return " ".join(client.get(url("index"), query).content.decode().split())


def form(name: str, *properties: tuple[str, str], **fields: str) -> dict[str, str]:
    rows = [("property", {"name": key, "kind": kind}) for key, kind in properties]
    given = {"name": name, "label": "", "description": "", "declared_properties": streamfield(rows), **fields}
    return nested_form_data(given)


@pytest.fixture
def seen() -> None:
    now = timezone.now()
    happened("plan_chosen", {"plan": "pro", "seats": 3}, times=5, every=DAY, at=now)
    happened("quiz_done", source="browser", at=now)
    learn(now)


def test_the_listing(admin_client: Client, seen: None) -> None:
    """Every event with its state, its number, a picture of its last days in words, and who uses it."""
    story = Story()
    story.campaign("Upgrade", on_event("plan_chosen"), wait(1))
    story.segment("Choosers", did("plan_chosen"))
    page = listing(admin_client)
    assert "plan_chosen" in page
    assert "5 in the last 30 days, at most 1 on one day" in page
    assert ">Upgrade</a>" in page
    assert ">Choosers</a>" in page
    assert "not declared" in page
    assert "viewed a page" in page


def test_it_is_in_the_menu(admin_client: Client) -> None:
    """Under Journeys."""
    page = admin_client.get(reverse("wagtailadmin_home")).content.decode()
    assert url("index") in page


def test_the_listing_costs_the_same_for_many(admin_client: Client, django_assert_max_num_queries) -> None:
    """Statements do not depend on the number of events."""
    learn(timezone.now())
    with django_assert_max_num_queries(60) as few:
        admin_client.get(url("index"))
    for number in range(40):
        happened(f"name_{number}", at=timezone.now())
    learn(timezone.now())
    with django_assert_max_num_queries(len(few)):
        admin_client.get(url("index"))


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ({"q": "plan"}, "plan_chosen", "quiz_done"),
        ({"declared": "false"}, "quiz_done", "page_left"),
        ({"declared": "true"}, "page_left", "quiz_done"),
        ({"seen": "7"}, "quiz_done", "page_left"),
        ({"seen": "never"}, "page_left", "quiz_done"),
        ({"seen": "before"}, "No event matches", "quiz_done"),
        ({"ignored": "true"}, "No event matches", "quiz_done"),
        ({"ordering": "-volume"}, "plan_chosen", "nothing"),
        ({"ordering": "first_seen"}, "plan_chosen", "nothing"),
    ],
)
def test_search_and_filters(
    admin_client: Client, seen: None, query: dict[str, str], shown: str, hidden: str
) -> None:
    """By name, by what is declared, and by when it was seen."""
    page = " ".join(admin_client.get(url("index_results"), query).content.decode().split())
    assert shown in page
    assert hidden not in page


def test_the_page_of_an_event(admin_client: Client, seen: None) -> None:
    """Properties with types and examples, who needs it, and the newest of them."""
    Story().campaign("Upgrade", on_event("plan_chosen"), wait(1))
    contact = Contact.objects.create(email="mila@example.com", created_at=timezone.now())
    happened("plan_chosen", {"plan": "pro"}, contact=contact.pk, at=timezone.now())
    page = " ".join(admin_client.get(url("inspect", definition("plan_chosen").pk)).content.decode().split())
    assert '<th scope="row" class="wj-code">seats</th>' in page
    assert "started by it" in page
    assert "mila@example.com" in page
    assert f"{url('edit', definition('plan_chosen').pk)}?declare=1" in page


def test_the_page_of_an_event_tells_nobody_who_may_not_know(
    somebody: Callable[..., Client], seen: None
) -> None:
    """Who may see the catalogue alone sees neither contacts nor campaigns nor a link to payloads."""
    Story().campaign("Upgrade", on_event("plan_chosen"), wait(1))
    contact = Contact.objects.create(email="mila@example.com", created_at=timezone.now())
    happened("plan_chosen", contact=contact.pk, at=timezone.now())
    client = somebody("view_eventdefinition")
    pk = definition("plan_chosen").pk
    page = client.get(url("inspect", pk)).content.decode()
    assert "mila@example.com" not in page
    assert "Upgrade" not in page + listing(client)
    assert "journeys/debugger" not in page
    assert url("edit", pk) not in page


@pytest.mark.parametrize("name", ["index", "index_results", "inspect", "add", "edit", "delete", "history"])
def test_permissions(somebody: Callable[..., Client], seen: None, name: str) -> None:
    """Nothing of it without a permission; changing needs the permission to change."""
    args = () if name in ("index", "index_results", "add") else (definition("plan_chosen").pk,)
    client = somebody()
    assert client.get(url(name, *args)).status_code == 302
    client.logout()
    assert reverse("wagtailadmin_login") in client.get(url(name, *args))["Location"]


def test_to_view_is_not_to_change(somebody: Callable[..., Client], seen: None) -> None:
    """Who may view gets no form."""
    client, pk = somebody("view_eventdefinition"), definition("plan_chosen").pk
    assert client.get(url("inspect", pk)).status_code == 200
    assert client.get(url("edit", pk)).status_code == 302
    assert client.post(url("edit", pk), form("plan_chosen", declared="on")).status_code == 302
    assert not definition("plan_chosen").declared


def test_declaring_what_was_seen(admin_client: Client, seen: None) -> None:
    """The link “Declare” opens the form with the boxes ticked that fit; saving keeps what was learnt meanwhile."""
    row = definition("quiz_done")
    page = admin_client.get(url("edit", row.pk) + "?declare=1")
    assert page.context["form"]["declared"].value() is True
    assert page.context["form"]["anonymous_allowed"].value() is True
    given = form("other", ("score", "number"), label="finished", declared="on", anonymous_allowed="on")
    happened("quiz_done", {"score": 3}, source="browser", at=timezone.now())
    learn(timezone.now())
    assert admin_client.post(url("edit", row.pk), given).status_code == 302
    saved = definition("quiz_done")  # a name is never changed
    assert (saved.label, saved.declared, saved.anonymous_allowed, saved.volume) == ("finished", True, True, 2)
    assert [(item.name, item.kind, item.declared) for item in saved.properties] == [("score", "number", True)]
    assert ModelLogEntry.objects.filter(object_id=str(row.pk), action="wagtail.edit").exists()


def test_declaring_what_is_yet_to_come(admin_client: Client) -> None:
    """An event may be declared before it happens; a name that is there already is not made twice."""
    assert admin_client.post(url("add"), form("trial_ended", declared="on")).status_code == 302
    assert definition("trial_ended").declared
    again = admin_client.post(url("add"), form("trial_ended", declared="on"))
    assert "name" in again.context["form"].errors
    happened("trial_ended", at=timezone.now())
    learn(timezone.now())
    assert definition("trial_ended").volume == 1


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (form("a\u202eb", declared="on"), "name"),
        (form("", declared="on"), "name"),
        (form("x" * 101, declared="on"), "name"),
        (form("fine", anonymous_allowed="on"), "declared"),
        (form("fine", ("a", "text"), ("a", "number"), declared="on"), "declared_properties"),
    ],
)
def test_mistakes(admin_client: Client, given: dict[str, str], field: str) -> None:
    """A mistake is shown at its field, and nothing is saved."""
    response = admin_client.post(url("add"), given)
    assert field in response.context["form"].errors
    assert EventDefinition.objects.filter(last_seen=None).exclude(declared=True).count() == 0


def test_our_own_events_say_what_they_are(admin_client: Client) -> None:
    """Words, and what visitors may send, cannot be changed of a built-in event; it cannot be deleted either."""
    row = definition("page_view")
    given = form("page_view", label="looked", description="Any page", anonymous_allowed="on", expected="on")
    assert admin_client.post(url("edit", row.pk), given).status_code == 302
    saved = definition("page_view")
    assert (saved.label, saved.declared, saved.anonymous_allowed) == ("", True, False)
    assert (saved.description, saved.expected) == ("Any page", True)
    assert admin_client.post(url("delete", row.pk)).status_code == 302
    assert EventDefinition.objects.filter(name="page_view").exists()
    assert url("delete", row.pk) not in listing(admin_client, q="page_view")


def test_forgetting_an_event(admin_client: Client, seen: None) -> None:
    """A definition can be deleted; when the event comes again, it is learnt again."""
    assert admin_client.post(url("delete", definition("quiz_done").pk)).status_code == 302
    assert not EventDefinition.objects.filter(name="quiz_done").exists()
    happened("quiz_done", source="browser", at=timezone.now())
    learn(timezone.now())
    assert definition("quiz_done").volume == 1


def test_without_anything(admin_client: Client) -> None:
    """The empty state says where events come from."""
    EventDefinition.objects.all().delete()
    assert "No events yet" in listing(admin_client)
