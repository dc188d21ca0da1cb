from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from wagtail_journeys.contacts import attributes
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events.fields import SUGGEST_URL_NAME

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def some_contacts() -> None:
    Contact.objects.bulk_create(
        [
            Contact(attributes={"plan": "pro", "größe": 3, "tags": ["a", "b"]}),
            Contact(attributes={"plan": "pro", "vip": True, "tags": ["a"], "diagnosis": "only mine"}),
            Contact(attributes={"plan": "free", "vip": True, "nested": {"x": 1}}),
            Contact(attributes=["not", "names"]),
        ]
    )


def test_names_that_contacts_have_are_offered(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    """The commonest first, those that hold what was typed, from a sample of two statements."""
    with django_assert_num_queries(2):
        names = [name for name, _label in attributes.find_names()]
    assert names[0] == "plan"
    assert set(names) == {"plan", "größe", "tags", "vip", "diagnosis", "nested"}
    assert attributes.find_names("GRÖ") == [("größe", "größe")]


def test_values_that_several_contacts_share_are_offered() -> None:
    """What only one person has is theirs and is shown to nobody; the items of lists count."""
    assert attributes.find_values("vip") == [("true", "true")]
    assert attributes.find_values("tags") == [("a", "a")]
    assert attributes.find_values("diagnosis") == attributes.find_values("nothing") == []


def suggested(client: Client, **query: str) -> list[str]:
    answer = client.get(reverse(SUGGEST_URL_NAME), query).json()
    return [found["value"] for found in answer["suggestions"]]


def test_values_are_for_those_who_may_see_contacts(client: Client) -> None:
    """Who may write segments is offered names; values only with the right to see contacts."""
    user = get_user_model().objects.create_user("ed", "ed@example.com", "x")
    rights = ["access_admin", "change_segment"]
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client.force_login(user)
    assert "plan" in suggested(client, of="attribute")
    assert suggested(client, of="attribute_value", property="tags") == []
    user.user_permissions.add(Permission.objects.get(codename="view_contact"))
    assert suggested(client, of="attribute_value", property="tags") == ["a"]
