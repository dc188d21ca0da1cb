from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from wagtail.models import Locale
from wagtail.test.utils.form_data import nested_form_data, streamfield

from wagtail_journeys import jobs
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.segments import receivers
from wagtail_journeys.segments.conditions import registry
from wagtail_journeys.segments.conditions.base import Condition
from wagtail_journeys.segments.models import Membership, Segment
from wagtail_journeys.streams import with_ids

pytestmark = pytest.mark.django_db

NOW = datetime.datetime(2026, 5, 4, 9, 0, tzinfo=datetime.UTC)


def url(name: str, *args: Any) -> str:
    return reverse(Segment.snippet_viewset.get_url_name(name), args=args)


def language(value: str) -> tuple[str, dict[str, str]]:
    return "attribute", {"field": "locale", "attribute": "", "operator": "is", "value": value}


def inside(segment: Segment | None, mode: str = "in") -> tuple[str, dict[str, Any]]:
    return "in_segment", {"mode": mode, "segment": str(segment.pk) if segment else ""}


def form(name: str = "Dutch readers", *rules: tuple[str, Any], **fields: str) -> dict[str, str]:
    return nested_form_data(
        {
            "name": name,
            "description": "",
            "kind": "dynamic",
            "match": "all",
            "rules": streamfield(rules),
            "go_live_at": "",
            "expire_at": "",
            **fields,
        }
    )


def segment_of(name: str, *rules: tuple[str, Any], live: bool = True, **fields: Any) -> Segment:
    stored = with_ids([{"type": kind, "value": value} for kind, value in rules])
    segment = Segment.objects.create(name=name, rules=stored, live=live, **fields)
    segment.save_revision()
    return segment


def asks_for(segment: Segment) -> tuple[str, dict[str, Any]]:
    return "in_segment", {"mode": "in", "segment": segment.pk}


@pytest.fixture
def editor(client: Client) -> Client:
    Locale.objects.get_or_create(language_code="en")
    client.force_login(get_user_model().objects.create_superuser("ed", "ed@example.com", "x"))
    return client


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_a_draft_may_be_unfinished(editor: Client) -> None:
    """A segment with an empty rule is saved as a draft and does not go live."""
    response = editor.post(url("add"), form("Half", language("")))
    segment = Segment.objects.get()
    assert response.status_code == 302
    assert not segment.live
    assert segment.raw_rules[0]["value"]["operator"] == "is"


def test_publishing_makes_it_live_and_asks_for_its_members(editor: Client) -> None:
    """A published segment carries the mark for the pipeline to rebuild it."""
    editor.post(url("add"), form("Dutch", language("nl"), **{"action-publish": "1"}))
    segment = Segment.objects.get()
    assert segment.live
    assert segment.rebuild_requested_at is not None


def test_publishing_wakes_the_cluster(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    """Publishing has a cluster look soon, and connecting the receiver twice does not double anything."""
    woken: list[str] = []
    monkeypatch.setattr(jobs, "_last_wake", 0.0)
    monkeypatch.setattr(jobs, "enqueue", lambda path, *args: woken.append(path))
    receivers.connect()
    receivers.connect()
    segment = segment_of("Dutch", language("nl"), live=False)
    with django_capture_on_commit_callbacks(execute=True):
        segment.save_revision().publish()
    assert woken == [jobs.TICK]


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ([], "Add at least one rule"),
        ([language("")], "Say what to compare with."),
        ([inside(None)], "This field is required."),
        ([("group", {"match": "any", "rules": streamfield([])})], "This field is required."),
    ],
)
def test_what_goes_live_must_be_finished(editor: Client, rules: list[Any], message: str) -> None:
    """Publishing unfinished rules is refused, with the reason beside them."""
    response = editor.post(url("add"), form("Half", *rules, **{"action-publish": "1"}))
    assert response.status_code == 200
    assert message in text_of(response)
    assert not Segment.objects.exists()


def test_a_static_segment_needs_no_rules(editor: Client) -> None:
    """A list kept by hand goes live without rules."""
    editor.post(url("add"), form("List", kind="static", **{"action-publish": "1"}))
    assert Segment.objects.get().live


def test_a_circle_of_segments_is_refused_by_name(editor: Client) -> None:
    """A segment that would ask for itself by way of others is not published, and the error names the way."""
    first = segment_of("First", language("nl"))
    second = segment_of("Second", asks_for(first))
    third = segment_of("Third", asks_for(second))
    response = editor.post(url("edit", first.pk), form("First", inside(third), **{"action-publish": "1"}))
    assert response.status_code == 200
    assert "by way of “Third” → “Second”" in response.context["form"].errors["rules"][0]
    first.refresh_from_db()
    assert first.raw_rules[0]["type"] == "attribute"


def test_asking_for_itself_is_refused(editor: Client) -> None:
    """A segment cannot ask for itself directly either."""
    first = segment_of("First", language("nl"))
    response = editor.post(url("edit", first.pk), form("First", inside(first), **{"action-publish": "1"}))
    assert "The segment asks for itself." in text_of(response)


# --- Preview -------------------------------------------------------------------------------------------------------------


def preview(editor: Client, data: dict[str, str], pk: int | None = None) -> str:
    """Type into the form, then look at the preview panel."""
    address = url("preview_on_edit", pk) if pk else url("preview_on_add")
    posted = editor.post(address, data)
    assert posted.json() == {"is_valid": True, "is_available": True}
    response = editor.get(address, {"in_preview_panel": "true"})
    assert response.status_code == 200
    return text_of(response)


def test_the_preview_counts_and_shows_who_matches(editor: Client) -> None:
    """The panel says how many of all contacts match now, the rules in words, and who for example."""
    Contact.objects.create(
        email="jan@example.com", first_name="Jan", locale="nl", last_seen_at=timezone.now()
    )
    Contact.objects.create(email="eva@example.com", locale="nl-be")
    Contact.objects.create(email="ann@example.com", locale="en")
    page = preview(editor, form("Dutch", language("nl")))
    assert "<strong>2</strong> of 3 contacts match" in page
    assert "A contact who: language is “nl”" in page
    assert "jan<wbr>@example.com" in page
    assert "eva@example.com" in page
    assert "ann@example.com" not in page


def test_the_preview_shows_ten_contacts_at_most(editor: Client) -> None:
    """However many match, the sample has ten."""
    Contact.objects.bulk_create([Contact(email=f"c{n}@example.com", locale="nl") for n in range(25)])
    page = preview(editor, form("Dutch", language("nl")))
    assert page.count("@example.com") == 10


@pytest.mark.parametrize(
    ("rules", "place"),
    [
        (
            [language("nl"), language("")],
            "Rule 2 (Contact field or attribute): Value: Say what to compare with.",
        ),
        ([inside(None)], "Rule 1 (In another segment): Segment: This field is required."),
        (
            [
                (
                    "event",
                    {
                        "did": "did",
                        "event": "",
                        "page": "",
                        "section": "",
                        "document": "",
                        "properties": {"count": "0"},
                        "occasion": "any",
                        "how_often": "at_least",
                        "count": "1",
                        "period": "ever",
                        "amount": "",
                        "unit": "days",
                        "start": "",
                        "end": "",
                        "total_of": "",
                        "total": "",
                    },
                )
            ],
            "Rule 1 (Did or did not do): Event: This field is required.",
        ),
        (
            [("group", {"match": "all", "rules": streamfield([])})],
            "Rule 1 (Group): Rules: This field is required.",
        ),
        (
            [("group", {"match": "all", "rules": streamfield([language("")])})],
            "Rule 1 (Group): Rules: Rule 1 (Contact field or attribute): Value: Say what to compare with.",
        ),
    ],
)
def test_unfinished_rules_are_a_box_not_an_error(editor: Client, rules: list[Any], place: str) -> None:
    """While rules are unfinished the preview says which ones and what they lack, and shows no number."""
    page = preview(editor, form("Half", *rules))
    assert "Not finished yet" in page
    assert place in page
    assert "contacts match" not in page


def test_a_new_segment_without_rules_has_a_preview(editor: Client) -> None:
    """Before the first rule the panel says what will appear there."""
    assert "No rules yet." in preview(editor, form("New"))


class Failing(Condition):
    """A host site's condition with a defect in it."""

    key = "failing"
    label = "Failing"

    def q(self, params: Any, now: datetime.datetime) -> Any:
        raise RuntimeError("a defect of the site")

    def describe(self, params: Any) -> str:
        raise RuntimeError("a defect of the site")


def test_a_condition_that_fails_is_a_box(
    editor: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A condition that raises leaves a readable preview, and its traceback in the log."""
    monkeypatch.setitem(registry._kinds, "attribute", Failing())
    page = preview(editor, form("Dutch", language("nl")))
    assert "These rules cannot be asked" in page
    assert "A contact who: …" in page
    assert "a defect of the site" in caplog.text


def test_a_static_segment_says_how_many_are_on_the_list(editor: Client) -> None:
    """The preview of a list kept by hand counts its open memberships."""
    segment = segment_of("List", kind=Segment.Kind.STATIC)
    for number in range(3):
        contact = Contact.objects.create(email=f"c{number}@example.com")
        Membership.objects.create(
            segment=segment, contact=contact, entered_at=NOW, left_at=NOW if number == 2 else None
        )
    page = preview(editor, form("List", kind="static"), segment.pk)
    assert "<strong>2</strong> contacts are on the list" in page
    assert "c0@example.com" in page
    assert "c2@example.com" not in page


def test_contacts_are_shown_to_those_who_may_see_contacts(client: Client) -> None:
    """An editor of segments without rights on contacts sees the number, and no names."""
    Contact.objects.create(email="jan@example.com", locale="nl")
    user = get_user_model().objects.create_user("seg", "seg@example.com", "x")
    names = ["access_admin", "add_segment", "change_segment"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(user)
    page = preview(client, form("Dutch", language("nl")))
    assert "<strong>1</strong> of 1 contacts matches" in page
    assert "jan@example.com" not in page
    assert "You are not allowed to see contacts" in page


def test_what_editors_type_is_escaped_in_the_preview(editor: Client) -> None:
    """Markup in names and values is shown, not executed."""
    page = preview(editor, form("<script>a</script>", language("<script>b</script>")))
    assert "<script>" not in page
    assert "&lt;script&gt;b" in page


# --- Listing, copy, delete -----------------------------------------------------------------------------------------------


def test_the_listing_tells_the_segments(editor: Client) -> None:
    """Each line has the name, the members now, and the rules as a sentence."""
    segment = segment_of("Dutch", language("nl"))
    contact = Contact.objects.create(email="jan@example.com")
    Membership.objects.create(segment=segment, contact=contact, entered_at=NOW, left_at=NOW)
    Membership.objects.create(segment=segment, contact=contact, entered_at=NOW)
    page = text_of(editor.get(url("list")))
    assert "language is “nl”" in page
    assert editor.get(url("list")).context["object_list"][0].members == 1


def test_the_listing_costs_the_same_for_many_segments(
    editor: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """The members of all segments are counted in one statement."""
    segment_of("first", language("nl"))
    editor.get(url("list"))
    with django_assert_max_num_queries(100) as few:
        editor.get(url("list"))
    for number in range(8):
        segment_of(f"s{number}", language("nl"))
    with django_assert_max_num_queries(len(few)):
        editor.get(url("list"))


def test_without_segments_the_listing_says_what_they_are(editor: Client) -> None:
    """The empty state explains segments and offers to make one."""
    page = text_of(editor.get(url("list")))
    assert "No segments yet" in page
    assert f'href="{url("add")}"' in page


def test_the_editor_offers_event_names(editor: Client) -> None:
    """The fields for event names ask the catalogue, by way of one script."""
    page = text_of(editor.get(url("add")))
    assert page.count("wagtail_journeys/suggest.js") == 1
    assert "wj-suggest" in page
    assert reverse("journeys_event_suggestions") in page


def test_a_copy_has_rules_with_ids_of_their_own(editor: Client) -> None:
    """Copying a segment keeps what its rules say and gives them new ids."""
    segment = segment_of("Dutch", language("nl"))
    copied = editor.get(url("copy", segment.pk)).context["form"].instance
    assert [rule["value"]["value"] for rule in copied.raw_rules] == ["nl"]
    assert copied.raw_rules[0]["id"] != segment.raw_rules[0]["id"]


def test_a_segment_that_another_asks_for_is_not_deleted(editor: Client) -> None:
    """Deleting it is refused with a message that names the other; deleting both at once is allowed."""
    asked = segment_of("Asked", language("nl"))
    other = segment_of("Other", asks_for(asked))
    response = editor.post(url("delete", asked.pk), follow=True)
    assert "“Asked” cannot be deleted: it is asked for in the segment “Other”." in text_of(response)
    assert Segment.objects.filter(pk=asked.pk).exists()
    bulk = reverse("wagtail_bulk_action", args=["wagtail_journeys", "segment", "delete"])
    editor.post(f"{bulk}?id={asked.pk}&id={other.pk}")
    assert not Segment.objects.exists()


def test_the_form_says_what_uses_the_segment(editor: Client) -> None:
    """With a way there; a segment that nothing uses says so."""
    used = segment_of("Dutch", language("nl"))
    other = segment_of("Dutch buyers", asks_for(used))
    said = editor.get(url("edit", used.pk)).content.decode()
    assert f'<a href="{url("edit", other.pk)}">Dutch buyers</a>' in said
    assert "Nothing uses this segment yet." in editor.get(url("edit", other.pk)).content.decode()
