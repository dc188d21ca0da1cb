"""How often × by what × twice at once × counted apart: every cell of the table (E6, E7).

The same thing happens four times, one unit of time apart. A journey takes one unit and a half, the interval is two and
a half: the second time the first journey is still under way, the fourth time the interval is over.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable

import pytest

from tests.scenarios.story import (
    START,
    Person,
    Story,
    attribute,
    on_date,
    on_entering,
    on_event,
    on_leaving,
    speaks,
    wait,
    when_added,
)
from wagtail_journeys.journeys import enrolment
from wagtail_journeys.models import Campaign, EnrolRequest, Journey, PendingEntry, Refusal

ENTERED, FREQUENCY, ACTIVE = "entered", "frequency", "active"

#: (frequency, may run twice at once) -> what becomes of the four.
TABLE = {
    ("once", False): [ENTERED, FREQUENCY, FREQUENCY, FREQUENCY],
    ("once", True): [ENTERED, FREQUENCY, FREQUENCY, FREQUENCY],
    ("every_time", False): [ENTERED, ACTIVE, ENTERED, ACTIVE],
    ("every_time", True): [ENTERED, ENTERED, ENTERED, ENTERED],
    ("interval", False): [ENTERED, ACTIVE, FREQUENCY, ENTERED],
    ("interval", True): [ENTERED, FREQUENCY, FREQUENCY, ENTERED],
}
DAYS = {"steps": wait(3), "interval": 5, "interval_unit": "days"}
YEARS = {"steps": wait(548), "interval": 30, "interval_unit": "months"}


@pytest.fixture
def kim(story: Story) -> Person:
    return story.contact(
        "kim@example.com", locale="en", time_zone="UTC", attributes={"birthday": "1990-05-03"}
    )


def told(campaign: Campaign) -> Counter[str]:
    found = Counter(dict(Refusal.objects.filter(campaign=campaign).values_list("reason", "count")))
    found[ENTERED] = Journey.objects.filter(campaign=campaign).count()
    return found


def four_times(story: Story, campaign: Campaign, what: Callable[[int], None]) -> list[str]:
    """What became of each of the four; more than one word where more than one thing did."""
    found = []
    for number in range(4):
        story.now = max(story.now, START + datetime.timedelta(days=2 * number))
        story.run()  # those who are through are through
        before = told(campaign)
        what(number)
        story.run()
        found.append(" ".join(sorted((told(campaign) - before).elements())))
    return found


def make(story: Story, trigger: dict, frequency: str, overlap: bool, **other: object) -> Campaign:
    given = {**DAYS, **other}
    steps = given.pop("steps")
    return story.campaign("Cell", trigger, steps, frequency=frequency, may_overlap=overlap, **given)


CELLS = pytest.mark.parametrize(("cell", "expected"), TABLE.items(), ids=lambda each: str(each))


@CELLS
def test_an_event(story: Story, kim: Person, cell: tuple[str, bool], expected: list[str]):
    """An event occurs four times."""
    campaign = make(story, on_event("order_paid"), *cell)
    assert four_times(story, campaign, lambda _n: kim.did("order_paid") and None) == expected


@CELLS
def test_an_event_with_a_run_key(story: Story, kim: Person, cell: tuple[str, bool], expected: list[str]):
    """Two orders have four events each: each order is in the cell by itself, beside the other."""
    campaign = make(story, on_event("order_paid"), *cell, run_key="order_id")

    def pay(_number: int) -> None:
        for order in ("1001", "1002"):
            kim.did("order_paid", properties={"order_id": order})

    assert four_times(story, campaign, pay) == [f"{each} {each}" for each in expected]
    counts = Counter(journey.run_key for journey in kim.journeys(campaign))
    assert counts == {order: expected.count(ENTERED) for order in ("1001", "1002")}


@CELLS
def test_entering_a_segment(story: Story, kim: Person, cell: tuple[str, bool], expected: list[str]):
    """Entered four times, with leaving in between: who stays has not entered again (E7)."""
    campaign = make(story, on_entering(story.segment("Dutch", speaks("nl"))), *cell)

    def enter(_number: int) -> None:
        for locale in ("en", "nl", "nl"):
            kim.says(locale=locale)

    assert four_times(story, campaign, enter) == expected


@CELLS
def test_leaving_a_segment(story: Story, kim: Person, cell: tuple[str, bool], expected: list[str]):
    """Left four times, with entering in between (E7)."""
    campaign = make(story, on_leaving(story.segment("Dutch", speaks("nl"))), *cell)

    def leave(_number: int) -> None:
        for locale in ("nl", "en", "en"):
            kim.says(locale=locale)

    assert four_times(story, campaign, leave) == expected


@CELLS
def test_a_date_every_year(story: Story, kim: Person, cell: tuple[str, bool], expected: list[str]):
    """Four birthdays, a year apart."""
    campaign = make(story, on_date(attribute="birthday", yearly=True), *cell, **YEARS)

    def celebrate(number: int) -> None:
        story.now = datetime.datetime(2026 + number, 5, 3, 9, tzinfo=datetime.UTC)

    assert four_times(story, campaign, celebrate) == expected


@CELLS
def test_adding_by_hand(story: Story, kim: Person, cell: tuple[str, bool], expected: list[str]):
    """Somebody adds the contact four times."""
    campaign = make(story, when_added(), *cell)

    def add(_number: int) -> None:
        asked = [kim.contact.pk]
        enrolment.ask(enrolment.draft(campaign, EnrolRequest.Source.CONTACT, story.now, contacts=asked))

    assert four_times(story, campaign, add) == expected
    requests = EnrolRequest.objects.order_by("pk")
    assert [next(iter(one.refused), ENTERED) for one in requests] == expected


def test_an_interval_is_a_limit_and_no_clock(story: Story, kim: Person):
    """Staying in the segment starts nothing when the interval is over (E7)."""
    campaign = make(story, on_entering(story.segment("Dutch", speaks("nl"))), "interval", False)
    kim.says(locale="nl")
    for _day in range(12):
        story.after(days=1)
    assert len(kim.journeys(campaign)) == 1


def test_after_the_interval_the_contact_still_has_to_match(story: Story, kim: Person):
    """The filters are asked each time anew (E7)."""
    filters = [attribute("first_name", "is", "Kim")]
    dutch = story.segment("Dutch", speaks("nl"))
    campaign = make(story, on_entering(dutch), "interval", False, filters=filters)
    kim.says(locale="nl", first_name="Kim")
    story.after(days=6)
    kim.says(locale="en", first_name="Lou")
    kim.says(locale="nl")
    story.after(hours=1)
    assert len(kim.journeys(campaign)) == 1
    assert PendingEntry.objects.get().state == PendingEntry.State.GAVE_UP
