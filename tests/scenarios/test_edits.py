"""Edits with contacts inside: which edit, where they stand, and whether they follow it (semantics P3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.scenarios.story import Story, branch, on_event, points, send, speaks, wait
from wagtail_journeys import pipeline
from wagtail_journeys.journeys import edits, publishing
from wagtail_journeys.models import Campaign, CampaignVersion, Journey
from wagtail_journeys.streams import with_ids

pytestmark = pytest.mark.django_db

Steps = dict[str, dict[str, Any]]


def original() -> Steps:
    """Every step that does something adds points of its own, so that the points say what was done, and how often."""
    blocks = [
        points(1),
        wait(2),
        points(10),
        wait(2),
        points(100),
        branch(speaks("nl"), yes=[points(1000)]),
        points(10_000),
    ]
    return dict(zip(["a", "W1", "b", "W2", "c", "if", "d"], with_ids(blocks), strict=True))


def lasting(block: dict[str, Any], days: int) -> dict[str, Any]:
    return {**block, "value": {**block["value"], "amount": days}}


def with_yes(block: dict[str, Any], *more: dict[str, Any]) -> dict[str, Any]:
    return {**block, "value": {**block["value"], "yes": [*block["value"]["yes"], *more]}}


def asking(block: dict[str, Any], *conditions: dict[str, Any]) -> dict[str, Any]:
    return {**block, "value": {**block["value"], "conditions": with_ids(list(conditions))}}


NEW = with_ids([points(100_000)])[0]

EDITS: dict[str, Callable[[Steps], list[dict[str, Any]]]] = {
    "shorten": lambda s: [*({**s, "W1": lasting(s["W1"], 0)}).values()],
    "lengthen": lambda s: [*({**s, "W1": lasting(s["W1"], 10)}).values()],
    "remove": lambda s: [block for name, block in s.items() if name != "W1"],
    "insert before": lambda s: [s["a"], NEW, *list(s.values())[1:]],
    "insert after": lambda s: [s["a"], s["W1"], NEW, *list(s.values())[2:]],
    "move up": lambda s: [s["a"], s["b"], s["W1"], s["W2"], s["c"], s["if"], s["d"]],
    "move down": lambda s: [s["a"], s["W1"], s["W2"], s["b"], s["c"], s["if"], s["d"]],
    "move the wait": lambda s: [s["a"], s["b"], s["W2"], s["W1"], s["c"], s["if"], s["d"]],
    "change the condition": lambda s: [*({**s, "if": asking(s["if"], speaks("de"))}).values()],
    "move into an arm": lambda s: [s["a"], s["W1"], s["b"], s["W2"], with_yes(s["if"], s["c"]), s["d"]],
}

#: (edit, where the contact stands, points at once, two days later, at the end)
FOLLOWING = [
    ("shorten", "W1", 11, 11_111, 11_111),
    ("shorten", "W2", 11, 11_111, 11_111),
    ("lengthen", "W1", 1, 1, 11_111),
    ("lengthen", "W2", 11, 11_111, 11_111),
    ("remove", "W1", 11, 11_111, 11_111),
    ("remove", "W2", 11, 11_111, 11_111),
    ("insert before", "W1", 1, 11, 11_111),
    ("insert before", "W2", 11, 11_111, 11_111),
    ("insert after", "W1", 1, 100_011, 111_111),
    ("insert after", "W2", 11, 11_111, 11_111),
    ("move up", "W1", 1, 1, 11_101),
    ("move up", "W2", 11, 11_111, 11_111),
    ("move down", "W1", 1, 1, 11_111),
    ("move down", "W2", 11, 11_111, 11_111),
    ("move the wait", "W1", 1, 11_101, 11_101),
    ("move the wait", "W2", 11, 11_111, 11_111),
    ("change the condition", "W1", 1, 11, 10_111),
    ("change the condition", "W2", 11, 10_111, 10_111),
    ("move into an arm", "W1", 1, 11, 11_111),
    ("move into an arm", "W2", 11, 11_111, 11_111),
]


def standing_at(story: Story, where: str) -> tuple[Campaign, Steps, Any]:
    """A campaign with Kim inside, a day after she came to this wait."""
    steps = original()
    campaign = story.campaign("C", on_event("page_view"), *steps.values())
    kim = story.contact("kim@example.com", locale="nl")
    kim.did("page_view")
    if where == "W2":
        story.after(days=2)
    story.after(days=1)
    return campaign, steps, kim


def edit(story: Story, campaign: Campaign, steps: list[dict[str, Any]], **choices: Any) -> CampaignVersion:
    campaign = Campaign.objects.get(pk=campaign.pk)
    campaign.steps = steps
    for name, value in choices.items():
        setattr(campaign, name, value)
    campaign.save()
    version = publishing.published(campaign, story.now)
    story.run()
    return version


@pytest.mark.parametrize(("what", "where", "at_once", "later", "at_the_end"), FOLLOWING)
def test_contacts_follow_the_new_version(
    story: Story, what: str, where: str, at_once: int, later: int, at_the_end: int
) -> None:
    """From where they stand: what is behind them is not made up for, what is done is not done again."""
    campaign, steps, kim = standing_at(story, where)
    edit(story, campaign, EDITS[what](steps))
    found = [kim.contact.points]
    story.after(days=2)
    found.append(kim.contact.points)
    for _day in range(6):
        story.after(days=3)
    found.append(kim.contact.points)
    assert found == [at_once, later, at_the_end]
    assert kim.journeys()[0].state == Journey.State.COMPLETED


@pytest.mark.parametrize("where", ["W1", "W2"])
@pytest.mark.parametrize("what", list(EDITS))
def test_contacts_finish_on_the_old_version(story: Story, what: str, where: str) -> None:
    """Chosen when publishing: nothing changes for those inside, whatever the edit; who enters later gets the new one."""
    campaign, steps, kim = standing_at(story, where)
    edit(story, campaign, EDITS[what](steps), inside_follow="old")
    at_once = kim.contact.points
    ada = story.contact("ada@example.com", locale="nl")
    ada.did("page_view")
    story.after(days=2)
    later = kim.contact.points
    story.after(days=2)
    assert [at_once, later, kim.contact.points] == (
        [1, 11, 11_111] if where == "W1" else [11, 11_111, 11_111]
    )
    assert kim.journeys()[0].version.number == 1
    assert ada.journeys()[0].version.number == 2


def test_those_who_finish_follow_a_later_version_if_that_is_chosen(story: Story) -> None:
    """The choice is made with each publishing."""
    campaign, steps, kim = standing_at(story, "W1")
    edit(story, campaign, EDITS["lengthen"](steps), inside_follow="old")
    edit(story, campaign, EDITS["shorten"](steps), inside_follow="new")
    assert kim.contact.points == 11
    assert kim.journeys()[0].version.number == 3


def test_contacts_at_a_removed_step_leave_if_that_is_chosen(story: Story) -> None:
    """Their visit and their journey say why."""
    campaign, steps, kim = standing_at(story, "W1")
    edit(story, campaign, EDITS["remove"](steps), inside_removed="exit")
    (journey,) = kim.journeys()
    assert journey.state == Journey.State.EXITED
    assert "removed" in journey.end_reason
    assert kim.path(campaign) == ["points:passed", "wait:exited"]


def test_in_a_branch_that_is_removed_contacts_go_on_behind_it(story: Story) -> None:
    """Also where the steps of its arm are gone with it."""
    arm = branch(speaks("nl"), yes=[wait(5), points(10)])
    campaign = story.campaign("C", on_event("page_view"), arm, points(1))
    kim = story.contact("kim@example.com", locale="nl")
    kim.did("page_view")
    edit(story, campaign, Campaign.objects.get(pk=campaign.pk).raw_steps[1:])
    assert kim.contact.points == 1
    assert kim.journeys()[0].state == Journey.State.COMPLETED


def test_a_branch_that_was_passed_is_not_passed_again(story: Story) -> None:
    """Moved behind a contact that has been through it, it is left out with everything in its arms, new steps too."""
    campaign = story.campaign(
        "C", on_event("page_view"), branch(speaks("nl"), yes=[points(1)]), wait(5), points(10)
    )
    kim = story.contact("kim@example.com", locale="nl")
    kim.did("page_view")
    arm, waiting, last = Campaign.objects.get(pk=campaign.pk).raw_steps
    edit(story, campaign, [waiting, with_yes(arm, NEW), last])
    story.after(days=5)
    assert kim.contact.points == 11
    assert kim.path(campaign) == ["branch:yes", "points:passed", "wait:passed", "points:passed"]


def test_another_trigger_changes_nothing_for_those_inside(story: Story) -> None:
    """They go on; from now on the new one starts the campaign."""
    campaign, _steps, kim = standing_at(story, "W1")
    row = Campaign.objects.get(pk=campaign.pk)
    row.trigger = with_ids([on_event("signed_up")])
    row.save()
    publishing.published(row, story.now)
    ada = story.contact("ada@example.com")
    ada.did("page_view")
    assert ada.journeys() == []
    ada.did("signed_up")
    assert len(ada.journeys()) == 1
    story.after(days=1).after(days=2)
    assert kim.contact.points == 11_111


@pytest.mark.parametrize(("follow", "converted"), [("new", False), ("old", True)])
def test_the_goal_is_that_of_the_version(story: Story, follow: str, converted: bool) -> None:
    """Who finishes on the old version reaches its goal, and not the new one; who follows has the new one."""
    campaign = story.campaign("C", on_event("page_view"), wait(5), goal=[on_event("bought")])
    kim, ada = story.contact("kim@example.com"), story.contact("ada@example.com")
    kim.did("page_view")
    ada.did("page_view")
    row = Campaign.objects.get(pk=campaign.pk)
    row.goal = with_ids([on_event("signed_up")])
    row.inside_follow = follow
    row.save()
    publishing.published(row, story.now)
    kim.did("bought")
    ada.did("signed_up")
    assert (kim.journeys()[0].converted_at is not None) is converted
    assert (ada.journeys()[0].converted_at is not None) is not converted
    story.after(days=6)
    kim.did("bought")
    assert (kim.journeys()[0].converted_at is not None) is converted


def test_the_ways_out_are_those_of_the_version(story: Story) -> None:
    """An exit that the new version no longer has still counts for those who finish on the old one."""
    campaign = story.campaign("C", on_event("page_view"), wait(5), exits=[on_event("bought")])
    kim = story.contact("kim@example.com")
    kim.did("page_view")
    row = Campaign.objects.get(pk=campaign.pk)
    row.exits, row.inside_follow = [], "old"
    row.save()
    publishing.published(row, story.now)
    ada = story.contact("ada@example.com")
    ada.did("page_view")
    kim.did("bought")
    ada.did("bought")
    assert kim.journeys()[0].state == Journey.State.EXITED
    assert ada.journeys()[0].state == Journey.State.ACTIVE


def test_an_old_version_is_retired_when_nobody_needs_it(story: Story) -> None:
    """While somebody is in it, it is kept."""
    campaign, steps, kim = standing_at(story, "W1")
    edit(story, campaign, EDITS["lengthen"](steps), inside_follow="old")
    story.after(hours=1)
    assert CampaignVersion.objects.filter(retired_at__isnull=False).count() == 0
    story.after(days=2).after(days=3).after(hours=1)
    assert kim.journeys()[0].state == Journey.State.COMPLETED
    assert list(CampaignVersion.objects.exclude(retired_at=None).values_list("number", flat=True)) == [1]


def test_who_was_let_in_on_the_old_version_meanwhile_follows(story: Story) -> None:
    """A batch that had not heard of the new version lets somebody in on the old one: a minute later it follows."""
    campaign, steps, kim = standing_at(story, "W1")
    edit(story, campaign, EDITS["lengthen"](steps))
    first = CampaignVersion.objects.get(number=1)
    Journey.objects.update(version=first)
    story.after(minutes=5)
    assert kim.journeys()[0].version.number == 2
    assert CampaignVersion.objects.get(number=1).retired_at is not None


def test_the_choice_is_kept_in_the_revision(story: Story) -> None:
    """A draft that is published later, by a schedule or an approval, does what its editor chose."""
    campaign, steps, kim = standing_at(story, "W1")
    draft = Campaign.objects.get(pk=campaign.pk)
    draft.steps, draft.inside_follow = EDITS["remove"](steps), "old"
    revision = draft.save_revision()
    revision.publish()
    assert Campaign.objects.get(pk=campaign.pk).current_version.number == 2
    assert kim.journeys()[0].version.number == 1
    story.after(days=1)
    assert kim.contact.points == 11


def test_what_an_edit_means_is_told_before_it_is_done(story: Story) -> None:
    """Per step: what happens to it, how many stand there, how many go on at once, how many are still to come."""
    campaign, steps, _kim = standing_at(story, "W1")
    ada = story.contact("ada@example.com", locale="nl")
    ada.did("page_view")
    draft = Campaign.objects.get(pk=campaign.pk)

    def told(blocks: list[dict[str, Any]]) -> list[tuple[str, str, int, int, int]]:
        draft.steps = blocks
        names = {block["id"]: name for name, block in {**steps, "new": NEW}.items()}
        return [
            (names[e.step_id], e.what, e.inside, e.overdue_now, e.ahead)
            for e in edits.effect(draft, story.now)
        ]

    assert told(list(steps.values())) == []
    assert told([*({**steps, "W1": lasting(steps["W1"], 1)}).values()]) == [("W1", "changed", 2, 1, 0)]
    assert told(EDITS["lengthen"](steps)) == [("W1", "changed", 2, 0, 0)]
    assert told(EDITS["remove"](steps)) == [("W1", "removed", 2, 2, 0)]
    assert told(EDITS["insert before"](steps)) == [("new", "added", 0, 0, 0)]
    assert told(EDITS["insert after"](steps)) == [("new", "added", 0, 0, 2)]
    assert told(EDITS["move into an arm"](steps)) == [("c", "moved", 0, 0, 2)]
    assert {name for name, what, *_numbers in told(EDITS["move down"](steps)) if what == "moved"} <= {
        "b",
        "W2",
    }
    (changed,) = edits.effect(_with(draft, EDITS["lengthen"](steps)), story.now)
    assert (changed.sentence, changed.was) == ("wait 10 days", "wait 2 days")


def _with(campaign: Campaign, steps: list[dict[str, Any]]) -> Campaign:
    campaign.steps = steps
    return campaign


@pytest.mark.parametrize("choice", ["go_on", "exit"])
def test_publishing_costs_the_same_for_many_contacts(
    story: Story, django_assert_max_num_queries: Any, choice: str
) -> None:
    """However many stand at the step that is removed or changed."""
    costs = []
    for number, crowd in enumerate([2, 40]):
        steps = with_ids([wait(5), points(1), wait(5)])
        campaign = story.campaign(f"C{number}", on_event(f"event_{number}"), *steps)
        for each in range(crowd):
            story.contact(f"c{number}-{each}@example.com").did(f"event_{number}", run=False)
        story.run()
        row = Campaign.objects.get(pk=campaign.pk)
        row.steps, row.inside_removed = steps[1:], choice
        row.save()
        with django_assert_max_num_queries(200) as counted:
            edits.effect(row, story.now)
            publishing.published(row, story.now)
        costs.append(len(counted))
    assert costs[1] <= costs[0]


def test_what_is_queued_by_a_removed_step_still_goes_out(story: Story) -> None:
    """The past is not taken back: an email that was decided on is sent, although its step is gone."""
    template = story.template("Hello")
    campaign = story.campaign("C", on_event("page_view"), send(template), wait(5))
    kim = story.contact("kim@example.com")
    kim.did("page_view", run=False)
    pipeline.drain(story.now)
    pipeline.advance(story.now)
    edit(story, campaign, Campaign.objects.get(pk=campaign.pk).raw_steps[1:])
    assert kim.mails() == ["Hello"]
