"""What a "Send email" step says instead of its template: variants, merge tags, the sender (S5, S9)."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail

from tests.scenarios.story import Story, on_event, send
from wagtail_journeys.campaigns.lots import arm_at, position_of
from wagtail_journeys.campaigns.steps import registry
from wagtail_journeys.models import Event, Journey, Message
from wagtail_journeys.reporting import campaigns as counting


def variant(label: str, weight: int = 50, subject: str = "", preheader: str = "", template: Any = None):
    value = {"label": label, "weight": weight, "subject": subject, "preheader": preheader}
    return {"type": "item", "value": {**value, "template": template and template.pk}}


def with_variants(template: Any, *variants: dict[str, Any]) -> dict[str, Any]:
    block = send(template)
    block["value"] |= {"variants": list(variants), "salt": ""}
    return block


def filled(template: Any, *tags: tuple[str, str, str]) -> dict[str, Any]:
    """``tags``: (tag, default, source)."""
    block = send(template)
    block["value"]["defaults"] = [
        {"type": "item", "value": {"tag": tag, "default": default, "source": source}}
        for tag, default, source in tags
    ]
    return block


def test_variants_divide_contacts_and_stay_with_them(story: Story) -> None:
    """Other subjects, another template; the same contact the same one every time, as the draw says (S5)."""
    plain, other = story.template("Plain"), story.template("Other")
    campaign = story.campaign(
        "News",
        on_event("read"),
        with_variants(
            plain, variant("A", 40), variant("B", 30, subject="Short"), variant("C", 30, template=other)
        ),
        frequency="every_time",
    )
    (block,) = campaign.raw_steps
    items = {item["id"]: item["value"] for item in block["value"]["variants"]}
    people = [story.contact(f"p{number}@example.com") for number in range(24)]
    for _time in range(2):
        for person in people:
            person.did("read", run=False)
        story.after(minutes=1)
    said = {"A": "Plain", "B": "Short", "C": "Other"}
    for person in people:
        place = position_of(str(person.contact.uuid), block["id"])
        label = items[arm_at(place, [(key, value["weight"]) for key, value in items.items()])]["label"]
        assert person.mails() == [said[label]] * 2
    assert {items[key]["label"] for key in Message.objects.values_list("variant", flat=True)} == set("ABC")
    told = Event.objects.filter(name="email_sent").order_by("pk").first().properties
    assert (told["variant"], items[told["variant_id"]]["label"]) == (told["variant"],) * 2
    counted = counting.numbers(campaign).steps[block["id"]]
    assert sum(numbers["sent"] for numbers in counted.variants.values()) == 48 == counted.messages["sent"]


@pytest.mark.parametrize("own", ["", "Old {{ contact.first_name }}"])
def test_a_variant_may_have_a_preheader_of_its_own(story: Story, own: str) -> None:
    """It stands where the template's would, with merge tags filled in; the subject stays."""
    template = story.template("Subject")
    template.preheader = own
    template.save_revision().publish()
    variants = [variant(label, preheader="For {{ contact.first_name }} & <you>") for label in ("A", "B")]
    story.campaign("News", on_event("read"), with_variants(template, *variants))
    ann = story.contact("ann@example.com", first_name="Ann")
    ann.did("read")
    (email,) = mail.outbox
    html = email.alternatives[0][0]
    assert "For Ann &amp; &lt;you&gt;" in html
    assert "Old" not in html
    assert email.subject == "Subject"


def test_a_tag_may_be_filled_with_something_else(story: Story) -> None:
    """A property of the event, what the journey kept; where that is missing too, the default (S9)."""
    template = story.template("{{ contact.first_name }}: {{ contact.plan }}, {{ contact.code }}.")
    story.campaign(
        "Hi",
        on_event("read"),
        filled(
            template,
            ("contact.first_name", "friend", "event.who"),
            ("contact.plan", "none", "journey.plan"),
            ("contact.code", "", ""),
        ),
    )
    ann, bob = story.contact("ann@example.com", first_name="Ann"), story.contact("bob@example.com")
    ann.did("read", properties={"who": "Your Highness"})
    bob.did("read")
    assert ann.mails() == ["Your Highness: none, ."]
    assert bob.mails() == ["friend: none, ."]


def test_what_the_journey_kept_is_printed(story: Story) -> None:
    """By its own name as well: journey.code (S6, S9)."""
    from wagtail_journeys import pipeline

    template = story.template("Code {{ journey.code }}")
    story.campaign("Hi", on_event("read"), {"type": "wait", "value": {"amount": 1, "unit": "hours", "at": None}},
                   send(template))  # fmt: skip
    ann, bob = story.contact("ann@example.com"), story.contact("bob@example.com")
    for person in (ann, bob):
        person.did("read")
    Journey.objects.filter(contact=ann.contact).update(data={"code": 7})
    story.after(hours=1)
    pipeline.deliver(story.now)
    assert (ann.mails(), bob.mails()) == (["Code 7"], [])
    assert "journey.code" in Message.objects.get(contact=bob.contact).reason


def test_a_step_may_have_a_sender_of_its_own(story: Story, settings: Any) -> None:
    """Name, address and reply-to take the place of the template's."""
    settings.JOURNEYS_SENDERS = ["@shop.example"]
    block = send(story.template("News"))
    block["value"] |= {
        "from_name": "Mia",
        "from_email": "mia@shop.example",
        "reply_to": "answers@shop.example",
    }
    story.campaign("News", on_event("read"), block)
    story.contact("ann@example.com").did("read")
    (email,) = mail.outbox
    assert (email.from_email, email.reply_to) == ("Mia <mia@shop.example>", ["answers@shop.example"])


PROBLEMS = [
    ({"from_email": "boss@elsewhere.example"}, "boss@elsewhere.example"),
    ({"variants": [variant("A", 100)]}, "add another"),
    ({"variants": [variant("A", 50), variant("B", 40)]}, "90"),
    ({"defaults": [{"type": "item", "value": {"tag": "a.b", "default": "", "source": "plan"}}]}, "“plan”"),
]


@pytest.mark.parametrize(("value", "said"), PROBLEMS)
def test_what_cannot_be_sent_does_not_go_live(story: Story, value: dict[str, Any], said: str) -> None:
    """An address that the site may not send from, percentages that do not add up, a value that is none."""
    params = {**send(story.template("News"))["value"], **value}
    (problem,) = registry["send_email"].problems(params)
    assert said in problem
    assert registry["send_email"].problems(send(story.template("News"))["value"]) == []


def test_a_template_of_a_variant_is_in_use(story: Story) -> None:
    """What a variant sends is as much part of the step as the template itself (P4)."""
    plain, other = story.template("Plain"), story.template("Other")
    params = with_variants(plain, variant("A"), variant("B", template=other))["value"]
    assert registry["send_email"].references(params)["template"] == {plain.pk, other.pk}
