"""A campaign with errors does not go live, whoever publishes it; a site's CI finds it."""

from __future__ import annotations

import datetime
import json
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from wagtail.log_actions import registry as logs
from wagtail.models import Revision, Workflow

from tests.campaigns.test_editor import downloads, editor, form, url, workflow  # noqa: F401
from tests.campaigns.test_editor import send as typed_send
from tests.scenarios.story import Story, on_event, send, wait
from wagtail_journeys.campaigns.golive import REFUSED
from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.emails.models import EmailTemplate, Notice
from wagtail_journeys.exceptions import CannotGoLive
from wagtail_journeys.streams import with_ids

pytestmark = pytest.mark.django_db


@pytest.fixture
def welcome(db: None) -> EmailTemplate:
    return Story().template("Welcome")


def drafted(*steps: dict[str, Any], **fields: Any) -> Campaign:
    campaign = Campaign(
        name="Series",
        live=False,
        trigger=with_ids([on_event("page_view")]),
        steps=with_ids(list(steps)),
        **fields,
    )
    campaign.save()
    return campaign


def test_code_is_told_what_is_wrong(welcome: EmailTemplate) -> None:
    """Publishing from code raises with the sentences that the editor reads; mended, it goes live."""
    campaign = drafted(send(welcome))
    revision = campaign.save_revision()
    welcome.unpublish()
    with pytest.raises(
        CannotGoLive, match=r"“Series” cannot go live\. The email template “Welcome” is not live"
    ):
        revision.publish()
    assert not Campaign.objects.get().live
    welcome.save_revision().publish()
    revision.publish()
    assert Campaign.objects.get().live


def test_the_clock_does_not_publish_what_has_become_wrong(welcome: EmailTemplate) -> None:
    """Its hour has come and a template is gone: it stays a draft, leaves the schedule, and the editor is told; others go live."""
    planner = get_user_model().objects.create_superuser("ed", "ed@example.com", "x")
    soon = timezone.now() + datetime.timedelta(hours=1)
    wrong, right = drafted(send(welcome), go_live_at=soon), drafted(wait(1), go_live_at=soon)
    for campaign in (wrong, right):
        campaign.save_revision(user=planner).publish(user=planner)
    EmailTemplate.objects.all().update(live=False)
    Revision.objects.filter(approved_go_live_at__isnull=False).update(
        approved_go_live_at=timezone.now() - datetime.timedelta(minutes=1)
    )
    for campaign in (wrong, right):  # its date is in the revision, too
        revision = campaign.revisions.get()
        revision.content["go_live_at"] = None
        revision.save()
    call_command("publish_scheduled", stdout=StringIO())
    wrong.refresh_from_db()
    right.refresh_from_db()
    assert (wrong.live, right.live) == (False, True)
    assert wrong.scheduled_revision is None
    assert [entry.action for entry in logs.get_logs_for_instance(wrong)].count(REFUSED) == 1
    notice = Notice.objects.get()
    assert notice.recipients == "ed@example.com"
    assert "“Series” did not go live as scheduled" in notice.subject
    assert "The email template “Welcome” is not live" in notice.text
    call_command("publish_scheduled", stdout=StringIO())
    assert Notice.objects.count() == 1


def run(*arguments: str) -> tuple[str, int]:
    out, code = StringIO(), 0
    try:
        call_command("check_journeys", *arguments, stdout=out, no_color=True)
    except SystemExit as end:
        code = int(end.code or 0)
    return out.getvalue(), code


def test_check_journeys_looks_at_what_is_live(welcome: EmailTemplate) -> None:
    """It ends with 1 when a live campaign has an error, and names it; drafts only count when they are asked for."""
    drafted().save_revision()
    assert run() == ("0 campaigns looked at: 0 errors, 0 warnings, 0 hints.\n", 0)
    story = Story()
    story.campaign("Fine", on_event("page_view"), wait(1))
    assert run()[1] == 0
    said, code = run("--drafts")
    assert code == 1
    assert "Series" in said
    assert "error: Add at least one step" in said
    story.campaign("Broken", on_event("page_view"), send(welcome))
    EmailTemplate.objects.update(live=False)
    said, code = run()
    assert code == 1
    assert "error: The email template “Welcome” is not live. Publish it first." in said


def test_check_journeys_for_machines() -> None:
    """JSON has every finding with its place; warnings fail only where that is wanted."""
    Story().campaign("Fine", on_event("never_seen"), wait(1))
    said, code = run("--format", "json")
    data = json.loads(said)
    assert code == 0
    assert data["counts"]["error"] == 0
    assert data["counts"]["warning"] >= 1
    (campaign,) = data["campaigns"]
    assert (campaign["name"], campaign["version"]) == ("Fine", "live")
    assert {"level", "message", "field", "block"} == campaign["findings"][0].keys()
    assert run("--fail-level", "warning")[1] == 1


def test_what_has_become_wrong_is_not_approved(
    editor: Client,  # noqa: F811
    workflow: Workflow,  # noqa: F811
    welcome: EmailTemplate,
) -> None:
    """The one who approves reads what is wrong, and it neither goes live nor is approved; mended, it does and is."""
    campaign = drafted(send(welcome))
    campaign.save_revision()
    workflow.start(campaign, get_user_model().objects.get(username="ed"))
    welcome.unpublish()
    address = url("edit", campaign.pk)
    data = form(
        [downloads()],
        [typed_send(welcome)],
        **{"action-workflow-action": "1", "workflow-action-name": "approve"},
    )
    response = editor.post(address, data)
    assert "is not live. Publish it first." in response.content.decode()
    campaign.refresh_from_db()
    assert not campaign.live
    assert campaign.workflow_in_progress
    welcome.save_revision().publish()
    editor.post(address, data)
    campaign.refresh_from_db()
    assert campaign.live
