"""What publishing a segment does is told before it is done."""

from __future__ import annotations

import datetime

import pytest
from django.test import Client
from django.urls import reverse

from tests.scenarios.story import Story, on_entering, on_event, speaks, wait
from tests.segments.test_editor import editor, segment_of  # noqa: F401  editor is a fixture
from tests.segments.test_explain import posted, typed
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.exceptions import TooSlow
from wagtail_journeys.segments import counting, publishing
from wagtail_journeys.segments.models import Membership, Segment
from wagtail_journeys.streams import with_ids

pytestmark = pytest.mark.django_db

NOW = datetime.datetime(2026, 5, 4, 9, 0, tzinfo=datetime.UTC)


def people(**numbers: int) -> None:
    """``people(nl=3, en=2)``: so many contacts with the language."""
    for language, number in numbers.items():
        for n in range(number):
            Contact.objects.create(email=f"{language}{n}@example.com", locale=language)


def members(segment: Segment, language: str) -> None:
    for contact in Contact.objects.filter(locale=language):
        Membership.objects.create(segment=segment, contact=contact, entered_at=NOW)


def dialog(client: Client, data: dict[str, str], segment: Segment | None = None) -> str:
    """What the question says; "" when nothing is asked."""
    query = f"?segment={segment.pk}" if segment else ""
    response = client.post(reverse("journeys_segment_effect") + query, data)
    assert response.status_code == 200
    html = " ".join(response.json().get("html", "").split())
    return html.replace("<strong>", "").replace("</strong>", "")


def test_a_new_segment_says_how_many_will_belong(editor: Client) -> None:  # noqa: F811
    """Before the first publication there is nobody to leave."""
    people(nl=3, en=2)
    assert "3 contacts will belong" in dialog(editor, posted(typed("nl")))
    assert "1 contact will belong" not in dialog(editor, posted(typed("nl")))


def test_an_edit_says_who_enters_and_who_leaves(editor: Client) -> None:  # noqa: F811
    """The difference to those who belong now, not the new number."""
    people(nl=3, en=2, de=4)
    segment = segment_of("Speakers", typed("nl"))
    members(segment, "nl")
    members(segment, "en")
    said = dialog(editor, posted(typed("de")), segment)
    assert "+4 / −5" in said
    assert "4 contacts enter" in said
    assert "5 contacts leave" in said


def test_nothing_to_ask_about(editor: Client) -> None:  # noqa: F811
    """A list kept by hand, unfinished rules, no rules and a form that makes no sense are published, or refused, as ever."""
    assert dialog(editor, {**posted(typed("nl")), "kind": "static"}) == ""
    assert dialog(editor, posted(typed(""))) == ""
    assert dialog(editor, posted()) == ""
    assert dialog(editor, {"rules-count": "x"}) == ""


def test_those_inside_campaigns_and_those_who_start() -> None:
    """Of those who leave, the ones on their way in a campaign that uses the segment; and what entering starts."""
    story = Story()
    segment = story.segment("Dutch", speaks("nl"))
    story.campaign("Welcome", on_entering(segment), wait(3))
    story.campaign("Others", on_event("signed_up"), wait(3))
    story.campaign("Goodbye", {"type": "segment_left", "value": {"segment": segment.pk}}, wait(3))
    for name in ("a", "b"):
        story.visitor(f"{name}@example.com").says(locale="nl")
    Contact.objects.create(email="outside@example.com", locale="nl")
    story.contact("c@example.com", locale="de")
    found = publishing.effect(segment.pk, "all", [{**speaks("de"), "id": "x"}], story.now)
    assert not found.first
    assert (found.entering, found.leaving) == (1, 2)
    assert found.campaigns.contacts == 2
    starts = {(start.name, start.entering, start.contacts) for start in found.campaigns.starts}
    assert starts == {("Welcome", True, 1), ("Goodbye", False, 2)}


def test_what_the_dialog_says_comes_true() -> None:
    """An edit counts as entering: the campaign starts for those who enter by it, as the dialog said."""
    story = Story()
    segment = story.segment("Dutch", speaks("nl"))
    campaign = story.campaign("Welcome", on_entering(segment), wait(3))
    person = story.contact("c@example.com", locale="de")
    rules = with_ids([speaks("de")])
    told = publishing.effect(segment.pk, "all", rules, story.now)
    Segment.objects.filter(pk=segment.pk).update(rules=rules, rebuild_requested_at=story.now)
    story.after(minutes=1)
    assert told.entering == len(person.journeys(campaign)) == 1


def test_segments_that_follow_are_named(editor: Client) -> None:  # noqa: F811
    """A segment that asks for this one changes with it."""
    people(nl=1)
    segment = segment_of("Inner", typed("nl"))
    segment_of("Outer", ("in_segment", {"mode": "in", "segment": segment.pk}))
    assert "change with it: Outer" in dialog(editor, posted(typed("nl")), segment)


def test_numbers_that_take_too_long_are_an_estimate(
    editor: Client,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The dialog says what a sample says, and that it is an estimate."""
    people(nl=3)
    segment = segment_of("Speakers", typed("nl"))
    members(segment, "nl")

    class Never:
        def __init__(self, seconds: float) -> None:
            self.seconds = seconds

        def __enter__(self) -> None:
            if self.seconds == publishing.EXACT_SECONDS:
                raise TooSlow

        def __exit__(self, *error: object) -> None:
            pass

    monkeypatch.setattr(publishing, "budget", Never)
    monkeypatch.setattr(
        counting, "count", lambda *args: counting.Count(24_000, 1_000_000, False, 700, 20_000)
    )
    said = dialog(editor, posted(typed("nl")), segment)
    assert "About 24,000 contacts will belong" in said
    assert "3 belong now" in said
    monkeypatch.setattr(counting, "count", lambda *args: counting.Count(None, 1_000_000, False))
    assert "take too long to count" in dialog(editor, posted(typed("nl")), segment)
