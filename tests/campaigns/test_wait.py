from __future__ import annotations

import datetime

import pytest

from wagtail_journeys.campaigns.clock import zone_of
from wagtail_journeys.campaigns.outcomes import Advance, WaitUntil
from wagtail_journeys.campaigns.steps import Group, Position, registry
from wagtail_journeys.models import Contact

WAIT = registry["wait"]
UTC = datetime.UTC


def over(arrived: tuple[int, ...], amount: int, unit: str, at: str | None, zone: str) -> str:
    """When a wait that began at ``arrived`` (in UTC) is over, on the clock of the zone."""
    params = {"amount": amount, "unit": unit, "at": at}
    moment = WAIT.moment(params, datetime.datetime(*arrived, tzinfo=UTC), zone)
    return f"{moment.astimezone(zone_of(zone)):%Y-%m-%d %H:%M %z}"


@pytest.mark.parametrize(
    ("amount", "unit", "at", "zone", "expected"),
    [
        (24, "hours", None, "Europe/Amsterdam", "2026-03-03 10:00 +0100"),
        (1, "days", "09:00:00", "Europe/Amsterdam", "2026-03-03 09:00 +0100"),
        (1, "days", "09:00:00", "America/New_York", "2026-03-03 09:00 -0500"),
        (1, "weeks", "18:30:00", "Asia/Tokyo", "2026-03-09 18:30 +0900"),
        (0, "days", "09:00:00", "America/New_York", "2026-03-02 09:00 -0500"),
        (0, "days", "09:00:00", "Asia/Tokyo", "2026-03-03 09:00 +0900"),
    ],
)
def test_a_time_of_day_is_that_of_the_contact(
    amount: int, unit: str, at: str | None, zone: str, expected: str
):
    """Elapsed time is the same everywhere; a time of day is the next one on the contact's own clock (S1, T1)."""
    assert over((2026, 3, 2, 9), amount, unit, at, zone) == expected


def test_a_time_that_the_clock_skips_is_the_first_that_exists():
    """On the night the clocks go forward, 02:30 is 03:00 (T2)."""
    assert over((2027, 3, 27, 12), 1, "days", "02:30:00", "Europe/Amsterdam") == "2027-03-28 03:00 +0200"


def test_a_time_that_comes_twice_is_the_first_of_the_two():
    """On the night the clocks go back, 02:30 is the one before they do (T2)."""
    assert over((2026, 10, 24, 12), 1, "days", "02:30:00", "Europe/Amsterdam") == "2026-10-25 02:30 +0200"


def test_a_day_keeps_the_clock_time_and_24_hours_the_elapsed_time():
    """Across a change of the clocks the two differ by an hour (T2)."""
    arrived = (2026, 10, 24, 7)
    assert over(arrived, 1, "days", "09:00:00", "Europe/Amsterdam") == "2026-10-25 09:00 +0100"
    assert over(arrived, 24, "hours", None, "Europe/Amsterdam") == "2026-10-25 08:00 +0100"
    assert over(arrived, 1, "days", None, "Europe/Amsterdam") == "2026-10-25 08:00 +0100"


def test_without_a_zone_of_its_own_a_contact_is_in_that_of_the_site(settings):
    """An empty or unknown zone falls back to the site's (T1)."""
    settings.TIME_ZONE = "Asia/Tokyo"
    for zone in ("", "Mars/Olympus"):
        assert over((2026, 3, 2, 9), 1, "days", "09:00:00", zone) == "2026-03-03 09:00 +0900"


def test_a_group_is_decided_contact_by_contact(db: None):
    """Those whose time has come go on, the others wait until theirs; nobody goes on early (S1, T3)."""
    zones = ("Asia/Tokyo", "America/New_York")
    contacts = [
        Contact.objects.create(email=f"{n}@example.com", time_zone=zone) for n, zone in enumerate(zones)
    ]
    arrived = datetime.datetime(2026, 3, 2, 9, tzinfo=UTC)
    positions = [Position(contact.pk, contact.pk, arrived, arrived, None) for contact in contacts]
    params = {"amount": 1, "unit": "days", "at": "09:00:00"}
    tokyo, new_york = (contact.pk for contact in contacts)
    nine = {
        tokyo: datetime.datetime(2026, 3, 3, tzinfo=UTC),
        new_york: datetime.datetime(2026, 3, 3, 14, tzinfo=UTC),
    }
    second = datetime.timedelta(seconds=1)

    def decide(now: datetime.datetime) -> dict:
        return WAIT.decide(Group(1, "a", positions), params, now)

    assert decide(nine[tokyo] - second) == {pk: WaitUntil(moment) for pk, moment in nine.items()}
    assert decide(nine[tokyo]) == {tokyo: Advance(), new_york: WaitUntil(nine[new_york])}
    assert decide(nine[new_york]) == {tokyo: Advance(), new_york: Advance()}
