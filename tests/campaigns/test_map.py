"""The map of the editor: what the server draws for a form as it stands, and what it tells the map's script."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from hypothesis import given, settings
from wagtail.models import Locale
from wagtail.test.utils.form_data import streamfield

from tests.campaigns.test_editor import branch, downloads, form, language, send, wait
from tests.campaigns.test_flow import Steps, trees
from wagtail_journeys.campaigns import flow
from wagtail_journeys.campaigns.live import FLOW_URL_NAME
from wagtail_journeys.emails.models import EmailTemplate
from wagtail_journeys.models import Campaign
from wagtail_journeys.streams import with_ids

NEW = {"type": "wait", "value": {"amount": 3, "unit": "weeks", "at": None}, "id": "new"}


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("ed", "ed@example.com", "x"))
    return client


def draw(editor: Client, data: dict[str, str]) -> dict[str, Any]:
    response = editor.post(reverse(FLOW_URL_NAME), data)
    assert response.status_code == 200
    return dict(response.json())


def with_block_ids(data: dict[str, str]) -> dict[str, str]:
    """Every block of the form gets an id that says where it stands, as the browser gives it one."""
    places = [name.removesuffix("-type") for name in data if name.endswith("-type")]
    return {**data, **{f"{place}-id": place for place in places}}


def inline_items(values: list[dict[str, Any]]) -> dict[str, Any]:
    """What a form sends for a ListBlock."""
    found: dict[str, Any] = {"count": str(len(values))}
    for number, value in enumerate(values):
        found[str(number)] = {"value": value, "deleted": "", "order": str(number), "type": "item", "id": ""}
    return found


def stream_of(steps: Steps, parent: str, arm: str) -> Steps:
    """The stream that a place names."""
    if not parent:
        return steps
    todo = list(steps)
    while todo:
        block = todo.pop()
        arms = {name: block["value"].get(name) for name in ("yes", "no")}
        if block["id"] == parent:
            found = arms[arm]
            assert isinstance(found, list)
            return found
        todo += [inner for stream in arms.values() for inner in stream or []]
    raise AssertionError(parent)


@settings(max_examples=25, deadline=None)
@given(trees)
def test_a_step_put_at_a_place_stands_there(steps: Steps) -> None:
    """Every place that the map offers is where the form puts the step, and no place is offered twice."""
    slots = flow.layout("x", steps).slots
    assert len({(slot.place.parent, slot.place.arm, slot.place.index) for slot in slots}) == len(slots)
    for slot in slots:
        changed = copy.deepcopy(steps)
        stream_of(changed, slot.place.parent, slot.place.arm).insert(slot.place.index, NEW)
        box = next(box for box in flow.layout("x", changed).boxes if box.id == "new")
        assert box.place == slot.place


@settings(max_examples=25, deadline=None)
@given(trees)
def test_places_are_beside_the_boxes(steps: Steps) -> None:
    """What can be pressed does not lie on a box."""
    chart = flow.layout("x", steps)
    for slot in chart.slots:
        assert 0 < slot.x < chart.width
        for box in chart.boxes:
            assert not (box.x < slot.x < box.x + box.width and box.y < slot.y < box.y + box.height)


def test_levels_count_the_arms_inside_each_other() -> None:
    """With them the map knows how deep a step can be moved."""
    inner = {"type": "branch", "value": {"conditions": [], "yes": [NEW], "no": []}}
    (box,) = flow.layout("x", with_ids([{**inner, "value": {**inner["value"], "no": [inner]}}])).boxes[1:2]
    assert (box.levels, box.arms[1].nodes[0].levels, box.arms[0].nodes[0].levels) == (2, 1, 0)
    assert (box.place.depth, box.arms[1].nodes[0].arms[0].nodes[0].place.depth) == (0, 2)


@pytest.mark.django_db
def test_every_block_gets_its_sentence(editor: Client) -> None:
    """Steps in arms four deep, a host site's own step, conditions inside steps, filters and the trigger."""
    template = EmailTemplate.objects.create(
        name="Welcome", subject="Hi", live=True, locale=Locale.objects.get_or_create(language_code="en")[0]
    )
    steps: list[Any] = [("hostapp_greet", {"word": "Ahoy"}), send(template)]
    for value in ("nl", "fr", "de", "en"):
        steps = [wait("2", "hours"), branch([language(value)], steps, [])]
    data = with_block_ids(form([downloads()], steps, filters=[language("nl")]))
    answer = draw(editor, data)
    deep = "steps-1-value-yes-1-value-yes-1-value-yes-1-value"
    said = answer["sentences"]
    assert said["steps-0"] == "Wait 2 hours"
    assert said["steps-1-value-yes-1"].startswith("If ")
    assert "de" in said["steps-1-value-yes-1-value-conditions-0"]
    assert said[f"{deep}-yes-0"] == "Say Ahoy"
    assert said[f"{deep}-yes-1"] == "Send “Welcome”"
    assert said["trigger-0"] == "downloaded a document"
    assert "nl" in said["filters-0"]
    assert answer["html"].count('data-step="') == 1 + 4 * 2 + 2


@pytest.mark.django_db
def test_arms_of_a_list_are_named_by_their_item(editor: Client) -> None:
    """So a step moves into an arm that the editor has made, too."""
    arm = {
        "label": "Dutch",
        "match": "all",
        "conditions": streamfield([language("nl")]),
        "steps": streamfield([wait()]),
    }
    value = {"arms": inline_items([arm]), "otherwise": streamfield([])}
    answer = draw(editor, with_block_ids(form([downloads()], [("choose", value)])))
    assert (
        'data-parent="steps-0" data-arm="steps-0-value-arms-0" data-index="0" data-depth="1"'
        in answer["html"]
    )
    assert "[&quot;steps-0-value-arms-0&quot;, &quot;otherwise&quot;]" in answer["html"]


@pytest.mark.django_db
@pytest.mark.parametrize("data", [{}, {"steps-count": "x"}, {"steps-count": "1", "steps-0-deleted": ""}])
def test_what_no_form_sends_is_an_empty_map(editor: Client, data: dict[str, str]) -> None:
    """The editor goes on working whatever the form has in it."""
    answer = draw(editor, data)
    assert answer["html"].count("wj-flow-slot") == 1
    assert answer["sentences"] == {}


@pytest.mark.django_db
def test_the_map_is_for_those_who_see_campaigns(client: Client) -> None:
    """Somebody who may only enter the admin gets nothing drawn."""
    user = get_user_model().objects.create_user("guest", "guest@example.com", "x", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="access_admin"))
    client.force_login(user)
    assert client.post(reverse(FLOW_URL_NAME), {}).status_code in (302, 403)
    user.user_permissions.add(Permission.objects.get(codename="view_campaign"))
    assert client.post(reverse(FLOW_URL_NAME), {}).status_code == 200
    assert client.get(reverse(FLOW_URL_NAME)).status_code == 405


@pytest.mark.django_db
def test_the_editor_opens_with_the_map(editor: Client) -> None:
    """Drawn at once, before any script has run."""
    campaign = Campaign.objects.create(name="x", steps=with_ids([NEW]))
    campaign.save_revision()
    page = editor.get(
        reverse(Campaign.snippet_viewset.get_url_name("edit"), args=[campaign.pk])
    ).content.decode()
    assert 'data-controller="wj-flow-map"' in page
    assert 'aria-label="Wait: Wait 3 weeks (step 1 of 1)"' in page
