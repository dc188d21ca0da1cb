"""Variants are compared once, at the moment that the step names, and whoever published the campaign is told (S5)."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse
from wagtail.models import ModelLogEntry

from tests.scenarios.story import Story, on_event
from tests.scenarios.test_variants import variant, with_variants
from wagtail_journeys.models import Campaign, Message, Notice, VariantWinner


def compared(story: Story, winner: str, after: int | None, by: str = "converted") -> Campaign:
    """Two subjects, and a campaign whose goal is an order; published by a user with an address."""
    block = with_variants(story.template("Plain"), variant("Short", 50, subject="Short"), variant("Long", 50))
    block["value"] |= {"winner": winner, "winner_after": after, "winner_by": by}
    campaign = story.campaign("News", on_event("read"), block, goal=[on_event("bought")])
    boss = get_user_model().objects.create_superuser("boss", "boss@example.com", "boss")
    campaign.save_revision(user=boss).publish(user=boss)
    return campaign


def send_to(story: Story, numbers: range) -> dict[str, list[Any]]:
    """The people by the subject that they got."""
    people = [story.contact(f"p{number}@example.com") for number in numbers]
    for person in people:
        person.did("read", run=False)
    story.after(minutes=1)
    got: dict[str, list[Any]] = {"Short": [], "Plain": []}
    for person in people:
        got[person.mails()[0]].append(person)
    return got


def buy(story: Story, people: list[Any]) -> None:
    for person in people:
        person.did("bought", run=False)
    story.after(minutes=1)


def test_the_better_one_goes_to_everybody(story: Story) -> None:
    campaign = compared(story, "days", 3)
    got = send_to(story, range(60))
    buy(story, got["Short"])
    story.after(days=2)
    assert not VariantWinner.objects.exists()  # looked at once, then
    story.after(days=1)
    decided = VariantWinner.objects.get()
    assert decided.label == "Short"
    assert {found["label"]: found["reached"] for found in decided.counted} == {
        "Short": len(got["Short"]),
        "Long": 0,
    }
    notice = Notice.objects.get()
    assert notice.recipients == "boss@example.com"
    assert "“Short” won" in notice.text
    assert ModelLogEntry.objects.filter(action="wagtail_journeys.variant_winner").count() == 1
    later = send_to(story, range(100, 120))
    assert (len(later["Short"]), len(later["Plain"])) == (20, 0)
    story.after(days=5)
    assert VariantWinner.objects.count() == Notice.objects.count() == 1

    # With other variants it is another comparison, open again.
    campaign = Campaign.objects.get(pk=campaign.pk)
    steps = copy.deepcopy(campaign.raw_steps)
    steps[0]["value"]["variants"][1]["value"]["subject"] = "Longer"
    campaign.steps = steps
    campaign.save_revision().publish()
    story.after(minutes=2)
    people = [story.contact(f"q{number}@example.com") for number in range(20)]
    for person in people:
        person.did("read", run=False)
    story.after(minutes=1)
    assert {person.mails()[0] for person in people} == {"Short", "Longer"}


def test_where_none_is_certainly_better_they_all_stay(story: Story) -> None:
    compared(story, "messages", 10)
    got = send_to(story, range(12))
    story.after(minutes=2)
    assert not VariantWinner.objects.exists()  # not enough of them yet
    for start in range(12, 60, 12):
        for subject, people in send_to(story, range(start, start + 12)).items():
            got[subject] += people
    story.after(minutes=2)
    assert VariantWinner.objects.get().variant == ""
    assert "they all stay" in Notice.objects.get().text
    assert all(send_to(story, range(200, 220)).values())


def test_clicks_of_people_may_decide(story: Story) -> None:
    """Those of programs do not count."""
    compared(story, "messages", 15, by="clicked")
    got = send_to(story, range(60))
    for subject, verdict in (("Short", "human"), ("Plain", "automated")):
        contacts = [person.contact.pk for person in got[subject]]
        Message.objects.filter(contact__in=contacts).update(clicked=verdict)
    story.after(minutes=2)
    assert VariantWinner.objects.get().label == "Short"
    assert f"Short: {len(got['Short'])} of {len(got['Short'])} clicked" in Notice.objects.get().text


def test_the_statistics_show_both_and_how_sure_it_is(story: Story, client: Any) -> None:
    campaign = compared(story, "", None)
    client.force_login(get_user_model().objects.get(username="boss"))
    page = reverse(Campaign.snippet_viewset.get_url_name("stats"), args=[campaign.pk])
    assert "None of them has been sent yet." in client.get(page).content.decode()
    got = send_to(story, range(60))
    buy(story, got["Short"])
    shown = client.get(page).content.decode()
    assert "“Short” does better than “Long”" in shown
    comparison = client.get(page).context["report"].comparisons[0]
    assert [(line.label, line.reached.value) for line in comparison.lines] == [
        ("Short", len(got["Short"])),
        ("Long", 0),
    ]
    listed = client.get(comparison.lines[0].reached.url).content.decode()
    assert all(person.contact.email in listed for person in got["Short"][:3])
    assert got["Plain"][0].contact.email not in listed
    assert Message.objects.filter(variant="").count() == 0


@pytest.mark.parametrize("winner", ["messages", "days"])
def test_without_a_moment_it_cannot_be_published(winner: str) -> None:
    from wagtail_journeys.campaigns.steps import variants

    items = [{**variant("A"), "id": "a"}, {**variant("B"), "id": "b"}]
    said = variants.problems({"variants": items, "winner": winner, "winner_after": None})
    assert said == ["Say after how many emails or days the winner of the variants is chosen."]
