"""Waiting until something is true, and the ways that a journey can take."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from tests.scenarios.story import (
    Story,
    branch,
    choose,
    end,
    on_event,
    points,
    put_on,
    record,
    send,
    speaks,
    split,
    until,
    update,
    wait,
)
from wagtail_journeys.models import Contact, Journey, Message, Segment, Visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> Story:
    return Story()


def arms(campaign: object) -> list[str]:
    """The labels of the arms taken at the campaign's first step, in the order of the journeys."""
    found = []
    for visit in Visit.objects.filter(journey__campaign=campaign).exclude(arm="").order_by("journey_id"):
        items = visit.version.graph["nodes"][visit.step_id]["params"]["arms"]
        labels = {item["id"]: item["value"]["label"] for item in items}
        found.append(labels.get(visit.arm, visit.arm))
    return found


def test_who_matches_already_goes_on_at_once(story: Story) -> None:
    """A condition that holds on arrival needs no waiting (S2)."""
    campaign = story.campaign("Wait", on_event("read"), until(speaks("nl")))
    ann = story.visitor("ann@example.com")
    ann.says(locale="nl")
    ann.did("read")
    assert ann.path(campaign) == ["wait_condition:happened"]


def test_a_change_ends_the_wait_at_once(story: Story) -> None:
    """Not at the next look by the clock: the change itself wakes the journey up (S2)."""
    campaign = story.campaign("Wait", on_event("read"), until(speaks("nl"), happened=[points(5)]))
    ann = story.visitor("ann@example.com")
    ann.says(locale="en")
    ann.did("read")
    story.after(hours=30)
    assert ann.path(campaign) == ["wait_condition:"]
    ann.says(locale="nl")
    assert ann.path(campaign) == ["wait_condition:happened", "points:passed"]
    assert ann.contact.points == 5


def test_a_wait_has_an_end(story: Story) -> None:
    """After three days it takes the other arm, not a minute earlier (S2, T3)."""
    campaign = story.campaign("Wait", on_event("read"), until(speaks("nl"), timed_out=[points(1)]))
    ann = story.visitor("ann@example.com")
    ann.says(locale="en")
    ann.did("read")
    story.after(days=2, hours=23, minutes=59)
    assert ann.path(campaign) == ["wait_condition:"]
    story.after(minutes=1)
    assert ann.path(campaign) == ["wait_condition:timed_out", "points:passed"]


def test_the_first_arm_that_fits_is_taken(story: Story) -> None:
    """In the order of the editor; nobody who fits goes the other way (S3)."""
    campaign = story.campaign(
        "Choose",
        on_event("read"),
        choose(("Dutch", speaks("nl"), [points(1)]), ("Any n", speaks("nb"), []), otherwise=[points(2)]),
        update("first_name", "set", "Met again"),
    )
    for name, language in (("ann", "nl"), ("bob", "nb"), ("cas", "en")):
        person = story.visitor(f"{name}@example.com")
        person.says(locale=language)
        person.did("read")
    assert arms(campaign) == ["Dutch", "Any n", "otherwise"]
    assert list(Contact.objects.order_by("email").values_list("points", "first_name")) == [
        (1, "Met again"),
        (0, "Met again"),
        (2, "Met again"),
    ]


def test_a_contact_always_takes_the_same_arm(story: Story) -> None:
    """Again and again, the same contact the same way, and both ways are taken (S4)."""
    campaign = story.campaign(
        "Split", on_event("read"), split(("A", 50, []), ("B", 50, [])), frequency="every_time"
    )
    people = [story.visitor(f"person{number}@example.com") for number in range(40)]
    for person in people:
        person.submits_form(run=False)
    story.run()
    for _again in range(3):
        for person in people:
            person.did("read", run=False)
        story.after(minutes=1)
    taken: dict[int, set[str]] = {}
    for contact, arm in Visit.objects.filter(journey__campaign=campaign).values_list(
        "journey__contact", "arm"
    ):
        taken.setdefault(contact, set()).add(arm)
    assert {len(each) for each in taken.values()} == {1}
    assert len(set().union(*taken.values())) == 2


def test_other_percentages_move_only_those_in_between(story: Story) -> None:
    """From 50/50 to 60/40 a tenth of the contacts changes sides, all in the same direction (S4)."""
    from wagtail_journeys.campaigns.lots import arm_at, position_of

    places = [position_of(f"contact-{number}", "step") for number in range(5000)]
    before = [arm_at(place, [("A", 50), ("B", 50)]) for place in places]
    after = [arm_at(place, [("A", 60), ("B", 40)]) for place in places]
    moved = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert set(moved) == {("B", "A")}
    assert 0.08 < len(moved) / len(places) < 0.12
    assert 0.47 < before.count("A") / len(places) < 0.53


def test_the_control_group_goes_the_same_way_without_messages(story: Story) -> None:
    """It is counted, it changes like the others, and it gets nothing, also after the arms have met again (S4)."""
    template = story.template("News")
    campaign = story.campaign(
        "Trial",
        on_event("read"),
        split(("Everybody", 50, [send(template)]), ("Control", 50, [send(template)]), control="Control"),
        send(template),
        points(1),
    )
    people = [story.visitor(f"person{number}@example.com") for number in range(30)]
    for person in people:
        person.submits_form(run=False)
        person.did("read", run=False)
    story.run()
    control = set(
        Journey.objects.filter(campaign=campaign, holdout=True).values_list("contact__email", flat=True)
    )
    assert 5 < len(control) < 25
    for person in people:
        assert len(person.mails()) == (0 if person.email in control else 2)
        assert person.contact.points == 1
    skipped = Visit.objects.filter(journey__holdout=True, outcome="skipped")
    assert {visit.reason for visit in skipped} == {"in the control group"}
    assert not Message.objects.filter(visit__journey__holdout=True).exists()


def test_a_step_puts_contacts_on_a_list_and_takes_them_off(story: Story) -> None:
    """Both count at once for the campaigns and segments that look at the list (S7)."""
    readers = Segment.objects.create(name="Readers", kind="static")
    story.campaign("On", on_event("read"), put_on(readers), wait(1), put_on(readers, "remove"))
    ann = story.visitor("ann@example.com")
    ann.submits_form()
    ann.did("read")
    stays = readers.memberships.filter(contact=ann.contact)
    assert stays.filter(left_at__isnull=True).count() == 1
    story.after(days=1)
    assert stays.filter(left_at=story.now).count() == 1


def test_a_step_records_an_event(story: Story) -> None:
    """It starts another campaign, like an event from anywhere else (S7)."""
    reached = story.campaign("Reached", on_event("half_way"), points(10))
    story.campaign("Course", on_event("began"), wait(1, "hours"), record("half_way", level="2"))
    ann = story.visitor("ann@example.com")
    ann.submits_form()
    ann.did("began")
    story.after(hours=1)
    assert len(ann.journeys(reached)) == 1
    assert ann.contact.points == 10


def test_a_step_ends_another_campaign(story: Story) -> None:
    """For this contact only, with the reason (S7)."""
    long = story.campaign("Long", on_event("began"), wait(30))
    story.campaign("Ender", on_event("finished"), end(long))
    ann, bob = story.visitor("ann@example.com"), story.visitor("bob@example.com")
    for person in (ann, bob):
        person.submits_form()
        person.did("began")
    ann.did("finished")
    assert [(j.state, j.end_reason) for j in ann.journeys(long)] == [("exited", "ended by another campaign")]
    assert [j.state for j in bob.journeys(long)] == ["active"]


@pytest.mark.parametrize(
    ("now", "zone", "expected"),
    [
        # Monday to Friday, 09:00 to 17:00.
        ("2026-03-02T08:30+00:00", "Europe/Amsterdam", "2026-03-02T08:30+00:00"),  # 09:30 there: open
        ("2026-03-02T16:30+00:00", "Europe/Amsterdam", "2026-03-03T08:00+00:00"),  # 17:30: tomorrow at 09:00
        ("2026-03-06T20:00+00:00", "Europe/Amsterdam", "2026-03-09T08:00+00:00"),  # Friday evening: Monday
        (
            "2026-03-27T20:00+00:00",
            "Europe/Amsterdam",
            "2026-03-30T07:00+00:00",
        ),  # over the change of the clocks
        (
            "2026-03-02T08:30+00:00",
            "Pacific/Apia",
            "2026-03-02T20:00+00:00",
        ),  # 21:30 there: tomorrow at 09:00
        ("2026-03-02T08:30+00:00", "Asia/Kathmandu", "2026-03-02T08:30+00:00"),  # 14:15 there: open
    ],
)
def test_a_window_of_weekdays_and_hours(now: str, zone: str, expected: str) -> None:
    """Open now, or when it opens next on the contact's own clock (S1)."""
    from wagtail_journeys.campaigns.steps import registry

    params = {"weekdays": ["0", "1", "2", "3", "4"], "from_time": "09:00:00", "to_time": "17:00:00"}
    moment = registry["wait_window"].opens(params, datetime.datetime.fromisoformat(now), zone)
    assert moment == datetime.datetime.fromisoformat(expected)


def test_a_window_over_midnight_is_still_open_in_the_small_hours() -> None:
    """Sunday 22:00 to 02:00 is open on Monday at 01:00 (S1)."""
    from wagtail_journeys.campaigns.steps import registry

    params = {"weekdays": ["6"], "from_time": "22:00:00", "to_time": "02:00:00"}
    now = datetime.datetime(2026, 3, 2, 1, tzinfo=datetime.UTC)
    assert registry["wait_window"].opens(params, now, "UTC") == now


def test_a_window_is_waited_for(story: Story) -> None:
    """A contact who arrives on Friday evening goes on on Monday morning."""
    window = {
        "type": "wait_window",
        "value": {"weekdays": ["0", "1", "2", "3", "4"], "from_time": "09:00:00", "to_time": "17:00:00"},
    }
    campaign = story.campaign("Office", on_event("read"), window)
    ann = story.visitor("ann@example.com")
    ann.says(time_zone="Europe/Amsterdam")
    story.after(days=4, hours=10)  # Friday 19:00 UTC
    ann.did("read")
    story.after(days=2, hours=12, minutes=59)  # Monday 07:59 UTC, 08:59 there
    assert ann.path(campaign) == ["wait_window:"]
    story.after(minutes=1)
    assert ann.path(campaign) == ["wait_window:passed"]


def renewal(**params: object) -> dict:
    value = {
        "amount": 0,
        "unit": "days",
        "side": "before",
        "attribute": "renewal",
        "at": "09:00:00",
        "past": "go_on",
        "missing": "exit",
        **params,
    }
    return {"type": "wait_attribute", "value": value}


def test_a_date_of_the_contact_is_waited_for(story: Story) -> None:
    """Two weeks before the renewal, at nine on the contact's clock (S1)."""
    campaign = story.campaign("Renewal", on_event("read"), renewal(amount=2, unit="weeks"))
    ann = story.visitor("ann@example.com")
    ann.says(renewal="2026-04-20", time_zone="America/New_York")
    ann.did("read")
    (journey,) = ann.journeys(campaign)
    assert journey.due_at == datetime.datetime(2026, 4, 6, 13, tzinfo=datetime.UTC)


def test_a_date_that_changes_moves_the_wait(story: Story) -> None:
    """The renewal is tomorrow after all: the journey does not wait until April (S1)."""
    campaign = story.campaign("Renewal", on_event("read"), renewal())
    ann = story.visitor("ann@example.com")
    ann.says(renewal="2026-04-20")
    ann.did("read")
    ann.says(renewal="2026-03-03")
    story.after(days=1, hours=1)
    assert ann.path(campaign) == ["wait_attribute:passed"]


@pytest.mark.parametrize(
    ("value", "params", "expected"),
    [
        ("2020-01-01", {}, ("completed", "")),
        ("2020-01-01", {"past": "exit"}, ("exited", "“renewal” was over")),
        ("soon", {}, ("exited", "“renewal” is not a date")),
        (None, {}, ("exited", "“renewal” is not a date")),
        (None, {"missing": "go_on"}, ("completed", "")),
    ],
)
def test_a_date_that_is_over_or_missing(
    story: Story, value: str | None, params: dict, expected: tuple[str, str]
) -> None:
    """Go on or leave, as the editor chose; by default on for past ones, out for missing ones (S1)."""
    campaign = story.campaign("Renewal", on_event("read"), renewal(**params))
    ann = story.visitor("ann@example.com")
    ann.says(**({"renewal": value} if value else {}))
    ann.did("read")
    (journey,) = ann.journeys(campaign)
    assert (journey.state, journey.end_reason) == expected


def test_a_fixed_date_is_waited_for(story: Story) -> None:
    """The same moment for everybody (S1)."""
    step = {
        "type": "wait_date",
        "value": {"until": "2026-03-05T10:00:00+00:00", "clock": "site", "past": "exit"},
    }
    campaign = story.campaign("Launch", on_event("read"), step)
    ann, late = story.visitor("ann@example.com"), story.visitor("late@example.com")
    ann.submits_form()
    ann.did("read")
    story.after(days=3, hours=0, minutes=59)
    assert ann.path(campaign) == ["wait_date:"]
    story.after(minutes=1)
    assert ann.path(campaign) == ["wait_date:passed"]
    story.after(minutes=1)
    late.submits_form()
    late.did("read")
    assert [journey.end_reason for journey in late.journeys(campaign)] == ["the date to wait for was over"]


def test_arms_inside_arms_meet_again(story: Story) -> None:
    """A choice inside a branch inside a split: every contact comes out at the same last step."""
    inner = choose(("Dutch", speaks("nl"), [points(1)]), otherwise=[points(2)])
    campaign = story.campaign(
        "Deep",
        on_event("read"),
        split(("A", 50, [branch(speaks("nl"), yes=[inner], no=[inner])]), ("B", 50, [inner])),
        points(100),
    )
    for number in range(12):
        person = story.visitor(f"person{number}@example.com")
        person.says(locale="nl" if number % 2 else "en")
        person.did("read")
    assert set(Contact.objects.values_list("locale", "points")) == {("nl", 101), ("en", 102)}
    assert Journey.objects.filter(campaign=campaign, state="completed").count() == 12


def until_event(name: str, since: str = "arrival", **params: Any) -> dict[str, Any]:
    return {
        "type": "wait_event",
        "value": {
            **on_event(name)["value"],
            "since": since,
            "days": 7,
            "amount": 3,
            "unit": "days",
            "happened": [points(1)],
            "timed_out": [points(100)],
            **params,
        },
    }


def test_an_event_ends_the_wait_at_once(story: Story) -> None:
    """The download itself wakes the journey up (S2)."""
    campaign = story.campaign("Wait", on_event("began"), until_event("download"))
    ann = story.visitor("ann@example.com")
    ann.submits_form()
    ann.did("began")
    story.after(hours=5)
    assert ann.path(campaign) == ["wait_event:"]
    ann.did("download")
    assert ann.path(campaign) == ["wait_event:happened", "points:passed"]


@pytest.mark.parametrize(("since", "expected"), [("arrival", 100), ("entry", 1), ("days", 1), ("ever", 1)])
def test_from_when_an_event_counts(story: Story, since: str, expected: int) -> None:
    """Before the arrival at the step it counts only where the editor said so (S2)."""
    story.campaign("Wait", on_event("began"), wait(1, "hours"), until_event("download", since))
    ann = story.visitor("ann@example.com")
    ann.submits_form()
    ann.did("began")
    story.after(minutes=30)
    ann.did("download")
    story.after(days=4)
    story.after(days=4)
    assert ann.contact.points == expected


@pytest.mark.parametrize(
    ("since", "when", "arm"),
    [
        # when: hours before (-) or after (+) the arrival at the step, which is an hour after the entry
        ("arrival", None, "timed_out"),
        ("arrival", -2, "timed_out"),
        ("arrival", -0.5, "timed_out"),
        ("arrival", 1, "happened"),
        ("entry", -2, "timed_out"),
        ("entry", -0.5, "happened"),
        ("entry", 1, "happened"),
        ("days", -24 * 8, "timed_out"),
        ("days", -24 * 6, "happened"),
        ("days", 1, "happened"),
        ("ever", -24 * 300, "happened"),
        ("ever", 1, "happened"),
        ("ever", None, "timed_out"),
    ],
)
def test_which_events_end_a_wait(story: Story, since: str, when: float | None, arm: str) -> None:
    """Before the entry, between entry and arrival, after the arrival, never: a table (S2)."""
    ann = story.contact("ann@example.com")
    entry = story.now + datetime.timedelta(days=301)
    arrival = entry + datetime.timedelta(hours=1)
    did_at = None if when is None else arrival + datetime.timedelta(hours=when)
    moments = sorted({entry, arrival, arrival + datetime.timedelta(days=4), *([did_at] if did_at else [])})
    campaign = story.campaign("Wait", on_event("began"), wait(1, "hours"), until_event("download", since))
    for moment in moments:
        story.now = moment
        if moment == entry:
            ann.did("began", run=False)
        if moment == did_at:
            ann.did("download", run=False)
        story.run()
    assert ann.path(campaign)[1] == f"wait_event:{arm}"


@pytest.mark.parametrize(
    ("since", "path"), [("arrival", []), ("entry", []), ("ever", ["happened"]), ("days", ["happened"])]
)
def test_the_event_that_let_the_contact_in_is_over(story: Story, since: str, path: list[str]) -> None:
    """Waiting for what started the journey means: for the next time, unless earlier ones count, too (S2)."""
    campaign = story.campaign("Wait", on_event("began"), until_event("began", since))
    ann = story.contact("ann@example.com")
    ann.did("began")
    passed = [step.partition(":")[2] for step in ann.path(campaign)][:1]
    assert passed == (path or [""])
    story.after(hours=1)
    ann.did("began")
    assert ann.path(campaign)[0] == "wait_event:happened"


def test_an_event_after_the_end_of_the_wait_does_not_count(story: Story) -> None:
    """The site was down at the deadline; what came later is not in time (S2, T3)."""
    campaign = story.campaign("Wait", on_event("began"), until_event("download"))
    ann = story.visitor("ann@example.com")
    ann.submits_form()
    ann.did("began")
    story.now += datetime.timedelta(days=4)
    ann.did("download")
    assert ann.path(campaign) == ["wait_event:timed_out", "points:passed"]
