"""Adding contacts to campaigns by the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.scenarios.story import Story, on_event, speaks, wait, when_added
from wagtail_journeys.exceptions import EnrolRefused
from wagtail_journeys.ingest import enrol, keys
from wagtail_journeys.models import Campaign, EnrolRequest, Journey


@pytest.fixture
def story(db: None) -> Story:
    return Story()


@pytest.fixture
def key(db: None) -> str:
    return keys.create("CRM", "server", may_enrol=True)


def results(response: Any) -> list[tuple[str, str]]:
    assert response.status_code == 200, response.content
    return [(each["result"], each["reason"]) for each in response.json()["results"]]


def test_each_contact_has_its_answer(story: Story, send: Callable[..., Any], key: str):
    """Entered, refused with the reason, or unknown; by the id or by the address."""
    campaign = story.campaign("Tips", when_added(), wait(1), filters=[speaks("nl")])
    story.contact("kim@example.com", locale="nl")
    story.contact("lou@example.com", locale="en", external_id="customer-17")
    contacts = [{"email": "Kim@Example.com"}, {"userId": "customer-17"}, {"email": "nobody@example.com"}]
    answer = send("enrol", {"campaign": campaign.pk, "contacts": contacts}, key=key)
    assert results(answer) == [("entered", ""), ("refused", "filters"), ("unknown", "unknown")]
    assert answer.json()["results"][1]["userId"] == "customer-17"
    journey = Journey.objects.get()
    assert (journey.contact.email, journey.note) == ("kim@example.com", "added by the API")


def test_a_call_that_is_sent_again_adds_nobody(story: Story, send: Callable[..., Any], key: str):
    """With its message id it answers as before; without one it is another call."""
    campaign = story.campaign("Tips", when_added(), wait(1), frequency="every_time", may_overlap=True)
    story.contact("kim@example.com")
    body = {"campaign": campaign.pk, "contacts": [{"email": "kim@example.com"}], "messageId": "one"}
    assert [results(send("enrol", body, key=key)) for _again in range(3)] == [[("entered", "")]] * 3
    assert Journey.objects.count() == 1
    del body["messageId"]
    send("enrol", body, key=key)
    assert Journey.objects.count() == 2


@pytest.mark.parametrize(("kind", "allowed"), [("server", False), ("public", True)])
def test_only_a_server_key_that_may_adds_contacts(
    story: Story, send: Callable[..., Any], kind: str, allowed: bool
):
    """The right is a box of the key, and a public key has it in no case."""
    campaign = story.campaign("Tips", when_added(), wait(1))
    story.contact("kim@example.com")
    value = keys.create("shop", kind, may_enrol=allowed, origins="*")
    body = {"campaign": campaign.pk, "contacts": [{"email": "kim@example.com"}]}
    assert send("enrol", body, key=value).status_code == 403
    assert not Journey.objects.exists()


def test_a_trigger_is_skipped_only_when_that_is_said(story: Story, send: Callable[..., Any], key: str):
    """And a campaign that lets nobody in says so."""
    campaign = story.campaign("Downloads", on_event("document_download"), wait(1))
    story.contact("kim@example.com")
    body: dict[str, Any] = {"campaign": campaign.pk, "contacts": [{"email": "kim@example.com"}]}
    assert send("enrol", body, key=key).status_code == 409
    assert results(send("enrol", {**body, "skipTrigger": True}, key=key)) == [("entered", "")]
    Campaign.objects.update(state=Campaign.State.PAUSED)
    assert send("enrol", {**body, "skipTrigger": True}, key=key).status_code == 409
    assert send("enrol", {**body, "campaign": 0}, key=key).status_code == 404


@pytest.mark.parametrize(
    ("contacts", "status"),
    [(None, 400), ([], 400), ([{}], 400), (["kim@example.com"], 400), ([{"email": "a@b.cd"}] * 101, 413)],
)
def test_what_is_no_list_of_contacts(
    story: Story, send: Callable[..., Any], key: str, contacts: Any, status: int
):
    """It is refused as a whole, and says why."""
    campaign = story.campaign("Tips", when_added(), wait(1))
    answer = send("enrol", {"campaign": campaign.pk, "contacts": contacts}, key=key)
    assert (answer.status_code, bool(answer.json()["detail"])) == (status, True)


def test_code_of_the_site_adds_contacts(story: Story):
    """By the next look at the queues; rows or primary keys."""
    campaign = story.campaign("Tips", when_added(), wait(1))
    kim, lou = (story.contact(f"{name}@example.com").contact for name in ("kim", "lou"))
    request = enrol(campaign, [kim, lou.pk])
    story.run()
    request.refresh_from_db()
    assert (request.entered, request.state) == (2, EnrolRequest.State.DONE)
    with pytest.raises(EnrolRefused):
        enrol(story.campaign("Downloads", on_event("document_download")), [kim])
