from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from tests.emails.making import NOW, make_contact, make_template, queue
from wagtail_journeys.campaigns.models import Campaign, CampaignVersion
from wagtail_journeys.emails.models import Message
from wagtail_journeys.emails.outbox import Draft, cancel_for, queue_many
from wagtail_journeys.journeys.models import Journey, Visit

pytestmark = pytest.mark.django_db

State = Message.State


def make_visits(*contacts) -> list[Visit]:
    campaign = Campaign.objects.create(name="Welcome")
    version = CampaignVersion.objects.create(campaign=campaign, number=1, graph={}, created_at=NOW)
    return [
        Visit.objects.create(
            journey=Journey.objects.create(
                campaign=campaign, version=version, contact=contact, entry_key="once", entered_at=NOW
            ),
            version=version,
            step_id=str(uuid.uuid4()),
            arrived_at=NOW,
        )
        for contact in contacts
    ]


def drafts(template, contacts, visits) -> list[Draft]:
    return [
        Draft(
            visit.pk,
            None,
            visit.step_id,
            contact.pk,
            contact.email,
            None,
            template.pk,
            None,
            {"defaults": {"a": ""}},
        )
        for contact, visit in zip(contacts, visits, strict=True)
    ]


def test_once_per_visit() -> None:
    """Queueing the same decision again writes nothing, also when new ones stand beside it."""
    contacts = [make_contact() for _ in range(3)]
    template, visits = make_template(), make_visits(*contacts)
    assert queue_many(drafts(template, contacts[:2], visits[:2]), NOW) == 2
    first = {message.visit_id: message.uuid for message in Message.objects.all()}
    assert queue_many(drafts(template, contacts, visits), NOW) == 1
    assert Message.objects.count() == 3
    again = {message.visit_id: message.uuid for message in Message.objects.all()}
    assert first.items() <= again.items()


def test_row() -> None:
    """A queued message has its address in one spelling, a Message-ID of its own and is due at once."""
    (message,) = queue(
        make_template(), make_contact(), address=" Ann@Example.COM ", merge={"defaults": {"a": "b"}}
    )
    assert message.address == "ann@example.com"
    assert message.state == State.QUEUED
    assert (message.due_at, message.created_at, message.settled_at) == (NOW, NOW, None)
    assert message.header_id.startswith(f"<{message.uuid}@")
    assert message.merge == {"defaults": {"a": "b"}}
    assert message.ignores_topics


def test_no_address() -> None:
    """A contact without an address gets no email, and the message says why."""
    (message,) = queue(make_template(), make_contact(email=None))
    assert message.state == State.CANCELLED
    assert message.reason == "the contact has no email address"
    assert (message.due_at, message.settled_at) == (None, NOW)


def test_one_statement() -> None:
    """Queueing costs one statement for two messages and for two hundred."""
    template = make_template()
    counts = []
    for number in (2, 200):
        contacts = [make_contact() for _ in range(number)]
        with CaptureQueriesContext(connection) as captured:
            queue_many(
                [Draft(None, None, "", contact.pk, contact.email, None, template.pk) for contact in contacts],
                NOW,
            )
        counts.append(len(captured))
    assert counts == [1, 1]


def test_cancel() -> None:
    """Only what was not handed over yet is called back, with the reason."""
    messages = queue(make_template(), *(make_contact() for _ in range(4)))
    for message, state in zip(
        messages, [State.QUEUED, State.DEFERRED, State.CLAIMED, State.HANDING_OVER], strict=True
    ):
        Message.objects.filter(pk=message.pk).update(state=state)
    assert cancel_for(Q(pk__in=[message.pk for message in messages]), "the contact unsubscribed", NOW) == 3
    found = Message.objects.order_by("pk").values_list("state", "reason", "due_at")
    assert list(found)[:3] == [(State.CANCELLED, "the contact unsubscribed", None)] * 3
    assert list(found)[3][0] == State.HANDING_OVER
