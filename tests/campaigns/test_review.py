"""The review between a draft and going live: what it says, and that nothing goes live without it."""

from __future__ import annotations

import datetime
import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from tests.campaigns.test_editor import PUBLISH, downloads, editor, form, send, template, url, wait  # noqa: F401
from tests.scenarios import story as told
from tests.scenarios.story import Story, branch, locale, on_entering, on_event, speaks, until
from wagtail_journeys.campaigns import timetable
from wagtail_journeys.campaigns.checks import Draft
from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.contacts.models import Contact, Topic
from wagtail_journeys.emails.models import EmailTemplate
from wagtail_journeys.journeys import review
from wagtail_journeys.journeys.models import Journey
from wagtail_journeys.segments.models import Segment
from wagtail_journeys.streams import with_ids

pytestmark = pytest.mark.django_db


def words(response: Any) -> str:
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return " ".join(text.replace("&#x27;", "'").split())


def drafted(trigger: dict[str, Any], *steps: dict[str, Any], **fields: Any) -> Campaign:
    fields["filters"] = with_ids(list(fields.get("filters") or []))
    campaign = Campaign(
        name="Series", live=False, trigger=with_ids([trigger]), steps=with_ids(list(steps)), **fields
    )
    campaign.save()
    campaign.save_revision()
    return campaign


def confirm(editor: Client, campaign: Campaign, **choices: str) -> Any:  # noqa: F811
    campaign.refresh_from_db()
    data = {"revision": str(campaign.latest_revision_id), **choices}
    return editor.post(url("review", campaign.pk), data, follow=True)


def test_publish_opens_the_review_and_the_review_publishes(editor: Client) -> None:  # noqa: F811
    """From a new campaign to a live one, without a line of JavaScript."""
    response = editor.post(url("add"), form([downloads()], [wait()], **PUBLISH))
    campaign = Campaign.objects.get()
    assert response.url == url("review", campaign.pk)
    assert not campaign.live
    page = words(editor.get(response.url))
    assert "Mend these first" not in page
    assert "“Series” is published" not in page
    confirm(editor, campaign)
    campaign.refresh_from_db()
    assert campaign.live


def test_errors_come_first_with_links_to_their_place_and_nothing_goes_live(editor: Client) -> None:  # noqa: F811
    """A draft with errors is kept as it is; the review lists them, and refuses a publication that is sent all the same."""
    response = editor.post(url("add"), form([downloads()], [wait(), send(None)], **PUBLISH), follow=True)
    campaign = Campaign.objects.get()
    step = campaign.get_latest_revision_as_object().raw_steps[1]["id"]
    address = f"{url('edit', campaign.pk)}?check=1"
    assert f'href="{address}#:w:contentpath=steps.{step}"' in response.content.decode()
    assert "step has no template." in editor.get(address).content.decode()
    page = words(response)
    assert "Mend these first (1)" in page
    assert page.index("Mend these first") < page.index("Have a look at these")
    assert "Go back and mend it" in page
    assert "Mend what is listed first" in words(confirm(editor, campaign))
    campaign.refresh_from_db()
    assert not campaign.live


def test_a_draft_that_was_changed_meanwhile_is_looked_at_again(editor: Client) -> None:  # noqa: F811
    """What is published is what was on the page."""
    campaign = drafted(on_event("page_view"), told.wait(1))
    old = str(campaign.latest_revision_id)
    campaign.save_revision()
    response = editor.post(url("review", campaign.pk), {"revision": old}, follow=True)
    assert "was changed after you opened this page" in words(response)
    campaign.refresh_from_db()
    assert not campaign.live


def test_publishing_needs_its_permission(client: Client) -> None:
    """Who may only change campaigns reads the review and has no button; sending the form anyway is forbidden."""
    campaign = drafted(on_event("page_view"), told.wait(1))
    group = Group.objects.create(name="Writers")
    group.permissions.add(Permission.objects.get(codename="change_campaign"))
    group.permissions.add(Permission.objects.get(codename="access_admin"))
    writer = get_user_model().objects.create_user("w", "w@example.com", "x")
    writer.groups.add(group)
    client.force_login(writer)
    assert "needs somebody who may publish" in words(client.get(url("review", campaign.pk)))
    client.post(url("review", campaign.pk), {"revision": str(campaign.latest_revision_id)})
    campaign.refresh_from_db()
    assert not campaign.live
    nobody = get_user_model().objects.create_user("n", "n@example.com", "x")
    nobody.user_permissions.add(Permission.objects.get(codename="access_admin"))
    client.force_login(nobody)
    assert client.get(url("review", campaign.pk)).status_code == 302


def test_a_date_in_the_future_is_scheduled_by_the_review(editor: Client) -> None:  # noqa: F811
    """The button says when; it goes on the schedule, and is not live yet."""
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=3)
    campaign = drafted(on_event("page_view"), told.wait(1), go_live_at=soon)
    assert "Schedule for" in words(editor.get(url("review", campaign.pk)))
    assert "will go live as scheduled" in words(confirm(editor, campaign))
    campaign.refresh_from_db()
    assert not campaign.live
    assert campaign.scheduled_revision is not None


def test_who_how_many_and_with_which_consent(editor: Client, template: EmailTemplate) -> None:  # noqa: F811
    """Audience with its topic, the history of the trigger, and languages that are missing with who speaks them."""
    locale("nl")
    topic = Topic.objects.create(name="News", slug="news", mode="opt_in")
    for number in range(4):
        Contact.objects.create(email=f"c{number}@example.com", locale="nl" if number else "de")
    send_it = told.send(template)
    campaign = drafted(on_event("signed_up"), send_it, filters=[speaks("nl")], topic=topic)
    page = words(editor.get(url("review", campaign.pk)))
    assert "3 of 4 contacts match the filters. 0 of these may get “News”." in page
    assert "No history: what starts the campaign has not happened" in page
    assert "“Welcome” is not there in Dutch, which 3 contacts speak." in page
    assert "transactional" not in page
    Campaign.objects.update(topic=None)
    campaign.topic = None
    campaign.save_revision()
    assert "No topic: the emails are transactional" in words(editor.get(url("review", campaign.pk)))


def test_the_first_hour_is_expected_from_history() -> None:
    """The events that would have started it, those with its filters only, and the busiest hour."""
    story = Story()
    for number in range(6):
        person = story.contact(f"c{number}@example.com")
        person.did("signed_up", properties={"plan": "pro" if number < 4 else "free"})
        story.after(minutes=10 if number < 2 else 120)
    asked = {"type": "item", "value": {"property": "plan", "operator": "is", "value": "pro"}}
    campaign = drafted(on_event("signed_up", properties=[asked]), told.wait(1))
    found = review.volume(Draft.of(campaign, story.now))
    assert (found.number, found.busiest, found.an_hour) == (4, 3, 1)
    segment = story.segment("Dutch", speaks("nl"))
    story.visitor("nl@example.com").says(locale="nl")
    assert review.volume(Draft.of(drafted(on_entering(segment), told.wait(1)), story.now)).number == 1
    assert not review.volume(Draft.of(drafted(told.when_added(), told.wait(1)), story.now)).known


def test_worked_dates_in_three_zones(template: EmailTemplate) -> None:  # noqa: F811
    """Each contact's own clock, over a change of the clocks; an arm with emails is gone along; waits say their latest end."""
    now = datetime.datetime(2026, 3, 27, 12, 0, tzinfo=datetime.UTC)  # the Friday before the European change
    steps = [
        told.wait(3, at="09:00:00"),
        branch(
            speaks("nl"), yes=[], no=[told.send(template), until(speaks("de"), amount=2), told.send(template)]
        ),
    ]
    campaign = drafted(on_event("page_view"), *steps)
    table = timetable.timetable(Draft.of(campaign, now), list(timetable.EXAMPLES))
    waited, first, latest, second = table.rows
    moments = [stop.at for stop in waited.stops]
    assert [moment and moment.isoformat() for moment in moments] == [
        "2026-03-30T07:00:00+00:00",  # summer time in Amsterdam
        "2026-03-30T13:00:00+00:00",
        "2026-03-30T03:15:00+00:00",
    ]
    assert first.is_message
    assert [stop.at for stop in first.stops] == moments
    assert all(stop.latest for stop in latest.stops)
    assert second.stops[0].at == datetime.datetime(2026, 4, 1, 7, 0, tzinfo=datetime.UTC)
    assert "09:00" in waited.stops[2].words


def test_dates_are_those_of_the_engine(template: EmailTemplate) -> None:  # noqa: F811
    """What the table says comes true."""
    story = Story()
    campaign = story.campaign("C", on_event("page_view"), told.wait(2, at="09:00:00"), told.wait(5, "hours"))
    table = timetable.timetable(Draft(campaign, story.now), ["Asia/Kathmandu"])
    story.contact("kim@example.com", time_zone="Asia/Kathmandu").did("page_view")
    assert Journey.objects.get().due_at == table.rows[0].stops[0].at
    story.after(days=3)
    assert table.rows[1].stops[0].at == table.rows[0].stops[0].at + datetime.timedelta(hours=5)


def test_those_who_are_in_the_segment_already(editor: Client) -> None:  # noqa: F811
    """Only future ones unless the editor chooses otherwise; asked only when the campaign begins."""
    story = Story()
    segment = story.segment("Dutch", speaks("nl"))
    for number in range(2):
        story.visitor(f"c{number}@example.com").says(locale="nl")
    campaign = drafted(on_entering(segment), told.wait(1))
    assert "The 2 contacts in it now start the campaign as well." in words(
        editor.get(url("review", campaign.pk))
    )
    confirm(editor, campaign, present="also")
    story.now = datetime.datetime.now(datetime.UTC)
    story.run()
    assert Journey.objects.filter(campaign=campaign).count() == 2
    assert "in it now" not in words(editor.get(url("review", campaign.pk)))


@pytest.mark.parametrize(
    ("choice", "path"),
    [
        ({}, ["wait:skipped"]),
        ({"inside_removed": "exit"}, ["wait:exited"]),
        ({"inside_follow": "old", "inside_removed": "exit"}, ["wait:"]),
    ],
)
def test_an_edit_says_what_becomes_of_those_inside_and_does_what_is_chosen(
    editor: Client,  # noqa: F811
    choice: dict[str, str],
    path: list[str],
) -> None:
    """A removed step with somebody at it: numbers, and the three ways (P3)."""
    story = Story()
    campaign = story.campaign("Series", on_event("page_view"), told.wait(5), told.wait(1))
    kim = story.contact("kim@example.com")
    kim.did("page_view")
    campaign = Campaign.objects.get(pk=campaign.pk)
    campaign.steps = campaign.raw_steps[1:]
    campaign.save_revision()
    page = words(editor.get(url("review", campaign.pk)))
    assert "1 contact is inside now." in page
    assert "Wait 5 days removed 1 1 0" in page
    assert "The 1 contact at a step that is removed" in page
    confirm(editor, campaign, **choice)
    assert kim.path(campaign)[: len(path)] == path
    assert Campaign.objects.get(pk=campaign.pk).live_revision_id == campaign.revisions.latest("pk").pk


def test_an_edit_that_changes_no_step_asks_nothing(editor: Client) -> None:  # noqa: F811
    """Somebody is inside, and nothing changes for them."""
    story = Story()
    campaign = story.campaign("Series", on_event("page_view"), told.wait(5))
    story.contact("kim@example.com").did("page_view")
    Campaign.objects.get(pk=campaign.pk).save_revision()
    page = words(editor.get(url("review", campaign.pk)))
    assert "No step changes for them." in page
    assert "follow the new version" not in page


def test_ignoring_topics_needs_a_permission_of_its_own(client: Client, template: EmailTemplate) -> None:  # noqa: F811
    """Who may publish campaigns, but not such, is told so; with the permission it goes live (C1)."""
    campaign = drafted(on_event("page_view"), told.send(template))
    publisher = get_user_model().objects.create_user("p", "p@example.com", "x")
    for codename in ("change_campaign", "publish_campaign", "access_admin"):
        publisher.user_permissions.add(Permission.objects.get(codename=codename))
    client.force_login(publisher)
    assert "You may not publish campaigns that ignore topics" in words(confirm(client, campaign))
    campaign.refresh_from_db()
    assert not campaign.live
    publisher.user_permissions.add(Permission.objects.get(codename="ignore_topics_campaign"))
    confirm(client, campaign)
    campaign.refresh_from_db()
    assert campaign.live


def test_the_review_does_not_grow_with_the_contacts(
    editor: Client,  # noqa: F811
    template: EmailTemplate,  # noqa: F811
    django_assert_max_num_queries: Any,
) -> None:
    """A campaign with all parts, and two hundred contacts."""
    locale("nl")
    Contact.objects.bulk_create(
        Contact(email=f"c{n}@example.com", locale="nl", time_zone="Europe/Paris") for n in range(200)
    )
    campaign = drafted(on_event("signed_up"), told.wait(1), told.send(template), filters=[speaks("nl")])
    editor.get(url("review", campaign.pk))
    with django_assert_max_num_queries(90):
        editor.get(url("review", campaign.pk))


def test_the_editor_leads_to_the_review(editor: Client) -> None:  # noqa: F811
    """At any time, not only when publishing."""
    campaign = drafted(on_event("page_view"), told.wait(1))
    page = editor.get(url("edit", campaign.pk)).content.decode()
    assert reverse(Campaign.snippet_viewset.get_url_name("review"), args=[campaign.pk]) in page


def test_versions_are_compared_by_their_sentences(editor: Client, template: EmailTemplate) -> None:  # noqa: F811
    """Changed, added, moved into an arm and taken away: readable, step by step; a segment is compared as before."""
    campaign = drafted(
        on_event("page_view"), told.wait(1), branch(speaks("nl"), yes=[told.send(template)]), told.wait(7)
    )
    old = campaign.latest_revision
    first, fork, last = campaign.raw_steps
    changed = {**first, "value": {**first["value"], "amount": 3}}
    sent = fork["value"]["yes"][0]
    sent = {**sent, "value": {**sent["value"], "otherwise": "exit"}}
    fork = {**fork, "value": {**fork["value"], "yes": [sent, *with_ids([told.wait(2)])]}}
    campaign.steps = [changed, fork]
    campaign.filters = with_ids([speaks("nl")])
    new = campaign.save_revision()
    address = reverse(
        Campaign.snippet_viewset.get_url_name("revisions_compare"), args=[campaign.pk, old.pk, new.pk]
    )
    page = editor.get(address).content.decode()
    for expected in (
        '<span class="deletion">Wait 1 day</span> <span class="addition">Wait 3 days</span>',
        'Send “Welcome” <span class="addition">(details changed)</span>',
        '<span class="addition">Wait 2 days</span>',
        '<span class="deletion">Wait 7 days</span>',
        '<span class="addition">language is “nl”</span>',
    ):
        assert expected in page
    segment = Segment.objects.create(name="Dutch", rules=with_ids([speaks("nl")]))
    revisions = [segment.save_revision().pk for _number in range(2)]
    address = reverse(
        Segment.snippet_viewset.get_url_name("revisions_compare"), args=[segment.pk, *revisions]
    )
    assert editor.get(address).status_code == 200
