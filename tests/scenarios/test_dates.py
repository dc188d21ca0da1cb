"""Dates that start campaigns: once for each contact and day, never early, and late only where nobody could look."""

from __future__ import annotations

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.scenarios.story import START, Person, Story, on_date, on_event, speaks, update, wait
from wagtail_journeys import pipeline
from wagtail_journeys.journeys import dates, publishing
from wagtail_journeys.models import Campaign, Contact, EnrolRequest, Journey, Occurrence, Refusal

HOUR = datetime.timedelta(hours=1)
#: START is a Monday at 09:00 UTC; dates of contacts are due at 12:00 UTC of the next day unless it is said otherwise.
TOMORROW = (START + datetime.timedelta(days=1)).date().isoformat()
NOON = {"at": "12:00:00"}


def entered(campaign: Campaign) -> int:
    return Journey.objects.filter(campaign=campaign).count()


def reasons(campaign: Campaign) -> list[str]:
    return sorted(Refusal.objects.filter(campaign=campaign).values_list("reason", flat=True))


def edit(story: Story, campaign: Campaign, trigger: dict) -> None:
    campaign.trigger = [{**trigger, "id": "6f1f4f5e-0000-4000-8000-000000000001"}]
    campaign.save()
    publishing.published(campaign, story.now)


def renewing(story: Story, email: str = "kim@example.com", day: str = TOMORROW, **fields: object) -> Person:
    return story.contact(email, attributes={"renewal": day}, time_zone="UTC", **fields)


def test_a_fixed_date_lets_in_all_who_match_then(story: Story):
    """Not before, in parts, and nobody who came to be known later (E1)."""
    campaign = story.campaign("Sale", on_date(START + 5 * HOUR), wait(1), filters=[speaks("nl")])
    people = [story.contact(f"p{n}@example.com", locale="nl" if n % 2 else "en") for n in range(6)]
    story.after(hours=4, minutes=59, seconds=59)
    assert entered(campaign) == 0
    people[0].says(locale="nl")
    story.after(seconds=1)
    assert entered(campaign) == 4
    story.contact("late@example.com", locale="nl")
    story.after(hours=1)
    assert entered(campaign) == 4
    request = EnrolRequest.objects.get()
    assert (request.state, request.entered, request.refused) == ("done", 4, {})


def test_a_fixed_date_in_parts(story: Story, settings):
    """A hundred thousand do not stand in the way of events: each part is a transaction of its own."""
    settings.JOURNEYS_ENROL_BATCH = 3
    campaign = story.campaign("Sale", on_date(START + HOUR), wait(1))
    for n in range(7):
        story.contact(f"p{n}@example.com")
    story.now += HOUR
    dates.look(story.now)
    assert pipeline.enrol(story.now) == 3
    assert entered(campaign) == 3
    story.run()
    assert entered(campaign) == 7
    dates.look(story.now)
    story.run()
    assert EnrolRequest.objects.count() == 1


@pytest.mark.parametrize(("late", "expected"), [(23, 1), (25, 0)])
def test_a_fixed_date_after_an_outage(story: Story, late: int, expected: int):
    """Within the grace it begins late; after that it is refused, and the reason is kept."""
    campaign = story.campaign("Sale", on_date(START + HOUR), wait(1))
    story.contact("kim@example.com")
    story.run()
    story.after(hours=1 + late)
    assert entered(campaign) == expected
    request = EnrolRequest.objects.get()
    assert request.note == ("" if expected else "the date had been over for too long")


def test_a_fixed_date_that_is_moved(story: Story):
    """Before it came: it begins at the new time only. After it: again, as often as the campaign allows."""
    campaign = story.campaign("Sale", on_date(START + HOUR), frequency="every_time")
    story.contact("kim@example.com")
    story.run()
    edit(story, campaign, on_date(START + 3 * HOUR))
    story.after(hours=2)
    assert entered(campaign) == 0
    story.after(hours=1)
    assert entered(campaign) == 1
    edit(story, campaign, on_date(START + 5 * HOUR))
    story.after(hours=2)
    assert entered(campaign) == 2


def test_a_fixed_date_from_before_going_live_starts_nothing(story: Story):
    """Nor does one that is set to the past by an edit (E5)."""
    campaign = story.campaign("Sale", on_date(START - HOUR), wait(1))
    story.contact("kim@example.com")
    story.after(hours=1)
    edit(story, campaign, on_date(story.now - HOUR / 2))
    story.after(hours=1)
    assert entered(campaign) == 0


def test_a_date_of_the_contact_starts_it_on_the_contacts_own_clock(story: Story):
    """At the time asked for in the contact's zone; the campaign's and the site's stand in (T1)."""
    campaign = story.campaign(
        "Renewal", on_date(attribute="renewal", **NOON), wait(1), time_zone="Europe/Amsterdam"
    )
    people = {
        zone: story.contact(f"{n}@example.com", time_zone=zone, attributes={"renewal": TOMORROW})
        for n, zone in enumerate(["Asia/Kathmandu", "", "America/New_York"])
    }
    due = {}
    story.run()
    for _hour in range(40 * 2):
        story.after(minutes=30)
        for zone, person in people.items():
            if person.journeys(campaign) and zone not in due:
                due[zone] = story.now.strftime("%d %H:%M")
    assert due == {"Asia/Kathmandu": "03 06:30", "": "03 11:00", "America/New_York": "03 17:00"}
    assert entered(campaign) == 3


def test_it_is_never_early_and_late_by_a_look_at_most(story: Story):
    """One second before nobody is inside, and at that second everybody whose date it is."""
    campaign = story.campaign("Renewal", on_date(attribute="renewal", **NOON), wait(1))
    kim = renewing(story)
    renewing(story, "lou@example.com", "no date")
    story.run()
    story.now = START.replace(day=3, hour=11, minute=59, second=59)
    story.run()
    assert kim.journeys() == []
    story.after(seconds=1)
    assert len(kim.journeys(campaign)) == 1
    story.after(hours=30)
    assert entered(campaign) == 1
    assert Refusal.objects.count() == 0


def test_a_date_that_is_moved_before_it_came_starts_it_at_the_new_one(story: Story):
    """To a later day, to an earlier one, and away."""
    campaign = story.campaign("Renewal", on_date(attribute="renewal", **NOON), frequency="every_time")
    later, sooner, gone = (renewing(story, f"{name}@example.com") for name in ("later", "sooner", "gone"))
    story.run()
    later.says(renewal="2026-03-04")
    sooner.says(renewal="2026-03-02")
    gone.says(renewal=None)
    story.after(hours=3)
    assert [len(person.journeys()) for person in (later, sooner, gone)] == [0, 1, 0]
    story.after(hours=24)
    assert [len(person.journeys()) for person in (later, sooner, gone)] == [0, 1, 0]
    story.after(hours=24)
    assert [len(person.journeys()) for person in (later, sooner, gone)] == [1, 1, 0]
    assert reasons(campaign) == []


def test_a_date_that_is_moved_after_it_came_counts_as_another_one(story: Story):
    """As often as the campaign allows; the same day twice is once."""
    campaign = story.campaign("Renewal", on_date(attribute="renewal", **NOON), frequency="every_time")
    kim = renewing(story)
    story.run()
    story.after(hours=27)
    kim.says(renewal="2026-03-05")
    kim.says(renewal=TOMORROW)
    story.after(hours=1)
    assert len(kim.journeys(campaign)) == 1
    kim.says(renewal="2026-03-04")
    story.after(hours=24)
    assert len(kim.journeys(campaign)) == 2


def test_a_date_that_is_over_when_it_becomes_known_starts_nothing(story: Story):
    """Somebody tells today of a date of this morning; one that lay in the inbox meanwhile counts from its receipt."""
    campaign = story.campaign("Renewal", on_date(attribute="renewal", at="08:00:00"), wait(1))
    story.run()
    kim = story.contact("kim@example.com", time_zone="UTC")
    kim.says(renewal=START.date().isoformat())
    story.after(minutes=1)
    assert entered(campaign) == 0
    story.now = START.replace(day=3, hour=7, minute=50)
    kim.did("identify", known=True, traits={"renewal": TOMORROW}, run=False)
    story.now = START.replace(day=3, hour=8, minute=10)
    story.run()
    story.run()
    assert len(kim.journeys(campaign)) == 1


def test_what_a_step_writes_is_followed_too(story: Story):
    """A campaign that sets a date starts the one that waits for it."""
    campaign = story.campaign("Renewal", on_date(attribute="renewal", **NOON), wait(1))
    story.campaign("Bought", on_event("bought"), update("attribute", "set", TOMORROW, attribute="renewal"))
    kim = story.contact("kim@example.com", time_zone="UTC")
    kim.did("bought")
    story.after(hours=27)
    assert len(kim.journeys(campaign)) == 1


def test_a_clock_that_is_set_back_starts_nothing_twice(story: Story):
    """Neither who entered nor who was refused is looked at again."""
    campaign = story.campaign(
        "Renewal", on_date(attribute="renewal", **NOON), filters=[speaks("nl")], frequency="every_time"
    )
    kim, lou = renewing(story, locale="nl"), renewing(story, "lou@example.com", locale="en")
    story.run()
    story.after(hours=27)
    story.now -= datetime.timedelta(hours=5)
    lou.says(locale="nl")
    for _hour in range(10):
        story.after(hours=1)
    assert (len(kim.journeys()), len(lou.journeys())) == (1, 0)
    assert Refusal.objects.get(campaign=campaign).count == 1


@pytest.mark.parametrize(("hours", "expected"), [(26 + 23, 1), (28 + 24, 0)])
def test_after_an_outage(story: Story, hours: int, expected: int):
    """What was missed begins late within a day; what is older is refused with a reason."""
    campaign = story.campaign("Renewal", on_date(attribute="renewal", **NOON), wait(1))
    kim = renewing(story)
    far = renewing(story, "far@example.com", "2026-03-20")
    story.now += datetime.timedelta(hours=hours)
    story.run()
    assert len(kim.journeys(campaign)) == expected
    assert reasons(campaign) == ([] if expected else ["too_late"])
    assert far.journeys() == []


def test_a_long_outage_loses_nothing_in_silence(story: Story):
    """Dates that were not even filed when everything stopped are refused or begun like the others."""
    campaign = story.campaign("Renewal", on_date(attribute="renewal", **NOON), wait(1))
    old, new = (
        renewing(story, "old@example.com", "2026-03-09"),
        renewing(story, "new@example.com", "2026-03-11"),
    )
    story.run()
    story.after(days=9, hours=10)
    assert (len(old.journeys()), len(new.journeys())) == (0, 1)
    assert reasons(campaign) == ["too_late"]


def test_dates_from_before_going_live_start_nothing(story: Story):
    """Yesterday's date, and this morning's, are past for a campaign that goes live now (E5)."""
    renewing(story, "yesterday@example.com", "2026-03-01")
    renewing(story, "morning@example.com", "2026-03-02")
    campaign = story.campaign("Renewal", on_date(attribute="renewal", at="08:00:00"), wait(1))
    story.after(hours=1)
    assert (entered(campaign), reasons(campaign)) == (0, [])


def test_while_it_is_not_live_nothing_is_collected(story: Story):
    """A date that comes meanwhile is gone when the campaign is live again; paused, the reason is recorded (E5, P2)."""
    off = story.campaign("Off", on_date(attribute="renewal", **NOON), wait(1))
    paused = story.campaign("Paused", on_date(attribute="renewal", **NOON), wait(1))
    kim = renewing(story)
    story.run()
    Campaign.objects.filter(pk=off.pk).update(live=False)
    publishing.unpublished(off, story.now)
    Campaign.objects.filter(pk=paused.pk).update(state=Campaign.State.PAUSED)
    story.after(hours=28)
    Campaign.objects.filter(pk=off.pk).update(live=True)
    publishing.published(off, story.now)
    Campaign.objects.filter(pk=paused.pk).update(state=Campaign.State.RUNNING)
    story.after(hours=1)
    assert kim.journeys() == []
    assert (reasons(off), reasons(paused)) == ([], ["not_live"])


def test_another_trigger_forgets_the_dates_of_the_old_one(story: Story):
    """What is due by the new one begins, and what was due by the old one does not."""
    campaign = story.campaign("Renewal", on_date(attribute="renewal", **NOON), frequency="every_time")
    kim = renewing(story)
    story.run()
    edit(story, campaign, on_date(attribute="renewal", at="15:00:00"))
    story.after(hours=28)
    assert kim.journeys() == []
    story.after(hours=2)
    assert len(kim.journeys()) == 1
    edit(story, campaign, on_date(attribute="renewal", at="18:00:00"))
    story.after(hours=4)
    assert len(kim.journeys()) == 1


def test_birthdays_come_every_year(story: Story):
    """Once a year with "every time", once ever with "once"; whoever was born on 29 February on the 28th."""
    born = on_date(attribute="birthday", yearly=True)
    every = story.campaign("Birthday", born, frequency="every_time")
    once = story.campaign("First birthday", born)
    kim = story.contact("kim@example.com", attributes={"birthday": "1990-05-03"})
    leap = story.contact("leap@example.com", attributes={"birthday": "1992-02-29"})
    days: dict[str, list[str]] = {"kim": [], "leap": []}
    for year in (2026, 2027, 2028):
        for month, first in ((2, 27), (5, 2)):
            noon = datetime.datetime(year, month, first, 12, tzinfo=datetime.UTC)
            for ahead in range(3):
                story.now = max(story.now, noon + datetime.timedelta(days=ahead))
                story.run()
    for name, person in (("kim", kim), ("leap", leap)):
        days[name] = [f"{journey.entered_at:%Y-%m-%d}" for journey in person.journeys(every)]
    assert days == {
        "kim": ["2026-05-03", "2027-05-03", "2028-05-03"],
        "leap": ["2027-02-28", "2028-02-29"],
    }
    assert (len(kim.journeys(once)), len(leap.journeys(once))) == (1, 1)
    assert reasons(once) == ["frequency", "frequency"]


def test_a_week_after_becoming_known(story: Story):
    """Counted from when the contact was created; whoever was known before going live but is due after it enters, too."""
    known = story.contact("known@example.com")
    Contact.objects.update(created_at=START - datetime.timedelta(days=6))
    campaign = story.campaign("Week", on_date(amount=7, side="after", at=None), wait(1))
    at_once = story.campaign("Hello", on_date(unit="hours", side="after"), wait(1))
    story.after(seconds=1)
    new = story.visitor("new@example.com")
    new.submits_form()
    assert [journey.campaign for journey in new.journeys()] == [at_once]
    story.after(days=1)
    assert [journey.campaign for journey in known.journeys()] == [campaign]
    for _day in range(6):
        story.after(days=1)
    assert {journey.campaign for journey in new.journeys()} == {campaign, at_once}
    assert len(new.journeys()) == 2


def test_who_is_killed_between_filing_and_beginning_goes_on(story: Story, monkeypatch: pytest.MonkeyPatch):
    """A date is decided once: with its journey, or not at all."""
    campaign = story.campaign("Renewal", on_date(attribute="renewal", **NOON), frequency="every_time")
    kim = renewing(story)
    story.run()
    story.now += datetime.timedelta(hours=27)

    class Killed(BaseException):
        pass

    def die(due: object, now: datetime.datetime) -> None:
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(dates, "done", die)
        pipeline.begin_dates(story.now)
    assert kim.journeys() == []
    story.run()
    story.run()
    assert len(kim.journeys(campaign)) == 1


def test_the_statements_do_not_depend_on_the_number_of_contacts(story: Story):
    """Filing and beginning: ten contacts or two hundred (design rule 2)."""
    campaign = story.campaign(
        "Renewal", on_date(attribute="renewal", **NOON), filters=[speaks("nl")], frequency="every_time"
    )
    story.run()
    counted = []
    for day, number in enumerate((10, 10, 200), start=4):
        people = [
            Contact(email=f"{day}-{n}@example.com", locale="nl", attributes={"renewal": f"2026-03-{day:02}"})
            for n in range(number)
        ]
        Contact.objects.bulk_create(people)
        story.now = START.replace(day=day, hour=8)
        with CaptureQueriesContext(connection) as filing:
            dates.look(story.now)
        assert Occurrence.objects.filter(done_at__isnull=True).count() == number
        story.now = START.replace(day=day, hour=13)
        with CaptureQueriesContext(connection) as beginning:
            assert pipeline.begin_dates(story.now) == number
        counted.append((len(filing), len(beginning)))
    assert entered(campaign) == 220
    assert counted[1] == counted[2]
    assert counted[2][0] <= 12 and counted[2][1] <= 30
