from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.reporting import rows
from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.reporting.campaigns import (
    JOURNEYS,
    MESSAGES,
    VISITS,
    CampaignNumbers,
    Counted,
    flow,
    numbers,
)

pytestmark = pytest.mark.django_db


def lived() -> Campaign:
    """A campaign in which every ending has happened, one contact twice."""
    campaign = rows.campaign()
    ann, bob, eve, joe, kim, lee = (rows.contact() for _ in range(6))

    first = rows.journey(campaign, ann, state="completed", entered=0)
    rows.visit(first, "wait", left=120)
    rows.visit(first, "if", arm="yes")
    rows.visit(first, "points")
    rows.message(rows.visit(first, "send"), ann, "sent")

    again = rows.journey(campaign, ann, state="exited", reason="done", entered=500)
    rows.visit(again, "wait", left=620)
    rows.visit(again, "if", arm="no")
    rows.visit(again, "send", "skipped", reason="not: language is “nl”")
    rows.visit(again, "exit", "exited", reason="done")

    rows.visit(rows.journey(campaign, bob, step_id="wait"), "wait", "")

    broken = rows.journey(campaign, eve, state="failed", reason="ValueError: no")
    rows.visit(broken, "wait", left=120)
    rows.visit(broken, "if", "failed", reason="ValueError: no")

    ended = rows.journey(campaign, joe, state="exited", reason="the campaign has ended")
    rows.visit(ended, "wait", "")

    waiting = rows.journey(campaign, kim, step_id="exit", converted_at=rows.at(9))
    rows.visit(waiting, "wait", left=120)
    rows.visit(waiting, "if", arm="no")
    rows.message(rows.visit(waiting, "send"), kim, "unknown")
    rows.visit(waiting, "exit", "")

    rows.journey(campaign, lee)  # entered a moment ago: no step has seen it yet

    # Neither of these belongs to the campaign's numbers.
    other = rows.campaign("Other")
    rows.visit(rows.journey(other, ann, state="failed"), "wait", "failed")
    rows.message(None, ann, "sent")
    return campaign


def identities_hold(counted: CampaignNumbers) -> bool:
    total = counted.journeys
    whole = total["entered"] == total["active"] + total["completed"] + total["exited"] + total["failed"]
    exits = sum(count for _reason, count in counted.exits) == total["exited"]
    failures = sum(count for _reason, count in counted.failures) == total["failed"]
    steps = all(
        step.visits["arrived"] == sum(step.visits[name] for name in VISITS if name != "arrived")
        and step.messages["messages"] == sum(step.messages[name] for name in MESSAGES if name != "messages")
        for step in counted.steps.values()
    )
    return whole and exits and failures and steps


def test_entered_is_active_and_every_ending() -> None:
    """Every journey is counted as entered and as exactly one of active, completed, exited and failed (Q1)."""
    counted = numbers(lived())

    assert counted.journeys == {
        "entered": 7,
        "active": 3,
        "completed": 1,
        "exited": 2,
        "failed": 1,
        "converted": 1,
    }
    assert identities_hold(counted)


def test_reasons_of_endings() -> None:
    """Exits and failures are counted by reason."""
    counted = numbers(lived())

    assert counted.exits == [("done", 1), ("the campaign has ended", 1)]
    assert counted.failures == [("ValueError: no", 1)]


def test_numbers_of_a_step() -> None:
    """A step's arrivals are what waits, went on, was skipped, left and failed there; ways out are counted apart (Q2)."""
    steps = numbers(lived()).steps

    assert steps["wait"].visits == {
        "arrived": 6,
        "waiting": 1,
        "passed": 4,
        "skipped": 0,
        "exited": 1,
        "failed": 0,
    }
    assert steps["if"].arms == {"yes": 1, "no": 2}
    assert steps["if"].visits["failed"] == 1
    assert steps["send"].visits["skipped"] == 1
    assert steps["exit"].visits == {
        "arrived": 2,
        "waiting": 1,
        "passed": 0,
        "skipped": 0,
        "exited": 1,
        "failed": 0,
    }


def test_a_journey_ended_from_outside_does_not_wait() -> None:
    """A visit that its step never decided is an exit there once the journey has ended."""
    campaign = rows.campaign()
    journey = rows.journey(campaign, rows.contact())
    rows.visit(journey, "wait", "")
    assert numbers(campaign).steps["wait"].visits["waiting"] == 1

    journey.state, journey.ended_at = "exited", rows.at(5)
    journey.save()

    after = numbers(campaign).steps["wait"].visits
    assert (after["waiting"], after["exited"], after["arrived"]) == (0, 1, 1)


def test_messages_of_a_step() -> None:
    """Messages are counted by what became of them; an uncertain one is never counted as sent."""
    messages = numbers(lived()).steps["send"].messages

    assert (messages["messages"], messages["sent"], messages["unknown"]) == (2, 1, 1)


def test_messages_without_a_visit_are_counted_nowhere() -> None:
    """A test send belongs to no visit and to no number (Q3)."""
    campaign = rows.campaign()
    sample = rows.message(None, rows.contact())
    sample.campaign, sample.step_id = campaign, "send"
    sample.save()

    assert numbers(campaign).steps == {}


@pytest.mark.parametrize("version", [None, 1, 2])
def test_every_number_lists_what_it_counts(version: int | None) -> None:
    """The list behind each number has as many rows as the number says, for all versions and for each (Q3)."""
    campaign = lived()
    second = rows.version(campaign)
    moved = rows.journey(campaign, rows.contact(), on=second)
    rows.visit(moved, "wait", left=120)
    counted = numbers(campaign, version)
    assert identities_hold(counted)

    for name in JOURNEYS:
        assert Counted(name).rows(campaign, version).count() == counted.journeys[name], name
    for reason, count in counted.exits:
        assert Counted("exited", reason=reason).rows(campaign, version).count() == count
    for step_id, step in counted.steps.items():
        for name in VISITS:
            assert Counted(name, step_id).rows(campaign, version).count() == step.visits[name], (
                step_id,
                name,
            )
        for arm, count in step.arms.items():
            assert Counted("passed", step_id, arm).rows(campaign, version).count() == count
        for name in MESSAGES:
            found = Counted(f"message-{name}", step_id).rows(campaign, version).count()
            assert found == step.messages[name], (step_id, name)


def test_versions_add_up() -> None:
    """What the versions count one by one is what they count together."""
    campaign = lived()
    second = rows.version(campaign)
    journey = rows.journey(campaign, rows.contact(), on=second)
    rows.visit(journey, "wait", "", on=second)
    whole, one, two = numbers(campaign), numbers(campaign, 1), numbers(campaign, 2)

    for name in JOURNEYS:
        assert whole.journeys[name] == one.journeys[name] + two.journeys[name]
    assert whole.steps["wait"].visits["arrived"] == (
        one.steps["wait"].visits["arrived"] + two.steps["wait"].visits["arrived"]
    )


def test_an_unknown_number_is_refused() -> None:
    """Asking for a number that is not counted is an error, not an empty list."""
    with pytest.raises(KeyError):
        Counted("nonsense").rows(rows.campaign())


def test_statements_do_not_grow_with_the_campaign() -> None:
    """Counting costs eight statements for an empty campaign and for a full one."""
    empty, full = rows.campaign("Empty"), lived()
    for campaign in (empty, full):
        with CaptureQueriesContext(connection) as statements:
            numbers(campaign)
        assert len(statements) == 8


def test_the_flow_is_read_from_start_to_end() -> None:
    """Steps are listed in the order of the flow, each once, arms below their step, what follows after the arms."""
    order = [(place.step_id, place.depth, place.arm) for place in flow(rows.GRAPH)]

    assert order == [
        ("wait", 0, ""),
        ("if", 0, ""),
        ("points", 1, "yes"),
        ("send", 0, ""),
        ("exit", 0, ""),
    ]


def test_the_flow_of_a_branch_at_the_end() -> None:
    """Arms of a last step that is nested in another last step stop where they meet."""
    nodes = {
        "a": rows.node("branch", {}, None, yes="b", no=None),
        "b": rows.node("branch", {}, None, yes="c", no="d"),
        "c": rows.node("exit", {}, None),
        "d": rows.node("exit", {}, None),
    }
    order = [(place.step_id, place.depth, place.parent) for place in flow({"start": "a", "nodes": nodes})]

    assert order == [("a", 0, ""), ("b", 1, "a"), ("c", 2, "b"), ("d", 2, "b")]
