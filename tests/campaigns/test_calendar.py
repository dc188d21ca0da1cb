"""Every kind of wait on the nights and days on which clocks and calendars do something odd (S1, T2, T3)."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_journeys.campaigns.clock import add_interval, at_local_time
from wagtail_journeys.campaigns.steps import registry

UTC = datetime.UTC
AMSTERDAM, NEW_YORK, LORD_HOWE = "Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe"
APIA, KATHMANDU = "Pacific/Apia", "Asia/Kathmandu"
ZONES = [AMSTERDAM, NEW_YORK, LORD_HOWE, APIA, KATHMANDU]


def utc(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(moment: datetime.datetime, zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M %z}"


@pytest.mark.parametrize(
    ("zone", "arrived", "amount", "unit", "at", "expected"),
    [
        # The clocks go forward: what is skipped becomes the first time that exists.
        (AMSTERDAM, "2027-03-27T11:00", 1, "days", "02:30", "2027-03-28 03:00 +0200"),
        (NEW_YORK, "2026-03-07T17:00", 1, "days", "02:30", "2026-03-08 03:00 -0400"),
        (LORD_HOWE, "2026-10-03T00:00", 1, "days", "02:15", "2026-10-04 02:30 +1100"),
        # They go back: of what comes twice the first.
        (AMSTERDAM, "2026-10-24T11:00", 1, "days", "02:30", "2026-10-25 02:30 +0200"),
        (NEW_YORK, "2026-10-31T16:00", 1, "days", "01:30", "2026-11-01 01:30 -0400"),
        (LORD_HOWE, "2026-04-04T00:00", 1, "days", "01:45", "2026-04-05 01:45 +1100"),
        # The time on the clock is kept on both sides of a change.
        (AMSTERDAM, "2027-03-27T11:00", 1, "days", "09:00", "2027-03-28 09:00 +0200"),
        (NEW_YORK, "2026-10-31T16:00", 1, "weeks", "09:00", "2026-11-07 09:00 -0500"),
        # Elapsed time does not know of clocks.
        (AMSTERDAM, "2027-03-27T11:00", 1, "days", None, "2027-03-28 13:00 +0200"),
        (NEW_YORK, "2026-10-31T16:00", 24, "hours", None, "2026-11-01 11:00 -0500"),
        (LORD_HOWE, "2026-04-04T00:00", 24, "hours", None, "2026-04-05 10:30 +1030"),
        # Zones that are a day ahead, or off by three quarters of an hour; the end of the year.
        (APIA, "2026-12-31T00:00", 1, "days", "00:00", "2027-01-01 00:00 +1300"),
        (KATHMANDU, "2026-12-30T18:30", 1, "days", "09:00", "2027-01-01 09:00 +0545"),
        (NEW_YORK, "2026-12-31T23:00", 1, "days", "09:00", "2027-01-01 09:00 -0500"),
        # The leap day is a day like any other.
        (AMSTERDAM, "2028-02-28T11:00", 1, "days", "09:00", "2028-02-29 09:00 +0100"),
        (APIA, "2028-02-28T11:00", 1, "days", "09:00", "2028-03-01 09:00 +1300"),
        (AMSTERDAM, "2028-02-28T11:00", 1, "weeks", "09:00", "2028-03-06 09:00 +0100"),
    ],
)
def test_a_duration(zone: str, arrived: str, amount: int, unit: str, at: str | None, expected: str) -> None:
    params = {"amount": amount, "unit": unit, "at": f"{at}:00" if at else None}
    assert local(registry["wait"].moment(params, utc(arrived), zone), zone) == expected


@pytest.mark.parametrize(
    ("zone", "now", "hours", "expected"),
    [
        # A window that the clock skips altogether is not open that day.
        (AMSTERDAM, "2027-03-28T00:30", ("02:00", "03:00"), "2027-03-29 02:00 +0200"),
        # One whose beginning is skipped opens when the clock has jumped.
        (LORD_HOWE, "2026-10-03T15:20", ("02:00", "04:00"), "2026-10-04 02:30 +1100"),
        # An hour that comes twice belongs to it both times.
        (NEW_YORK, "2026-11-01T05:30", ("01:00", "02:30"), "2026-11-01 01:30 -0400"),
        (NEW_YORK, "2026-11-01T06:30", ("01:00", "02:30"), "2026-11-01 01:30 -0500"),
        (KATHMANDU, "2026-12-31T18:30", ("09:00", "17:00"), "2027-01-01 09:00 +0545"),
        (APIA, "2028-02-28T22:00", ("09:00", "17:00"), "2028-02-29 11:00 +1300"),
    ],
)
def test_a_delivery_window(zone: str, now: str, hours: tuple[str, str], expected: str) -> None:
    params = {
        "weekdays": [str(day) for day in range(7)],
        "from_time": f"{hours[0]}:00",
        "to_time": f"{hours[1]}:00",
    }
    assert local(registry["wait_window"].opens(params, utc(now), zone), zone) == expected


@pytest.mark.parametrize(
    ("zone", "until", "expected"),
    [
        (AMSTERDAM, "2027-03-28T02:30:00+00:00", "2027-03-28 03:00 +0200"),
        (AMSTERDAM, "2026-10-25T02:30:00+00:00", "2026-10-25 02:30 +0200"),
        (NEW_YORK, "2026-03-08T02:30:00+00:00", "2026-03-08 03:00 -0400"),
        (LORD_HOWE, "2026-10-04T02:15:00+00:00", "2026-10-04 02:30 +1100"),
        (APIA, "2028-02-29T09:00:00+00:00", "2028-02-29 09:00 +1300"),
        (KATHMANDU, "2026-12-31T23:59:00+00:00", "2026-12-31 23:59 +0545"),
    ],
)
def test_a_fixed_date_on_the_contacts_clock(settings, zone: str, until: str, expected: str) -> None:
    settings.TIME_ZONE = "UTC"
    assert local(registry["wait_date"].moment({"until": until, "clock": "contact"}, zone), zone) == expected


@pytest.mark.parametrize(
    ("zone", "value", "amount", "unit", "side", "at", "expected"),
    [
        (AMSTERDAM, "2027-03-29", 1, "days", "before", "02:30", "2027-03-28 03:00 +0200"),
        (AMSTERDAM, "2026-10-24", 1, "days", "after", "02:30", "2026-10-25 02:30 +0200"),
        (NEW_YORK, "2027-01-03", 1, "weeks", "before", "09:00", "2026-12-27 09:00 -0500"),
        (NEW_YORK, "2026-11-01T00:30:00", 3, "hours", "after", "09:00", "2026-11-01 02:30 -0500"),
        (LORD_HOWE, "2026-04-04", 1, "days", "after", "01:45", "2026-04-05 01:45 +1100"),
        (APIA, "2028-02-28", 1, "days", "after", "09:00", "2028-02-29 09:00 +1300"),
        (KATHMANDU, "2027-01-01T06:00:00+00:00", 1, "days", "before", "09:00", "2026-12-31 11:45 +0545"),
    ],
)
def test_a_date_of_the_contact(
    zone: str, value: str, amount: int, unit: str, side: str, at: str, expected: str
) -> None:
    params = {"amount": amount, "unit": unit, "side": side, "at": f"{at}:00", "attribute": "renewal"}
    moment = registry["wait_attribute"].moment(params, value, zone)
    assert moment is not None
    assert local(moment, zone) == expected


@pytest.mark.parametrize(
    ("zone", "last", "amount", "unit", "expected"),
    [
        (AMSTERDAM, "2028-01-31T08:00", 1, "months", "2028-02-29 09:00 +0100"),
        (AMSTERDAM, "2027-01-31T08:00", 1, "months", "2027-02-28 09:00 +0100"),
        (AMSTERDAM, "2027-02-28T01:30", 1, "months", "2027-03-28 03:00 +0200"),
        (NEW_YORK, "2026-10-25T16:00", 1, "weeks", "2026-11-01 12:00 -0500"),
        (LORD_HOWE, "2026-10-03T00:00", 1, "days", "2026-10-04 10:30 +1100"),
        (APIA, "2026-12-30T23:00", 1, "months", "2027-01-31 12:00 +1300"),
        (KATHMANDU, "2026-12-31T00:00", 12, "months", "2027-12-31 05:45 +0545"),
    ],
)
def test_an_interval_between_two_entries(zone: str, last: str, amount: int, unit: str, expected: str) -> None:
    """*At most once per interval* keeps the time on the clock, and the last day of a shorter month (E6)."""
    assert local(add_interval(utc(last), amount, unit, zone), zone) == expected


def test_a_day_that_does_not_exist() -> None:
    """Samoa crossed the date line: there was no 30 December 2011, so that day's nine o'clock is the next day's first moment."""
    moment = at_local_time(datetime.date(2011, 12, 30), datetime.time(9), ZoneInfo(APIA))
    assert local(moment, APIA) == "2011-12-31 00:00 +1400"


MOMENTS = st.datetimes(
    datetime.datetime(2024, 1, 1),  # noqa: DTZ001  hypothesis adds the zone
    datetime.datetime(2030, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
TIMES = st.times().map(lambda time: time.replace(microsecond=0))


@given(zone=st.sampled_from(ZONES), arrived=MOMENTS, amount=st.integers(0, 40), at=TIMES)
def test_never_early_and_never_another_time(
    zone: str, arrived: datetime.datetime, amount: int, at: datetime.time
) -> None:
    """A wait for days ends on that day's clock time: not before it, at its first coming, and after the gap where it is skipped."""
    params = {"amount": amount, "unit": "days", "at": at.isoformat()}
    moment = registry["wait"].moment(params, arrived, zone)
    there = ZoneInfo(zone)
    seen = moment.astimezone(there)
    assert moment >= arrived
    assert (seen.date() - arrived.astimezone(there).date()).days - amount in ({0, 1} if not amount else {0})
    if seen.time().replace(tzinfo=None) == at:
        assert seen.fold == 0
    else:  # it does not exist: a second earlier the clock showed less, and now it shows more
        before = (moment - datetime.timedelta(seconds=1)).astimezone(there)
        assert before.replace(tzinfo=None) < datetime.datetime.combine(seen.date(), at)
        assert seen.time() > at
        assert before.utcoffset() != seen.utcoffset()


@given(
    zone=st.sampled_from(ZONES),
    now=MOMENTS,
    days=st.sets(st.integers(0, 6), min_size=1),
    first=TIMES,
    last=TIMES,
)
def test_a_window_is_never_left_early(
    zone: str, now: datetime.datetime, days: set[int], first: datetime.time, last: datetime.time
) -> None:
    """Who is let out of a window stands inside of it, on a chosen day, and the window is not longer away than a week."""
    if first == last:
        return
    params = {
        "weekdays": [str(day) for day in days],
        "from_time": first.isoformat(),
        "to_time": last.isoformat(),
    }
    opens = registry["wait_window"].opens(params, now, zone)
    seen = opens.astimezone(ZoneInfo(zone))
    assert now <= opens <= now + datetime.timedelta(days=9)
    begun = seen.date() if first < last or seen.time() >= first else seen.date() - datetime.timedelta(days=1)
    assert begun.weekday() in days
