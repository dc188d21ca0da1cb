from __future__ import annotations

import datetime
import json

import pytest
from django.utils.translation import gettext_lazy

from wagtail_journeys.models import Campaign
from wagtail_journeys.streams import raw, with_ids

STEPS = Campaign._meta.get_field("steps").stream_block


def test_the_stored_form_of_a_stream_from_a_form_is_json():
    """A clock time that a form hands over as an object is text in the stored form, as the database keeps it."""
    stream = STEPS.normalize([("wait", {"amount": 1, "unit": "days", "at": datetime.time(9, 30)})])
    assert stream[0].value["at"] == datetime.time(9, 30)
    (block,) = raw(stream)
    assert block["value"] == {"amount": 1, "unit": "days", "at": "09:30:00"}
    assert json.loads(json.dumps(raw(stream))) == raw(stream)


def test_a_stream_from_a_form_and_its_saved_self_have_the_same_stored_form():
    """What goes to the database and comes back is what it was, ids included."""
    stored = with_ids([{"type": "wait", "value": {"amount": 2, "unit": "weeks", "at": "07:00:00"}}])
    before = STEPS.to_python(stored)
    assert before[0].value["at"] == datetime.time(7)  # read, and so turned into an object
    assert raw(before) == stored


@pytest.mark.parametrize("at", [datetime.time(9, 30), gettext_lazy("Wait")])
def test_a_list_that_is_not_json_yet_becomes_it(at):
    """Data written by code may hold times and lazy text; its stored form holds their text."""
    (block,) = raw([{"type": "wait", "value": {"at": at}, "id": "a"}])
    assert block == {"type": "wait", "value": {"at": str(at)}, "id": "a"}


def test_no_stream_is_an_empty_list():
    """A field without a value has no blocks."""
    assert raw(None) == raw(STEPS.to_python([])) == []


def test_copies_name_each_other_by_their_new_ids():
    """A step that asks about another one asks, in a copy, about the copy of it."""
    email = {"type": "send_email", "value": {"template": 1}, "id": "aaa"}
    asks = {"type": "this_email", "value": {"action": "opened", "step": "aaa"}, "id": "bbb"}
    fork = {"type": "branch", "value": {"conditions": [asks], "yes": [], "no": []}, "id": "ccc"}
    first, second = with_ids([email, fork], fresh=True)
    assert first["id"] != "aaa"
    assert second["value"]["conditions"][0]["value"]["step"] == first["id"]
    assert with_ids([email, fork]) == [email, fork]
