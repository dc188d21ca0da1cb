from __future__ import annotations

import gzip
from collections import Counter
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core.checks import run_checks
from django.test import Client
from django.urls import reverse
from wagtail.blocks import StructBlock
from wagtail.models import GroupApprovalTask, Locale, Workflow, WorkflowContentType, WorkflowTask
from wagtail.test.utils.form_data import nested_form_data, streamfield

from wagtail_journeys.campaigns.models import Campaign, CampaignVersion
from wagtail_journeys.campaigns.steps import registry
from wagtail_journeys.contacts.models import Topic
from wagtail_journeys.emails.models import EmailTemplate
from wagtail_journeys.segments.models import Segment

pytestmark = pytest.mark.django_db

PUBLISH = {"action-publish": "1"}
SUBMIT = {"action-submit": "1"}


def url(name: str, *args: Any) -> str:
    return reverse(Campaign.snippet_viewset.get_url_name(name), args=args)


# --- What an editor types ------------------------------------------------------------------------------------------------


def downloads(event: str = "document_download") -> tuple[str, dict[str, Any]]:
    return "event", {
        "event": event,
        "page": "",
        "section": "",
        "document": "",
        "properties": {"count": "0"},
    }


def enters(segment: Segment) -> tuple[str, dict[str, Any]]:
    return "segment_entered", {"segment": str(segment.pk)}


def language(value: str) -> tuple[str, dict[str, str]]:
    return "attribute", {"field": "locale", "attribute": "", "operator": "is", "value": value}


def wait(amount: str = "2", unit: str = "days", at: str = "") -> tuple[str, dict[str, str]]:
    return "wait", {"amount": amount, "unit": unit, "at": at}


def send(template: EmailTemplate | None) -> tuple[str, dict[str, Any]]:
    return "send_email", {
        "template": str(template.pk) if template else "",
        "match": "all",
        "conditions": streamfield([]),
        "otherwise": "skip",
        "defaults": {"count": "0"},
        "variants": {"count": "0"},
        "winner_by": "converted",
        "when_full": "wait",
        "room_amount": "2",
        "room_unit": "days",
    }


def branch(conditions: list[Any], yes: list[Any], no: list[Any]) -> tuple[str, dict[str, Any]]:
    return "branch", {
        "match": "all",
        "conditions": streamfield(conditions),
        "yes": streamfield(yes),
        "no": streamfield(no),
    }


def form(
    trigger: list[Any], steps: list[Any], name: str = "After a download", **fields: Any
) -> dict[str, str]:
    return nested_form_data(
        {
            "name": name,
            "description": "",
            "trigger": streamfield(trigger),
            "filters_match": "all",
            "filters": streamfield(fields.pop("filters", [])),
            "steps": streamfield(steps),
            "frequency": "once",
            "interval": "",
            "interval_unit": "days",
            "gap": "",
            "gap_unit": "hours",
            "run_key": "",
            "entry_cap": "",
            "hourly_cap": "",
            "time_zone": "",
            "goal": streamfield(fields.pop("goal", [])),
            "goal_window": "30",
            "exits": streamfield(fields.pop("exits", [])),
            "exit_grace": "0",
            "matching_window": "30",
            "exclusive_group": "",
            "priority": "100",
            "starts_at": "",
            "ends_at": "",
            "topic": "",
            "go_live_at": "",
            "expire_at": "",
            **fields,
        }
    )


def messages_of(error: Any) -> list[str]:
    """Every sentence in the errors of a stream, however deep."""
    found: list[str] = []
    for inner in (getattr(error, "block_errors", None) or {}).values():
        found += messages_of(inner)
    for other in getattr(error, "non_block_errors", None) or []:
        found.append(str(other))
    return found or [str(message) for message in error.messages]


def errors(response: Any, field: str) -> list[str]:
    data = response.context["form"].errors[field].as_data()
    return [message for error in data for message in messages_of(error)]


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


@pytest.fixture
def editor(client: Client) -> Client:
    Locale.objects.get_or_create(language_code="en")
    client.force_login(get_user_model().objects.create_superuser("ed", "ed@example.com", "x"))
    return client


@pytest.fixture
def template(db: None) -> EmailTemplate:
    locale, _made = Locale.objects.get_or_create(language_code="en")
    return EmailTemplate.objects.create(name="Welcome", subject="Hi", locale=locale, live=True)


@pytest.fixture
def workflow(db: None) -> Workflow:
    """Campaigns are approved by somebody else."""
    workflow = Workflow.objects.create(name="Four eyes")
    task = GroupApprovalTask.objects.create(name="Look at it")
    WorkflowTask.objects.create(workflow=workflow, task=task, sort_order=1)
    WorkflowContentType.objects.create(
        workflow=workflow, content_type=ContentType.objects.get_for_model(Campaign)
    )
    return workflow


# --- Saving and publishing -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trigger", "steps"),
    [
        ([], []),
        ([downloads("")], [wait("", "")]),
        ([downloads()], [send(None)]),
        ([downloads()], [branch([], [], [wait("")])]),
        ([downloads()], [branch([language("")], [branch([], [send(None)], [])], [])]),
        ([("segment_entered", {"segment": ""})], [wait("2", "hours", "09:00")]),
    ],
)
def test_a_draft_may_be_unfinished(editor: Client, trigger: list[Any], steps: list[Any]) -> None:
    """Whatever is missing, a draft is saved and does not go live."""
    response = editor.post(url("add"), form(trigger, steps, frequency="interval"))
    assert response.status_code == 302
    campaign = Campaign.objects.get()
    assert not campaign.live
    assert len(campaign.raw_steps) == len(steps)
    assert editor.get(url("edit", campaign.pk)).status_code == 200
    assert editor.get(url("list")).status_code == 200


def test_publishing_makes_a_version(editor: Client, template: EmailTemplate) -> None:
    """A finished campaign goes live, and its nested steps are in the version, each under its id."""
    steps = [wait(), branch([language("nl")], [send(template)], [("exit", {"reason": "no"})])]
    response = editor.post(url("add"), form([downloads()], steps, filters=[language("nl")], **PUBLISH))
    assert response.status_code == 302
    campaign = Campaign.objects.get()
    editor.post(response.url, {"revision": str(campaign.latest_revision_id)})
    campaign.refresh_from_db()
    assert campaign.live
    nodes = CampaignVersion.objects.get().graph["nodes"]
    assert sorted(node["type"] for node in nodes.values()) == ["branch", "exit", "send_email", "wait"]
    assert nodes.keys() >= {step["id"] for step in campaign.raw_steps}


@pytest.mark.parametrize(
    ("trigger", "steps", "fields", "field", "message"),
    [
        ([], [wait()], {}, "trigger", "Choose what starts the campaign"),
        ([downloads(), downloads()], [wait()], {}, "trigger", "The maximum number of items is 1"),
        ([downloads("")], [wait()], {}, "trigger", "This field is required."),
        ([downloads()], [], {}, "steps", "Add at least one step"),
        ([downloads()], [wait("")], {}, "steps", "This field is required."),
        (
            [downloads()],
            [wait("2", "hours", "09:00")],
            {},
            "steps",
            "A time of day goes with days or weeks only.",
        ),
        ([downloads()], [send(None)], {}, "steps", "This field is required."),
        ([downloads()], [branch([], [wait()], [])], {}, "steps", "This field is required."),
        ([downloads()], [wait()], {"frequency": "interval"}, "interval", "Say how long the interval is"),
        (
            [downloads()],
            [wait()],
            {"starts_at": "2026-05-04 10:00", "ends_at": "2026-05-04 10:00"},
            "ends_at",
            "The end must be after the start.",
        ),
        ([downloads()], [wait()], {"filters": [language("")]}, "filters", "Say what to compare with."),
    ],
)
def test_what_cannot_run_is_not_published(
    editor: Client,
    workflow: Workflow,
    trigger: list[Any],
    steps: list[Any],
    fields: dict[str, Any],
    field: str,
    message: str,
) -> None:
    """Submitting for approval says at the field what is missing, and nothing is submitted."""
    response = editor.post(url("add"), form(trigger, steps, **fields, **SUBMIT))
    assert response.status_code == 200
    assert any(found.startswith(message) for found in errors(response, field)), errors(response, field)
    assert not Campaign.objects.exists()


def test_problems_of_steps_are_shown_at_the_step(
    editor: Client, workflow: Workflow, template: EmailTemplate
) -> None:
    """A template that is not live is refused at the very step that names it, however deep it stands."""
    EmailTemplate.objects.update(live=False)
    steps = [wait(), branch([language("nl")], [], [wait(), send(template)])]
    response = editor.post(url("add"), form([downloads()], steps, **SUBMIT))
    (error,) = response.context["form"].errors["steps"].as_data()
    at_send = error.block_errors[1].block_errors["no"].block_errors[1]
    assert [str(message) for message in at_send.non_block_errors] == [
        "The email template “Welcome” is not live. Publish it first."
    ]
    assert "is not live. Publish it first." in text_of(response)


def test_problems_of_the_trigger_are_shown_at_the_trigger(editor: Client, workflow: Workflow) -> None:
    """A segment that is not live starts nothing, and the trigger says so."""
    segment = Segment.objects.create(name="Draft", live=False)
    response = editor.post(url("add"), form([enters(segment)], [wait()], **SUBMIT))
    assert errors(response, "trigger") == ["The trigger's segment is not live. Publish it first."]


def test_the_editor_is_not_heavy(editor: Client) -> None:
    """Nested arms and rules share their block definitions: the page stays small enough to open at once."""
    response = editor.get(url("add"))
    assert len(gzip.compress(response.content)) < 120_000


def test_steps_are_offered_in_groups(editor: Client) -> None:
    """The chooser of steps has headings, timing first, and every step of ours stands under one."""
    groups = [
        str(name) for name, _blocks in Campaign._meta.get_field("steps").stream_block.grouped_child_blocks()
    ]
    assert groups[:4] == ["Timing", "Messages", "Logic", "Contact"]
    ours = [step for step in registry if type(step).__module__.startswith("wagtail_journeys.")]
    assert all(step.group for step in ours)


# --- Preview -------------------------------------------------------------------------------------------------------------


def preview(editor: Client, data: dict[str, str]) -> str:
    posted = editor.post(url("preview_on_add"), data)
    assert posted.json() == {"is_valid": True, "is_available": True}
    response = editor.get(url("preview_on_add"), {"in_preview_panel": "true", "mode": "flow"})
    assert response.status_code == 200
    return text_of(response)


def test_the_preview_draws_the_steps(editor: Client, template: EmailTemplate) -> None:
    """The panel shows the flow chart as it stands in the form, and who enters, how often, with which consent."""
    topic = Topic.objects.create(name="Newsletter", slug="news")
    steps = [wait("2", "days", "09:00"), branch([language("nl")], [send(template)], [])]
    data = form(
        [downloads()],
        steps,
        filters=[language("nl")],
        frequency="interval",
        interval="3",
        interval_unit="weeks",
        topic=str(topic.pk),
    )
    page = preview(editor, data)
    assert '<svg xmlns="http://www.w3.org/2000/svg" class="wj-flow-chart" role="img"' in page
    for words in (
        "Wait 2 days until 09:00",
        "Send “Welcome”",
        "downloaded a document",
        "at most every 3 weeks",
    ):
        assert words in page
    assert "Newsletter" in page


@pytest.mark.parametrize(
    ("trigger", "steps"),
    [
        ([], []),
        ([downloads("")], [wait("", "")]),
        ([downloads()], [branch([], [wait("")], [send(None)])]),
        (
            [("segment_entered", {"segment": ""})],
            [("update_contact", {"field": "", "operation": "", "value": ""})],
        ),
    ],
)
def test_the_preview_of_an_unfinished_campaign_is_a_drawing(
    editor: Client, trigger: list[Any], steps: list[Any]
) -> None:
    """Missing values are drawn as "…"; there is always something to see."""
    page = preview(editor, form(trigger, steps, frequency="interval"))
    assert "wj-flow-chart" in page
    assert "…" in page


def test_every_block_is_checked_a_few_times_only() -> None:
    """Wagtail's checks follow every way to a block; with arms inside arms that would take many seconds at every start."""
    asked: Counter[str] = Counter()
    stream = Campaign._meta.get_field("steps").stream_block
    steps = [step.key for step in registry]
    checks = {id(block): block for block in walk(stream)}
    for block in checks.values():
        block.__dict__.pop("_found", None)

    def counted(self: StructBlock, **kwargs: Any) -> list[Any]:
        asked[type(self).__name__] += 1
        return original(self, **kwargs)

    original = StructBlock.check
    StructBlock.check = counted  # type: ignore[method-assign]
    try:
        assert stream.check() == []
    finally:
        StructBlock.check = original  # type: ignore[method-assign]
    assert sum(asked.values()) < 200 * len(steps)


def walk(block: Any) -> list[Any]:
    """A block and all those inside it, each once."""
    found: dict[int, Any] = {}
    todo = [block]
    while todo:
        here = todo.pop()
        if id(here) not in found:
            found[id(here)] = here
            todo += list(getattr(here, "child_blocks", {}).values())
            if getattr(here, "child_block", None) is not None:
                todo.append(here.child_block)
    return list(found.values())


@pytest.mark.parametrize(("allowed", "found"), [(1000, ["wagtail_journeys.W004"]), (10_000, []), (None, [])])
def test_a_site_that_takes_too_few_fields_is_told(
    settings: Any, allowed: int | None, found: list[str]
) -> None:
    """Django would answer the form of a long campaign with an error 400."""
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = allowed
    assert [message.id for message in run_checks() if "W004" in str(message.id)] == found
