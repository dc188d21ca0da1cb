"""Why does this contact match, or not: the answer rule by rule."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.test.utils.form_data import nested_form_data, streamfield

from tests.segments.test_editor import editor, segment_of, text_of  # noqa: F401  editor is a fixture
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.segments import compiler, explain
from wagtail_journeys.segments.conditions import registry
from wagtail_journeys.segments.conditions.base import Condition
from wagtail_journeys.segments.models import Membership

pytestmark = pytest.mark.django_db

NOW = datetime.datetime(2026, 5, 4, 9, 0, tzinfo=datetime.UTC)


def is_(field: str, value: str, block: str = "") -> dict[str, Any]:
    params = {"field": field, "attribute": "", "operator": "is", "value": value}
    return {"type": "attribute", "value": params, "id": block or f"{field}-{value}"}


def group(match: str, *rules: dict[str, Any], block: str = "group") -> dict[str, Any]:
    return {"type": "group", "value": {"match": match, "rules": list(rules)}, "id": block}


GONE = {"type": "uninstalled", "value": {}, "id": "gone"}


@pytest.fixture
def jan() -> Contact:
    return Contact.objects.create(email="jan@example.com", locale="nl", first_name="Jan", points=3)


def states(answer: explain.Answer) -> dict[str, str]:
    return {part.id: part.state for part in answer.everything() if part.id}


def test_every_rule_has_its_answer(jan: Contact) -> None:
    """A tree of rules is a tree of answers, with the sentence of each."""
    rules = [is_("locale", "nl"), group("any", is_("first_name", "Eva"), is_("first_name", "Jan"))]
    answer = explain.explain("all", rules, jan, NOW)
    assert answer.yes
    assert states(answer) == {
        "locale-nl": "yes",
        "group": "yes",
        "first_name-Eva": "no",
        "first_name-Jan": "yes",
    }
    assert answer.parts[0].sentence == compiler.describe("all", rules[:1])


@pytest.mark.parametrize("match", ["all", "any", "none"])
@pytest.mark.parametrize("languages", [["nl"], ["en"], ["nl", "en"], ["en", "de"], []])
def test_it_agrees_with_the_query(jan: Contact, match: str, languages: list[str]) -> None:
    """Explained as matching is who the query finds, whatever joins the rules."""
    rules = [is_("locale", language) for language in languages]
    found = compiler.contacts_matching(match, rules, NOW).filter(pk=jan.pk).exists()
    assert explain.explain(match, rules, jan, NOW).yes is found
    nested = explain.explain("all", [group(match, *rules)], jan, NOW)
    assert nested.yes is found


def test_statements_do_not_grow_with_the_rules(jan: Contact) -> None:
    """Sixty rules are asked in as many statements as two."""

    def statements(number: int) -> int:
        rules = [is_("first_name", f"n{n}") for n in range(number)]
        with CaptureQueriesContext(connection) as captured:
            explain.explain("all", rules, jan, NOW)
        return sum("SAVEPOINT" not in query["sql"] for query in captured)

    assert statements(60) == statements(2)


def test_a_broken_rule_does_not_hide_the_others(jan: Contact) -> None:
    """A rule that cannot be read is said to be so; the others have their answers."""
    answer = explain.explain("all", [is_("locale", "nl"), GONE, {}], jan, NOW)
    assert [part.state for part in answer.parts] == ["yes", "broken", "broken"]
    assert answer.yes is None


def test_a_broken_rule_matters_only_where_it_could_decide(jan: Contact) -> None:
    """With a no among "all of these", or a yes among "any of these", the broken one makes no difference."""
    assert explain.explain("all", [is_("locale", "en"), GONE], jan, NOW).yes is False
    assert explain.explain("any", [is_("locale", "nl"), GONE], jan, NOW).yes is True
    assert explain.explain("none", [is_("locale", "nl"), GONE], jan, NOW).yes is False
    assert explain.explain("none", [is_("locale", "en"), GONE], jan, NOW).yes is None


class Points(Condition):
    """A condition with a fact."""

    key = "points_fact"
    label = "Points"

    def q(self, params: Any, now: datetime.datetime) -> Any:
        from django.db.models import Q

        return Q(points__gte=params["least"])

    def describe(self, params: Any) -> str:
        return f"has {params['least']} points"

    def fact(self, params: Any, contact: Contact, now: datetime.datetime) -> str:
        if params["least"] == 0:
            raise RuntimeError("a defect of the site")
        return f"{contact.points} of at least {params['least']}"


def points(least: int) -> dict[str, Any]:
    return {"type": "points_fact", "value": {"least": least}, "id": "p"}


@pytest.fixture
def with_points(monkeypatch: pytest.MonkeyPatch) -> None:
    registry.discover()
    monkeypatch.setitem(registry._kinds, "points_fact", Points())


def test_a_condition_tells_what_it_knows(jan: Contact, with_points: None) -> None:
    """Beside no stands how far it is; a condition that stumbles there has its answer all the same."""
    answer = explain.explain("all", [points(5), points(0)], jan, NOW)
    assert [(part.state, part.fact) for part in answer.parts] == [("no", "3 of at least 5"), ("yes", "")]


# --- In the editor -------------------------------------------------------------------------------------------------------


def posted(*rules: tuple[str, Any], who: str = "jan@example.com") -> dict[str, str]:
    data: dict[str, str] = nested_form_data({"kind": "dynamic", "match": "all", "rules": streamfield(rules)})
    return {**data, "wj-who": who}


def typed(value: str) -> tuple[str, dict[str, str]]:
    params = {"field": "locale", "attribute": "", "operator": "is", "value": value, "to": ""}
    return "attribute", params


def why(client: Client, data: dict[str, str]) -> dict[str, Any]:
    response = client.post(reverse("journeys_segment_why"), data)
    assert response.status_code == 200
    return dict(response.json())


def test_the_rules_as_they_stand_in_the_form(editor: Client, jan: Contact) -> None:  # noqa: F811
    """Nothing is saved for it: the form is what is explained, with a mark for every block."""
    data = posted(typed("nl"), typed("en"))
    data |= {"rules-0-id": "first", "rules-1-id": "second"}
    answer = why(editor, data)
    assert {key: mark["state"] for key, mark in answer["marks"].items()} == {"first": "yes", "second": "no"}
    assert "does not match" in answer["html"]


@pytest.mark.parametrize("who", ["JAN@example.com", " jan@example.com "])
def test_the_address_may_be_typed_as_it_comes(editor: Client, jan: Contact, who: str) -> None:  # noqa: F811
    """Capitals and spaces around it do not matter."""
    assert "matches." in why(editor, posted(typed("nl"), who=who))["html"]


@pytest.mark.parametrize("who", ["", "nobody@example.com"])
def test_nobody_is_a_sentence(editor: Client, who: str) -> None:  # noqa: F811
    """An address that nobody has is answered with what to do."""
    assert "ype the" in why(editor, posted(typed("nl"), who=who))["html"]


def test_half_typed_rules_are_no_error(editor: Client, jan: Contact) -> None:  # noqa: F811
    """A rule without a value, a group without rules, and a form that makes no sense."""
    empty: tuple[str, Any] = ("group", {"match": "any", "rules": streamfield([])})
    assert why(editor, posted(typed(""), empty))["html"]
    assert "cannot be read" in why(editor, {"rules-count": "x", "wj-who": "jan@example.com"})["html"]


def test_addresses_are_offered(editor: Client, jan: Contact) -> None:  # noqa: F811
    """By their beginning, from the second letter on."""
    url = reverse("journeys_segment_people")
    offered = editor.get(url, {"q": "ja"}).json()["people"]
    assert offered == [{"value": "jan@example.com", "label": "Jan"}]
    assert editor.get(url, {"q": "j"}).json()["people"] == []
    assert editor.get(url, {"q": "an@"}).json()["people"] == []


def test_only_for_those_who_may_see_contacts(client: Client, jan: Contact) -> None:
    """An editor of segments without rights on contacts is offered no explanation and given none."""
    user = get_user_model().objects.create_user("seg", "seg@example.com", "x")
    user.user_permissions.set(
        Permission.objects.filter(codename__in=["access_admin", "add_segment", "change_segment"])
    )
    client.force_login(user)
    assert client.post(reverse("journeys_segment_why"), posted(typed("nl"))).status_code == 302
    assert client.get(reverse("journeys_segment_people"), {"q": "jan"}).status_code == 302
    user.user_permissions.add(Permission.objects.get(codename="view_contact"))
    assert "matches" in why(client, posted(typed("nl")))["html"]


# --- From the contact ----------------------------------------------------------------------------------------------------


def test_a_page_for_a_contact_and_a_segment(editor: Client, jan: Contact) -> None:  # noqa: F811
    """It says what each rule says of the contact, and since when it has been in."""
    segment = segment_of("Speakers", typed("nl"), typed("en"))
    url = reverse("journeys_segment_why_page", args=[segment.pk, jan.pk])
    page = text_of(editor.get(url))
    assert "does not match" in page
    assert "Has never been in the segment." in page
    Membership.objects.create(segment=segment, contact=jan, entered_at=NOW)
    assert "In the segment since" in text_of(editor.get(url))


def test_the_page_of_a_list_and_of_broken_rules(editor: Client, jan: Contact) -> None:  # noqa: F811
    """A list kept by hand has no rules to explain; rules that cannot be read are said to be so."""
    kept = segment_of("List", kind="static")
    assert "Kept by hand" in text_of(editor.get(reverse("journeys_segment_why_page", args=[kept.pk, jan.pk])))
    empty = segment_of("Empty")
    assert "no rules yet" in text_of(
        editor.get(reverse("journeys_segment_why_page", args=[empty.pk, jan.pk]))
    )


def test_the_page_of_a_contact_leads_to_it(editor: Client, jan: Contact) -> None:  # noqa: F811
    """For the segments the contact is in, and for those it is not in."""
    inside, outside = segment_of("Inside", typed("nl")), segment_of("Outside", typed("en"))
    Membership.objects.create(segment=inside, contact=jan, entered_at=NOW)
    page = text_of(editor.get(reverse("journeys_contacts:inspect", args=[jan.pk])))
    for segment in (inside, outside):
        assert f'href="{reverse("journeys_segment_why_page", args=[segment.pk, jan.pk])}"' in page
    assert page.count("Outside") == 1
