"""Pausing, stopping, ending … in the admin: who may, what the page says, what the log keeps; approval and locks."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.models import GroupApprovalTask, Workflow, WorkflowContentType, WorkflowTask

from tests.campaigns.test_editor import downloads, form
from tests.campaigns.test_editor import send as typed_send
from tests.campaigns.test_editor import wait as typed_wait
from tests.scenarios.story import Story, on_event, points, wait
from wagtail_journeys.campaigns.states import Phase
from wagtail_journeys.contacts.models import Topic
from wagtail_journeys.exceptions import CannotGoLive
from wagtail_journeys.models import Campaign, Journey

pytestmark = pytest.mark.django_db

MAY = ["add", "change", "view", "publish"]


def url(name: str, *args: Any) -> str:
    return reverse(Campaign.snippet_viewset.get_url_name(name), args=args)


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def person(name: str, *actions: str, groups: tuple[Group, ...] = ()) -> Any:
    """Somebody who may do this with campaigns."""
    user = get_user_model().objects.create_user(name, f"{name}@example.com", "x")
    user.user_permissions.add(Permission.objects.get(codename="access_admin"))
    user.user_permissions.add(
        *Permission.objects.filter(codename__in=[f"{action}_campaign" for action in actions])
    )
    user.groups.set(groups)
    return user


def browser_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.fixture
def campaign(story: Story) -> Campaign:
    """Two contacts wait in it, one of them for longer."""
    story.now = timezone.now() - datetime.timedelta(days=2)
    campaign = story.campaign("Welcome", on_event("page_view"), wait(10), wait(1))
    campaign.save_revision()
    for name in ("kim", "ada"):
        story.contact(f"{name}@example.com").did("page_view")
    return campaign


def overdue(story: Story, number: int) -> None:
    """So many journeys of the paused campaign became due an hour after it was paused."""
    due = list(Journey.objects.values_list("pk", flat=True)[:number])
    Campaign.objects.update(paused_at=story.now + datetime.timedelta(hours=1))
    Journey.objects.filter(pk__in=due).update(due_at=story.now + datetime.timedelta(hours=2))


def test_the_page_asks_with_numbers_and_then_does_it(campaign: Campaign) -> None:
    """Looking changes nothing; the button does, and says what it has done."""
    client = browser_of(person("pat", *MAY))
    page = text_of(client.get(url("pause", campaign.pk)))
    assert "Pause this campaign?" in page
    assert "<dt>Inside now</dt><dd>2</dd>" in page
    assert Campaign.objects.get().phase == Phase.LIVE
    response = client.post(url("pause", campaign.pk), {"next": url("list")}, follow=True)
    assert response.redirect_chain == [(url("list"), 302)]
    assert "“Welcome” is paused. 2 contacts stay where they are." in text_of(response)
    assert Campaign.objects.get().phase == Phase.PAUSED
    history = text_of(client.get(url("history", campaign.pk)))
    assert "Paused, with 2 inside" in history


def test_resuming_asks_about_those_who_are_overdue(campaign: Campaign, story: Story) -> None:
    """The choice is on the page where somebody is, and is kept to."""
    client = browser_of(person("pat", *MAY))
    client.post(url("pause", campaign.pk))
    assert 'name="overdue"' not in text_of(client.get(url("resume", campaign.pk)))
    overdue(story, 1)
    page = text_of(client.get(url("resume", campaign.pk)))
    assert "What becomes of the 1 contact that is overdue?" in page
    answer = client.post(url("resume", campaign.pk), {"overdue": "exit", "next": url("list")}, follow=True)
    assert "“Welcome” goes on. 1 contact goes on. 1 was overdue. 1 contact left." in text_of(answer)
    assert Journey.objects.filter(state=Journey.State.EXITED).count() == 1


def test_an_address_elsewhere_is_not_followed(campaign: Campaign) -> None:
    """``next`` leads back into the site or to the campaign."""
    client = browser_of(person("pat", *MAY))
    response = client.post(url("pause", campaign.pk), {"next": "https://example.com/"})
    assert response.url == url("edit", campaign.pk)


@pytest.mark.parametrize("name", ["pause", "resume", "stop", "end", "archive", "restore"])
def test_each_needs_the_permission_to_publish(campaign: Campaign, name: str) -> None:
    """Whoever may only edit neither sees nor does it."""
    client = browser_of(person("eve", "add", "change", "view"))
    for response in (client.get(url(name, campaign.pk)), client.post(url(name, campaign.pk))):
        assert response.url == reverse("wagtailadmin_home")
    assert Campaign.objects.get().phase == Phase.LIVE
    assert url("pause", campaign.pk) not in text_of(client.get(url("list")))
    assert url("pause", campaign.pk) not in text_of(client.get(url("edit", campaign.pk)))


def test_what_may_be_done_is_offered(campaign: Campaign) -> None:
    """In the list and in the editor, and nothing else."""
    client = browser_of(person("pat", *MAY))
    for page in (url("list"), url("edit", campaign.pk)):
        found = text_of(client.get(page))
        offered = [
            name
            for name in ("pause", "resume", "stop", "end", "archive", "restore")
            if url(name, campaign.pk) in found
        ]
        assert offered == ["pause", "stop", "end"]


def test_what_cannot_be_done_says_why(campaign: Campaign) -> None:
    """The page has no button then, and a POST changes nothing."""
    client = browser_of(person("pat", *MAY))
    page = text_of(client.get(url("archive", campaign.pk)))
    assert "It is live. End it first" in page
    assert "Yes, archive it" not in page
    answer = client.post(url("archive", campaign.pk), follow=True)
    assert "It is live. End it first" in text_of(answer)
    assert Campaign.objects.get().phase == Phase.LIVE


def test_the_archive_is_out_of_the_list(campaign: Campaign) -> None:
    """A filter shows it."""
    client = browser_of(person("pat", *MAY))
    client.post(url("end", campaign.pk))
    client.post(url("archive", campaign.pk))
    assert Campaign.objects.get().phase == Phase.ARCHIVED
    assert "Welcome" not in [str(row) for row in client.get(url("list")).context["object_list"]]
    shown = client.get(url("list"), {"phase": "archived"}).context["object_list"]
    assert [str(row) for row in shown] == ["Welcome"]


# --- locks and approval ----------------------------------------------------------------------------------------------------


def test_a_campaign_that_a_colleague_has_locked_is_left_alone(campaign: Campaign) -> None:
    """As Wagtail does: nobody else pauses it, whoever locked it may."""
    pat, lee = person("pat", *MAY), person("lee", *MAY)
    Campaign.objects.update(locked=True, locked_by=lee, locked_at=timezone.now())
    answer = browser_of(pat).post(url("pause", campaign.pk), follow=True)
    assert "was locked by" in text_of(answer)
    assert Campaign.objects.get().phase == Phase.LIVE
    browser_of(lee).post(url("pause", campaign.pk))
    assert Campaign.objects.get().phase == Phase.PAUSED


def test_a_campaign_goes_live_by_approval(db: None, story: Story) -> None:
    """An editor submits it, a moderator approves, and contacts enter."""
    moderators = Group.objects.create(name="Campaign moderators")
    task = GroupApprovalTask.objects.create(name="Campaigns")
    task.groups.set([moderators])
    workflow = Workflow.objects.create(name="Campaigns")
    WorkflowTask.objects.create(workflow=workflow, task=task, sort_order=1)
    WorkflowContentType.objects.create(
        workflow=workflow, content_type=ContentType.objects.get_for_model(Campaign)
    )
    topic = Topic.objects.create(name="News", slug="news", mode=Topic.Mode.OPT_OUT)
    eve = person("eve", "add", "change", "view")
    mo = person("mo", "change", "view", "publish", groups=(moderators,))
    sent = form([downloads("page_view")], [typed_wait("1")], topic=str(topic.pk), **{"action-submit": "1"})
    assert browser_of(eve).post(url("add"), sent).status_code == 302
    campaign = Campaign.objects.get()
    assert not campaign.live
    state = campaign.current_workflow_task_state
    approve = reverse(
        Campaign.snippet_viewset.get_url_name("workflow_action"), args=[campaign.pk, "approve", state.pk]
    )
    browser_of(mo).post(approve, {"comment": "Good"})
    assert Campaign.objects.get().phase == Phase.LIVE
    story.now = timezone.now()
    kim = story.contact("kim@example.com")
    kim.did("page_view")
    assert kim.path(campaign) == ["wait:"]


def test_ignoring_topics_by_other_ways_than_the_review(db: None, story: Story) -> None:
    """Who may publish, but nothing that ignores topics, takes no topic away, submits and approves no such campaign; who may
    does.
    """
    moderators = Group.objects.create(name="Campaign moderators")
    task = GroupApprovalTask.objects.create(name="Campaigns")
    task.groups.set([moderators])
    workflow = Workflow.objects.create(name="Campaigns")
    WorkflowTask.objects.create(workflow=workflow, task=task, sort_order=1)
    WorkflowContentType.objects.create(
        workflow=workflow, content_type=ContentType.objects.get_for_model(Campaign)
    )
    topic = Topic.objects.create(name="News", slug="news", mode=Topic.Mode.OPT_OUT)
    template = story.template("Hello")
    careful, bold = person("eve", *MAY, groups=(moderators,)), person("bo", *MAY, groups=(moderators,))
    bold.user_permissions.add(Permission.objects.get(codename="ignore_topics_campaign"))

    def sent(user: Any, to: str, **fields: str) -> Any:
        return browser_of(user).post(to, form([downloads("page_view")], [typed_send(template)], **fields))

    def draft() -> Campaign:
        return Campaign.objects.get().get_latest_revision_as_object()

    refused = "You may not publish campaigns that ignore topics"
    assert sent(careful, url("add"), topic=str(topic.pk)).status_code == 302
    edit = url("edit", Campaign.objects.get().pk)
    assert refused in text_of(sent(careful, edit))
    assert draft().topic == topic
    assert refused in text_of(sent(careful, edit, **{"action-submit": "1"}))
    sent(bold, edit, **{"action-submit": "1"})
    assert draft().topic is None

    state = Campaign.objects.get().current_workflow_task_state
    approve = reverse(
        Campaign.snippet_viewset.get_url_name("workflow_action"),
        args=[Campaign.objects.get().pk, "approve", state.pk],
    )
    assert refused in text_of(browser_of(careful).post(approve, {"comment": "Good"}, follow=True))
    assert Campaign.objects.get().workflow_in_progress
    with pytest.raises(CannotGoLive):
        draft().get_latest_revision().publish(user=careful)
    assert not Campaign.objects.get().live
    browser_of(bold).post(approve, {"comment": "Good"})
    assert Campaign.objects.get().live


def test_several_at_once_in_the_list(story: Story) -> None:
    """The question has the numbers of each; who is late is asked about; what is not possible is named and left alone."""
    ours = [story.campaign(f"C{n}", on_event("page_view"), wait(1), points(1)) for n in range(2)]
    draft = Campaign.objects.create(name="Draft", live=False)
    story.contact("kim@example.com").did("page_view")
    pat, eve = browser_of(person("pat", *MAY)), browser_of(person("eve", "change", "view"))

    def bulk(transition: str) -> str:
        base = reverse("wagtail_bulk_action", args=["wagtail_journeys", "campaign", transition])
        ids = "&".join(f"id={campaign.pk}" for campaign in (*ours, draft))
        return f"{base}?next={url('list')}&{ids}"

    assert [f"/{name}/" in text_of(pat.get(url("list"))) for name in ("pause", "resume", "stop", "end")] == [
        True
    ] * 4
    said = text_of(pat.get(bulk("pause")))
    assert "Pause these campaigns?" in said
    assert "It is not live: publish it first." in said
    assert "What becomes of" not in said
    said = text_of(pat.post(bulk("pause"), follow=True))
    assert "Pause: done with 2 campaigns." in said
    assert "not possible for “Draft”" in said
    assert [campaign.phase for campaign in Campaign.objects.order_by("pk")] == [Phase.PAUSED] * 2 + [
        Phase.DRAFT
    ]

    Journey.objects.update(due_at=timezone.now())
    Campaign.objects.filter(live=True).update(paused_at=timezone.now() - datetime.timedelta(hours=1))
    assert "What becomes of contacts that are overdue?" in text_of(pat.get(bulk("resume")))
    said = text_of(pat.post(bulk("resume"), {"overdue": "exit"}, follow=True))
    assert "Resume: done with 2 campaigns. 2 contacts left." in said
    assert not Journey.objects.filter(state=Journey.State.ACTIVE).exists()

    said = text_of(eve.get(bulk("end")))
    assert "You may not publish these campaigns" in said
    eve.post(bulk("end"))
    assert {campaign.phase for campaign in Campaign.objects.filter(live=True)} == {Phase.LIVE}


def test_publishing_without_a_topic_is_in_the_log(campaign: Campaign) -> None:
    """Whoever looks at the history sees that it ignores what contacts agreed to."""
    client = browser_of(person("pat", *MAY))
    assert "Published without a topic" in text_of(client.get(url("history", campaign.pk)))
