"""The step in a campaign: the journey waits for its call, and goes on with what it answered."""

from __future__ import annotations

import datetime
import json
import logging
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.calls.making import step
from tests.calls.server import Asked, Reply, Server
from tests.scenarios.story import Person, Story, on_event, send
from wagtail_journeys import pipeline
from wagtail_journeys.calls import outbox
from wagtail_journeys.calls.models import Call, Stop
from wagtail_journeys.campaigns import steps
from wagtail_journeys.journeys import merging, publishing
from wagtail_journeys.models import Campaign, Journey, Visit
from wagtail_journeys.streams import with_ids

pytestmark = pytest.mark.django_db

JOINED = on_event("joined")
State = Call.State


def drain(story: Story) -> None:
    while pipeline.drain(story.now):
        pass


def story_of(*blocks: dict[str, Any], **fields: Any) -> tuple[Story, Campaign]:
    story = Story()
    return story, story.campaign("Care tips", JOINED, *blocks, **fields)


def joined(story: Story, email: str = "ann@example.com", **traits: Any) -> Person:
    person = story.visitor(email)
    person.says(**traits)
    person.did("joined")
    return person


def test_a_call_and_an_email_with_its_answer(server: Server) -> None:
    """The journey waits until the call has ended, keeps a member of the answer, and uses it in an email and a call."""
    story = Story()
    template = story.template("Your number is {{ journey.crm_id }}")
    campaign = story.campaign(
        "Care tips",
        JOINED,
        step(f"{server.url}/contacts", {"email": "{{ contact.email }}"}, keep=[("data.id", "crm_id")]),
        send(template),
        step(server.url + "/contacts/{{ journey.crm_id }}", method="PUT"),
    )
    server.answers = [Reply(201, b'{"data": {"id": 4711}}')]
    ann = joined(story)
    story.after(minutes=1)
    assert ann.path(campaign) == ["http_call:passed", "send_email:passed", "http_call:passed"]
    assert ann.journeys()[0].data == {"crm_id": 4711}
    assert ann.mails() == ["Your number is 4711"]
    assert [(asked.method, asked.path) for asked in server.asked] == [
        ("POST", "/contacts"),
        ("PUT", "/contacts/4711"),
    ]
    assert server.asked[0].json == {"email": "ann@example.com"}
    assert set(server.by_id.values()) == {1}


def test_it_stands_there_until_the_call_has_ended(server: Server) -> None:
    """A receiver that asks to come back keeps the journey at the step; then it goes on, after one call with one id."""
    server.answers = [Reply(429, headers={"Retry-After": "3600"})]
    story, campaign = story_of(step(server.url))
    ann = joined(story)
    assert ann.path(campaign) == ["http_call:"]
    story.after(minutes=30)
    assert (ann.path(campaign), len(server.asked)) == (["http_call:"], 1)
    story.after(minutes=40)
    assert ann.path(campaign) == ["http_call:passed"]
    assert ann.journeys()[0].state == Journey.State.COMPLETED
    assert list(server.by_id.values()) == [2]


@pytest.mark.parametrize(
    ("on_failure", "path", "state"), [("go_on", "skipped", "completed"), ("exit", "exited", "exited")]
)
def test_on_failure(server: Server, on_failure: str, path: str, state: str) -> None:
    """A call that fails for good lets the contact go on, or leave, with the reason."""
    server.usual = Reply(422)
    story, campaign = story_of(step(server.url, on_failure=on_failure))
    ann = joined(story)
    assert ann.path(campaign) == [f"http_call:{path}"]
    assert ann.journeys()[0].state == state
    assert "422" in Visit.objects.get().reason


def test_a_missing_value_stops_only_that_call(server: Server) -> None:
    """A contact without the value goes the way of failures, with a reason; the others are called."""
    story, campaign = story_of(step(server.url + "/{{ contact.plan }}"))
    ann, bob = joined(story), joined(story, "bob@example.com", plan="gold")
    assert (ann.path(campaign), bob.path(campaign)) == (["http_call:skipped"], ["http_call:passed"])
    assert [asked.path for asked in server.asked] == ["/gold"]
    assert "contact.plan" in Call.objects.get(contact=ann.contact).error


def test_a_secret_that_went_away(server: Server, settings: Any) -> None:
    """What was published with a secret that is gone fails with a reason, and nothing is sent."""
    story, campaign = story_of(step(server.url, headers=[("Authorization", "Bearer {{ secret.crm_token }}")]))
    settings.JOURNEYS_SECRETS = {}
    ann = joined(story)
    assert (ann.path(campaign), server.asked) == (["http_call:skipped"], [])
    assert "crm_token" in Call.objects.get().error


def test_secrets_are_nowhere_but_on_the_wire(
    server: Server, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The receiver gets the secret; no row and no log of ours has it, also when the receiver repeats it."""
    caplog.set_level(logging.DEBUG)
    secret = settings.JOURNEYS_SECRETS["crm_token"]

    def echo(asked: Asked) -> Reply:
        return Reply(400, json.dumps({"you sent": asked.headers["Authorization"]}).encode())

    server.usual = echo  # type: ignore[assignment]
    story, campaign = story_of(
        step(
            server.url + "/?key={{ secret.crm_token }}",
            {"key": "{{ secret.crm_token }}"},
            headers=[("Authorization", "Bearer {{ secret.crm_token }}")],
        )
    )
    campaign.save_revision()
    joined(story)
    (asked,) = server.asked
    assert asked.headers["Authorization"] == f"Bearer {secret}"
    assert asked.json == {"key": secret}
    everything = ""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            everything += repr(cursor.fetchall())
    assert "ann@example.com" in everything
    assert secret not in everything and "s3cret" not in everything
    said = "\n".join(record.getMessage() for record in caplog.records if record.name != "django.db.backends")
    assert "s3cret" not in said


def test_paused(server: Server) -> None:
    """Calls of a paused campaign wait, and go out when it goes on."""
    server.answers = [Reply(429, headers={"Retry-After": "60"})]
    story, campaign = story_of(step(server.url))
    ann = joined(story)
    Campaign.objects.filter(pk=campaign.pk).update(state=Campaign.State.PAUSED)
    story.after(days=3)
    assert len(server.asked) == 1
    Campaign.objects.filter(pk=campaign.pk).update(state=Campaign.State.RUNNING)
    story.run()
    assert ann.path(campaign) == ["http_call:passed"]


def test_a_journey_that_ended_needs_no_call(server: Server) -> None:
    """Whoever left meanwhile is not called for."""
    server.answers = [Reply(429, headers={"Retry-After": "60"})]
    story, campaign = story_of(step(server.url))
    joined(story)
    Journey.objects.update(state=Journey.State.EXITED, due_at=None)
    story.after(hours=1)
    assert (len(server.asked), Call.objects.get().state) == (1, State.CANCELLED)


def test_an_edit_while_the_call_waits(server: Server) -> None:
    """Editing the step neither sends a second call nor strands the contact; removing it lets the contact go on."""
    server.answers = [Reply(429, headers={"Retry-After": "600"})]
    story, campaign = story_of(step(server.url + "/old"))
    ann = joined(story)
    blocks = campaign.raw_steps
    blocks[0]["value"]["url"] = server.url + "/new"
    campaign.steps = with_ids(blocks)
    campaign.save()
    publishing.published(campaign, story.now)
    story.run()
    assert (ann.path(campaign), Call.objects.count()) == (["http_call:"], 1)
    story.after(minutes=11)
    assert ann.path(campaign) == ["http_call:passed"]
    assert [asked.path for asked in server.asked] == ["/old", "/old"]


def test_gone(server: Server) -> None:
    """After a 410 nobody else is called for; those who come wait, and go on when somebody enables the step."""
    server.answers = [Reply(410)]
    story, campaign = story_of(step(server.url))
    joined(story)
    bob = joined(story, "bob@example.com")
    assert (bob.path(campaign), len(server.asked)) == (["http_call:"], 1)
    outbox.enable(Stop.objects.get(), story.now)
    story.run()
    assert (bob.path(campaign), len(server.asked)) == (["http_call:passed"], 2)


def test_stopped_for_too_long(server: Server) -> None:
    """Nobody waits for ever at a stopped step."""
    server.answers = [Reply(410)]
    story, campaign = story_of(step(server.url, on_failure="exit"))
    joined(story)
    bob = joined(story, "bob@example.com")
    story.after(hours=25)
    assert bob.path(campaign) == ["http_call:exited"]


def test_sent_again_by_hand(server: Server) -> None:
    """A failed call is sent again with the same id, wherever its journey is; the journey does not move."""
    server.answers = [Reply(400)]
    story, campaign = story_of(step(server.url))
    ann = joined(story)
    call = Call.objects.get()
    Campaign.objects.filter(pk=campaign.pk).update(state=Campaign.State.PAUSED)
    assert outbox.send_again(call, story.now)
    assert not outbox.send_again(call, story.now)
    story.run()
    call.refresh_from_db()
    assert (call.state, server.by_id) == (State.DONE, {str(call.uuid): 2})
    assert ann.path(campaign) == ["http_call:skipped"]


def test_control_group(server: Server) -> None:
    """What the contact would notice is not sent to the control group; what only systems see is."""
    for is_message, calls in [(True, 0), (False, 1)]:
        server.asked.clear()
        story, campaign = story_of(step(server.url, is_message=is_message))
        story.contact(f"ann{calls}@example.com").did("joined", run=False)
        drain(story)
        Journey.objects.filter(campaign=campaign).update(holdout=True)
        Journey.objects.exclude(campaign=campaign).update(due_at=None)
        story.run()
        assert len(server.asked) == calls
        Campaign.objects.update(live=False)


def test_merging_contacts_keeps_calls(server: Server) -> None:
    """The calls of a contact that goes belong to the one that stays."""
    story, _campaign = story_of(step(server.url))
    ann, bob = joined(story), joined(story, "bob@example.com")
    kept, gone = ann.contact.pk, bob.contact.pk
    assert merging.move(kept, gone, story.now)
    assert list(Call.objects.values_list("contact", flat=True)) == [kept, kept]


def statements(number: int, server: Server) -> int:
    story, _campaign = story_of(step(server.url, {"e": "{{ contact.email }}"}))
    for each in range(number):
        story.contact(f"p{number}-{each}@example.com").did("joined", run=False)
    drain(story)
    with CaptureQueriesContext(connection) as captured:
        assert pipeline.advance(story.now) == number
    assert Call.objects.filter(state=State.QUEUED).count() == number
    Call.objects.all().delete()
    Campaign.objects.update(live=False)
    return len(captured)


def test_statements(server: Server) -> None:
    """Deciding on calls costs the same for two contacts and for forty."""
    assert statements(2, server) == statements(40, server)


def test_sentence_and_publishing(server: Server) -> None:
    """The sentence names host and method, never keys in the query; a step that cannot be called is a problem."""
    kind = steps.registry["http_call"]
    params = step(server.url + "/x?key=1", method="PUT")["value"]
    assert kind.describe(params) == f"call {server.host} (PUT)"
    assert kind.describe({}) == "call …"
    assert kind.problems(params) == []
    assert kind.problems({**params, "sign_with": "nobody"})
    assert kind.problems({})


def test_the_safety_net(server: Server) -> None:
    """A journey whose call was lost to somebody else's hand is asked again, and called for anew."""
    server.answers = [Reply(429, headers={"Retry-After": "60"})]
    story, campaign = story_of(step(server.url))
    ann = joined(story)
    Call.objects.all().delete()
    story.after(days=4)
    assert ann.path(campaign) == ["http_call:passed"]
    assert Journey.objects.get().ended_at - Journey.objects.get().entered_at == datetime.timedelta(days=4)
