"""What becomes of an email when a value is missing, merge tags to pick from, and slips in them."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.test import Client
from django.urls import reverse

from tests.emails.making import NOW, Clock, OpenGate, make_contact, make_template, queue, text
from wagtail_journeys.emails import delivery, rendering, tags
from wagtail_journeys.emails.models import EmailTemplate, Message
from wagtail_journeys.events.models import EventDefinition

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("rule", "state", "sent"),
    [
        ("fail", Message.State.FAILED, 1),
        ("skip", Message.State.CANCELLED, 1),
        ("empty", Message.State.SENT, 2),
    ],
)
def test_missing_value(rule: str, state: str, sent: int) -> None:
    """A template says what becomes of a message that it has no value for; the others go out in any case."""
    template = make_template(text("<p>Dear {{ contact.first_name }}!</p>"), missing=rule)
    (without,) = queue(template, make_contact())
    (fine,) = queue(template, make_contact(first_name="Ann"))
    delivery.deliver(Clock(), OpenGate(), 10)
    without.refresh_from_db()
    fine.refresh_from_db()
    assert (without.state, fine.state, len(mail.outbox)) == (state, Message.State.SENT, sent)
    if rule == "empty":
        assert (
            "Dear !" in without.version.text.replace("{{ contact.first_name }}", "")
            and "Dear !" in mail.outbox[0].body
        )
        again = rendering.render(
            without.version, {"site": {"root_url": ""}, **without.context}, without.merge
        )
        assert "Dear !" in again.text
    else:
        assert "contact.first_name" in without.reason


def test_default_of_the_step_wins() -> None:
    """What the step says for a missing value is printed, also where the template would print nothing."""
    template = make_template(text("<p>Dear {{ contact.first_name }}!</p>"), missing="empty")
    queue(template, make_contact(), merge={"defaults": {"contact.first_name": "reader"}})
    delivery.deliver(Clock(), OpenGate(), 10)
    assert "Dear reader!" in mail.outbox[0].body


def test_changing_the_rule_is_a_new_version() -> None:
    """The rule is part of what was published."""
    template = make_template()
    template.missing = EmailTemplate.Missing.SKIP
    version = rendering.compile_template(template, NOW)
    assert (version.number, version.missing) == (2, "skip")


def test_tags_to_pick_from(client: Client) -> None:
    """Attributes that contacts have and properties that events have are offered; only to those who write emails."""
    make_contact(attributes={"company": "x", "not a name": 1})
    EventDefinition.objects.create(
        name="sample_requested",
        label="requested a sample",
        seen_properties={"colour": {"kinds": ["text"], "examples": []}},
    )
    url = reverse("journeys_pick_tags")
    assert client.get(url).status_code == 302
    client.force_login(get_user_model().objects.create_superuser("editor", "editor@example.com", "secret"))
    found = {one["tag"]: one for one in client.get(url).json()["tags"]}
    assert {
        "contact.first_name",
        "contact.company",
        "event.document_title",
        "event.colour",
        "unsubscribe_url",
    } <= set(found)
    assert found["event.colour"]["words"] == "requested a sample"
    assert found["contact.email"]["always"] and not found["contact.company"]["always"]
    assert not any(" " in tag for tag in found)


def test_slips_are_noticed() -> None:
    """A merge tag that nobody has a value for is named, with what may have been meant."""
    make_contact(attributes={"company": "x"})
    fine = [
        "contact.first_name",
        "contact.company",
        "contact.attributes.company",
        "event.page_title",
        "journey.any",
        "view_url",
    ]
    assert tags.unknown(fine) == []
    first, second = tags.unknown(["contact.frist_name", "event.zzzzzz"])
    assert first.similar == ("contact.first_name",) and "Did you mean “contact.first_name”?" in str(first)
    assert second.similar == () and "event.zzzzzz" in str(second)


def test_publishing_says_slips(client: Client) -> None:
    """Whoever publishes an email with a slip in a merge tag is told; it is published all the same."""
    client.force_login(get_user_model().objects.create_superuser("editor", "editor@example.com", "secret"))
    template = make_template(text("<p>x</p>"), live=False, compiled=False)
    template.save_revision()
    url = reverse(EmailTemplate.snippet_viewset.get_url_name("edit"), args=[template.pk])
    data = {
        "name": "A", "subject": "Hi {{ contact.frist_name }}", "missing": "fail", "body-count": "1", "body-0-type": "heading",
        "body-0-order": "0", "body-0-deleted": "", "body-0-id": "8b9e7b0c-5a53-4d1c-8f7c-1f8f7a0b4c11",
        "body-0-value-words": "Hello", "body-0-value-level": "1", "action-publish": "1",
    }  # fmt: skip
    answer = client.post(url, data, follow=True)
    assert "Did you mean “contact.first_name”?" in answer.content.decode()
    template.refresh_from_db()
    assert template.live
