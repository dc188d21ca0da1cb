"""What is offered while somebody types the name of an event, of a property, or a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.events.conftest import definition, happened, learn
from wagtail_journeys.events import catalogue
from wagtail_journeys.events.models import EventDefinition

pytestmark = pytest.mark.django_db

URL_NAME = "journeys_event_suggestions"


def ask(client: Client, of: str, **query: str) -> dict[str, Any]:
    response = client.get(reverse(URL_NAME), {"of": of, **query})
    assert response.status_code == 200
    return response.json()


def values(client: Client, of: str, **query: str) -> list[str]:
    return [found["value"] for found in ask(client, of, **query)["suggestions"]]


def test_events(admin_client: Client) -> None:
    """The built-in names with their words, then those that were seen; those that begin with what was typed first."""
    happened("plan_chosen")
    happened("best_plan")
    learn()
    found = ask(admin_client, "event")
    assert {"value": "page_view", "label": "viewed a page"} in found["suggestions"]
    assert found["complete"] is True
    assert values(admin_client, "event", q="plan") == ["plan_chosen", "best_plan"]
    assert values(admin_client, "event", q="viewed a") == ["page_view"]


def test_what_cannot_occur_is_not_offered(admin_client: Client) -> None:
    """Identify is no event to choose, and what is ignored is never suggested."""
    happened("noise")
    learn()
    EventDefinition.objects.filter(name__in=["noise", "page_left"]).update(ignored=True)
    found = values(admin_client, "event")
    assert not {"identify", "noise", "page_left"} & set(found)


def test_what_starts_nothing_says_so(admin_client: Client) -> None:
    """A name that only visitors send, and nobody declared, is offered with a remark; words of one's own replace it."""
    happened("quiz_done", source="browser")
    learn()
    assert ask(admin_client, "event", q="quiz")["suggestions"] == [
        {"value": "quiz_done", "label": "not declared yet"}
    ]
    row = definition("quiz_done")
    row.declared, row.label = True, "finished the quiz"
    row.save()
    assert ask(admin_client, "event", q="quiz")["suggestions"] == [
        {"value": "quiz_done", "label": "finished the quiz"}
    ]
    assert catalogue.label("quiz_done") == "finished the quiz"


def test_properties_of_the_event(admin_client: Client) -> None:
    """Declared and seen properties of this event, with their kinds; of another event others."""
    stored = [{"type": "property", "value": {"name": "seats", "kind": "number"}, "id": "1"}]
    EventDefinition.objects.create(name="plan_chosen", declared=True, declared_properties=stored)
    happened("plan_chosen", {"plan": "pro"})
    learn()
    assert ask(admin_client, "property", event="plan_chosen")["suggestions"] == [
        {"value": "seats", "label": "number"},
        {"value": "plan", "label": "text"},
    ]
    assert values(admin_client, "property", event="plan_chosen", q="PLA") == ["plan"]
    assert values(admin_client, "property", event="never_seen") == []
    assert values(admin_client, "property") == []


def test_properties_of_our_own_events(admin_client: Client) -> None:
    """What the package itself sends is known before it has happened."""
    assert values(admin_client, "property", event="page_left") == ["seconds", "depth"]


def test_values_of_the_property(admin_client: Client) -> None:
    """Examples of this property of this event."""
    happened("plan_chosen", {"plan": "pro", "colour": "red"})
    happened("plan_chosen", {"plan": "free"})
    learn()
    assert values(admin_client, "value", event="plan_chosen", property="plan") == ["pro", "free"]
    assert values(admin_client, "value", event="plan_chosen", property="plan", q="fr") == ["free"]
    assert values(admin_client, "value", event="plan_chosen") == []


def test_a_thousand_names_are_not_sent_at_once(admin_client: Client) -> None:
    """A hundred at most, and the answer says that there are more."""
    for number in range(1000):
        happened(f"event_{number:04}")
    learn()
    found = ask(admin_client, "event")
    assert len(found["suggestions"]) == 100
    assert found["complete"] is False
    assert values(admin_client, "event", q="event_0999") == ["event_0999"]


@pytest.mark.parametrize(
    "permission",
    ["add_segment", "change_segment", "change_campaign", "publish_campaign", "view_eventdefinition"],
)
def test_who_may_ask(somebody: Callable[..., Client], permission: str) -> None:
    """Whoever may write segments or campaigns, or see the catalogue."""
    assert "page_view" in values(somebody(permission), "event")


@pytest.mark.parametrize("permissions", [(), ("view_contact",), ("change_emailtemplate",)])
def test_who_may_not_ask(somebody: Callable[..., Client], permissions: tuple[str, ...]) -> None:
    """Everybody else in the admin is refused."""
    response = somebody(*permissions).get(reverse(URL_NAME), {"of": "event"})
    assert response.status_code == 302
    assert response["Location"] == reverse("wagtailadmin_home")


def test_nobody_asks_without_logging_in(client: Client) -> None:
    """Without an account the answer is the log-in page."""
    response = client.get(reverse(URL_NAME), {"of": "event"})
    assert response.status_code == 302
    assert reverse("wagtailadmin_login") in response["Location"]


@pytest.mark.parametrize("text", ["\x00", "'", "%", "\\", "😀" * 500, "<b>", "[]"])
@pytest.mark.parametrize("of", ["event", "property", "value", "nonsense"])
def test_hostile_questions(admin_client: Client, of: str, text: str) -> None:
    """Whatever is asked is answered, with nothing if need be."""
    ask(admin_client, of, q=text, event=text, property=text)
