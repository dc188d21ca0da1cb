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
