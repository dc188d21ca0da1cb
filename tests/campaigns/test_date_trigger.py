"""When a date starts a campaign: the arithmetic of days, clocks and years, without a database."""

from __future__ import annotations

import datetime
import zoneinfo
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_journeys.campaigns.triggers import registry
from wagtail_journeys.campaigns.triggers.date import DateTrigger

ZONES = [
    "Europe/Amsterdam",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "UTC",
]


@pytest.fixture
def trigger() -> DateTrigger:
    found = registry["date"]
    assert isinstance(found, DateTrigger)
    return found


def params(**other: Any) -> dict[str, Any]:
    given = {
        "kind": "attribute",
        "attribute": "on",
        "amount": 0,
        "unit": "days",
        "side": "before",
        "at": "09:00:00",
    }
    return {**given, "yearly": False, **other}


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("value", "asked", "zone", "due"),
    [
        # The time on the contact's clock, in winter and in summer.
        ("2026-03-28", {}, "Europe/Amsterdam", "2026-03-28T08:00Z"),
        ("2026-03-29", {}, "Europe/Amsterdam", "2026-03-29T07:00Z"),
        ("2026-03-02", {}, "Asia/Kathmandu", "2026-03-02T03:15Z"),
        # A time that the clock skips is the first that exists; of one that comes twice the first is taken.
        ("2026-03-29", {"at": "02:30:00"}, "Europe/Amsterdam", "2026-03-29T01:00Z"),
        ("2026-10-25", {"at": "02:30:00"}, "Europe/Amsterdam", "2026-10-25T00:30Z"),
        ("2026-03-08", {"at": "02:30:00"}, "America/New_York", "2026-03-08T07:00Z"),
        ("2026-11-01", {"at": "01:30:00"}, "America/New_York", "2026-11-01T05:30Z"),
        # Half an hour is skipped, and comes twice.
        ("2026-10-04", {"at": "02:15:00"}, "Australia/Lord_Howe", "2026-10-03T15:30Z"),
        ("2026-04-05", {"at": "01:45:00"}, "Australia/Lord_Howe", "2026-04-04T14:45Z"),
        # A whole day that there never was on the island.
        ("2011-12-30", {}, "Pacific/Apia", "2011-12-30T10:00Z"),
        ("2011-12-31", {"amount": 1}, "Pacific/Apia", "2011-12-30T10:00Z"),
        # Days keep the clock time over a change, hours count what elapses.
        ("2026-03-30", {"amount": 2}, "Europe/Amsterdam", "2026-03-28T08:00Z"),
        ("2026-03-28", {"amount": 1, "side": "after"}, "Europe/Amsterdam", "2026-03-29T07:00Z"),
        ("2026-03-30", {"amount": 48, "unit": "hours"}, "Europe/Amsterdam", "2026-03-28T07:00Z"),
        ("2026-03-16", {"amount": 2, "unit": "weeks"}, "America/New_York", "2026-03-02T14:00Z"),
        # Over the ends of month and year, and over the leap day.
        ("2027-01-03", {"amount": 7}, "Europe/Amsterdam", "2026-12-27T08:00Z"),
        ("2028-03-01", {"amount": 1}, "UTC", "2028-02-29T09:00Z"),
        ("2027-03-01", {"amount": 1}, "UTC", "2027-02-28T09:00Z"),
        # A date with a time of its own: that time, or the one of the rule.
        ("2026-03-02T19:30", {"at": None}, "Europe/Amsterdam", "2026-03-02T18:30Z"),
        ("2026-03-02T19:30", {"amount": 1}, "Europe/Amsterdam", "2026-03-01T08:00Z"),
        ("2026-03-02T19:30", {"amount": 2, "unit": "hours"}, "Europe/Amsterdam", "2026-03-02T16:30Z"),
        ("2026-03-02T23:30:00Z", {"at": None}, "Asia/Kathmandu", "2026-03-02T23:30Z"),
        ("2026-03-02T23:30:00Z", {}, "Asia/Kathmandu", "2026-03-03T03:15Z"),
        # An unknown zone is none.
        ("2026-03-02", {}, "Mars/Olympus", "2026-03-02T09:00Z"),
    ],
)
def test_when_a_date_is_due(trigger: DateTrigger, value: str, asked: dict, zone: str, due: str):
    """Clock times are the contact's; T2 says what becomes of those that do not exist or come twice."""
    written = day(value[:10])
    assert trigger.due(params(**asked), value, written, zone, "UTC") == datetime.datetime.fromisoformat(due)


@pytest.mark.parametrize(
    ("born", "year", "asked", "due"),
    [
        ("1990-05-03", 2026, {}, "2026-05-03T07:00Z"),
        ("1990-01-03", 2027, {"amount": 7}, "2026-12-27T08:00Z"),
        ("1992-02-29", 2027, {}, "2027-02-28T08:00Z"),
        ("1992-02-29", 2028, {}, "2028-02-29T08:00Z"),
        ("1992-02-29", 2100, {}, "2100-02-28T08:00Z"),
        ("1992-02-29", 2028, {"amount": 1, "side": "after"}, "2028-03-01T08:00Z"),
        ("1990-05-03T23:50:00-08:00", 2026, {}, "2026-05-03T07:00Z"),
    ],
)
def test_anniversaries(trigger: DateTrigger, born: str, year: int, asked: dict, due: str):
    """Every year on the day that is written; 29 February is kept on the 28th in a year without one."""
    moment = datetime.datetime.fromisoformat(due)
    found = trigger.occurrences(
        params(yearly=True, **asked),
        born,
        moment - datetime.timedelta(days=3),
        moment + datetime.timedelta(days=3),
        "Europe/Amsterdam",
    )
    assert [at for _day, at in found] == [moment]
    assert found[0][0].year == year


def test_the_day_itself_is_no_anniversary(trigger: DateTrigger):
    """Nor is one before it: a contact that becomes known today has its first anniversary in a year."""
    since, until = (datetime.datetime(year, 1, 1, tzinfo=datetime.UTC) for year in (2020, 2029))
    found = trigger.occurrences(params(yearly=True), "2026-03-02", since, until, "UTC")
    assert [each.year for each, _at in found] == [2027, 2028]


@pytest.mark.parametrize(
    "value", [None, 12, "", "soon", "2026-02-30", "2026-13-01", ["2026-03-02"], "0000-01-01"]
)
def test_what_is_no_date_is_never_due(trigger: DateTrigger, value: Any):
    """Attributes hold whatever a form has said."""
    since, until = (datetime.datetime(year, 1, 1, tzinfo=datetime.UTC) for year in (1900, 2100))
    assert trigger.occurrences(params(), value, since, until, "UTC") == []


@given(
    written=st.dates(datetime.date(2000, 1, 1), datetime.date(2040, 12, 31)),
    zone=st.sampled_from(ZONES),
    at=st.times().map(lambda time: time.replace(microsecond=0)),
    amount=st.integers(0, 400),
    side=st.sampled_from(["before", "after"]),
)
def test_never_early(written: datetime.date, zone: str, at: datetime.time, amount: int, side: str):
    """On the contact's clock the day and time asked for have come, and no later than the clock makes necessary."""
    trigger = registry["date"]
    assert isinstance(trigger, DateTrigger)
    asked = params(amount=amount, side=side, at=at.isoformat())
    due = trigger.due(asked, written.isoformat(), written, zone)
    assert due is not None
    wanted = datetime.datetime.combine(
        written + datetime.timedelta(days=amount if side == "after" else -amount), at
    )
    local = due.astimezone(zoneinfo.ZoneInfo(zone)).replace(tzinfo=None)
    assert wanted <= local <= wanted + datetime.timedelta(days=1)
