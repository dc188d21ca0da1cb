from __future__ import annotations

from tests.scenarios.story import (
    Story,
    attribute,
    branch,
    did,
    leave,
    on_entering,
    on_event,
    speaks,
    update,
    wait,
)
from wagtail_journeys.models import Journey, Membership, PendingEntry, Refusal


def test_an_event_starts_a_journey(story: Story):
    """Whoever does what a campaign waits for is inside it at once, and leaves at its end."""
    campaign = story.campaign("Follow-up", on_event("document_download"), wait(2, "hours"))
    lea = story.contact("lea@example.com")
    lea.did("document_download")
    assert lea.path(campaign) == ["wait:"]
    story.after(minutes=119)
    assert lea.path(campaign) == ["wait:"]
    story.after(minutes=1)
    assert lea.path(campaign) == ["wait:passed"]
    (journey,) = lea.journeys()
    assert journey.state == Journey.State.COMPLETED
    assert journey.ended_at == story.now


def test_a_visitor_who_becomes_known_brings_what_happened_before(story: Story):
    """A download of an anonymous visitor starts the campaign when the visitor says who it is within the window."""
    campaign = story.campaign("Follow-up", on_event("document_download"), wait(1))
    sam = story.visitor("sam@example.com")
    sam.did("document_download")
    story.after(minutes=20)
    sam.submits_form()
    assert sam.path(campaign) == ["wait:"]
    assert sam.contact.events.count() >= 2


def test_what_a_visitor_did_long_ago_starts_nothing(story: Story):
    """Outside of the matching window an anonymous download is history: kept, but no reason to begin."""
    campaign = story.campaign("Follow-up", on_event("document_download"), wait(1))
    sam = story.visitor("sam@example.com")
    sam.did("document_download")
    story.after(minutes=31)
    sam.submits_form()
    assert sam.journeys(campaign) == []
    assert sam.contact.events.filter(name="document_download").exists()


def test_matching_four_minutes_later_enters_once(story: Story):
    """A contact that fails the filter at the event and satisfies it four minutes later enters once (E3)."""
    campaign = story.campaign("Dutch", on_event("document_download"), wait(1), filters=[speaks("nl")])
    kim = story.contact("kim@example.com", locale="en")
    kim.did("document_download")
    assert kim.journeys(campaign) == []
    story.after(minutes=4)
    kim.says(locale="nl")
    assert len(kim.journeys(campaign)) == 1
    assert PendingEntry.objects.get().reason == "entered after 4 min"
    kim.says(locale="en")
    kim.says(locale="nl")
    story.after(minutes=40)
    assert len(kim.journeys(campaign)) == 1


def test_matching_after_the_window_does_not_enter(story: Story):
    """At 31 minutes it is too late, and the timeline says what was missing (E3)."""
    campaign = story.campaign("Dutch", on_event("document_download"), wait(1), filters=[speaks("nl")])
    kim = story.contact("kim@example.com", locale="en")
    kim.did("document_download")
    story.after(minutes=31)
    kim.says(locale="nl")
    assert kim.journeys(campaign) == []
    pending = PendingEntry.objects.get()
    assert pending.state == PendingEntry.State.GAVE_UP
    assert "language is “nl”" in pending.reason


def test_without_a_window_there_is_no_second_chance(story: Story):
    """With the matching window at 0 a contact that does not match is refused, with the reason (E3)."""
    campaign = story.campaign(
        "Dutch", on_event("document_download"), wait(1), filters=[speaks("nl")], matching_window=0
    )
    kim = story.contact("kim@example.com", locale="en")
    kim.did("document_download")
    kim.says(locale="nl")
    assert kim.journeys(campaign) == []
    assert Refusal.objects.get().reason == Refusal.Reason.FILTERS


def test_once_means_once(story: Story):
    """A campaign that may be entered once is entered once, and the refusals are counted (E6)."""
    campaign = story.campaign("Once", on_event("page_view"))
    ada = story.contact("ada@example.com")
    for _visit in range(3):
        ada.did("page_view")
    assert len(ada.journeys(campaign)) == 1
    refusal = Refusal.objects.get()
    assert (refusal.reason, refusal.count) == (Refusal.Reason.FREQUENCY, 2)


def test_every_time_waits_until_the_contact_is_out(story: Story):
    """Every time: again after the journey has ended, not while it runs (E6)."""
    campaign = story.campaign("Every", on_event("page_view"), wait(1), frequency="every_time")
    ada = story.contact("ada@example.com")
    ada.did("page_view")
    ada.did("page_view")
    assert len(ada.journeys(campaign)) == 1
    story.after(days=1)
    ada.did("page_view")
    assert len(ada.journeys(campaign)) == 2


def test_overlap_when_allowed(story: Story):
    """A campaign that may run twice at once does (E6)."""
    campaign = story.campaign(
        "Every", on_event("page_view"), wait(1), frequency="every_time", may_overlap=True
    )
    ada = story.contact("ada@example.com")
    ada.did("page_view")
    ada.did("page_view")
    assert [journey.state for journey in ada.journeys(campaign)] == ["active", "active"]


def test_at_intervals_counts_calendar_months(story: Story):
    """At most every month: not after 27 days, but after the calendar month (E6)."""
    campaign = story.campaign(
        "Monthly", on_event("page_view"), wait(1), frequency="interval", interval=1, interval_unit="months"
    )
    ada = story.contact("ada@example.com")
    ada.did("page_view")
    story.after(days=27).after(hours=1)
    ada.did("page_view")
    assert len(ada.journeys(campaign)) == 1
    story.after(days=4)
    ada.did("page_view")
    assert len(ada.journeys(campaign)) == 2


def test_nothing_from_before_it_was_live(story: Story):
    """An event that happened before the campaign went live and arrives later does not start it (E5)."""
    ada = story.contact("ada@example.com")
    earlier = story.now
    story.after(hours=1)
    campaign = story.campaign("New", on_event("page_view"), wait(1))
    story.after(hours=1)
    ada.did("page_view", occurred_at=earlier)
    assert ada.journeys(campaign) == []
    assert Refusal.objects.get().reason == Refusal.Reason.BEFORE_LIVE


def test_entering_a_segment_starts_a_journey(story: Story):
    """Entering a segment is a trigger; being in it before the campaign was live is not (E1, E5)."""
    readers = story.segment("Readers", did("page_view", count=2))
    old = story.contact("old@example.com")
    old.did("page_view")
    old.did("page_view")
    campaign = story.campaign("Readers", on_entering(readers), wait(1))
    new = story.contact("new@example.com")
    new.did("page_view")
    assert new.journeys(campaign) == []
    new.did("page_view")
    assert new.path(campaign) == ["wait:"]
    assert old.journeys(campaign) == []
    assert Membership.objects.filter(segment=readers, left_at=None).count() == 2


def test_a_branch_sends_each_contact_its_way_and_both_meet_again(story: Story):
    """If: one arm or the other, then the next step for both (S3)."""
    campaign = story.campaign(
        "Branch",
        on_event("page_view"),
        branch(
            attribute("attribute", "is", "pro", name="plan"),
            yes=[wait(1)],
            no=[update("points", "increment", "5")],
        ),
        update("attribute", "set", "yes", attribute="done"),
    )
    pro = story.contact("pro@example.com", attributes={"plan": "pro"})
    free = story.contact("free@example.com", attributes={"plan": "free"})
    pro.did("page_view")
    free.did("page_view")
    assert pro.path(campaign) == ["branch:yes", "wait:"]
    assert free.path(campaign) == ["branch:no", "update_contact:passed", "update_contact:passed"]
    assert (free.contact.points, free.contact.attributes["done"]) == (5, "yes")
    story.after(days=1)
    assert pro.path(campaign) == ["branch:yes", "wait:passed", "update_contact:passed"]
    assert pro.contact.points == 0


def test_an_exit_says_why(story: Story):
    """Exit ends the journey with the editor's reason (S7)."""
    campaign = story.campaign("Exit", on_event("page_view"), leave("enough"), wait(1))
    ada = story.contact("ada@example.com")
    ada.did("page_view")
    (journey,) = ada.journeys(campaign)
    assert (journey.state, journey.end_reason) == (Journey.State.EXITED, "enough")


def test_a_change_by_a_step_moves_segments_and_starts_campaigns(story: Story):
    """What a step changes about a contact counts for segments, and a segment entered so starts the next campaign."""
    fans = story.segment("Fans", attribute("points", "at_least", "10"))
    first = story.campaign("First", on_event("page_view"), update("points", "increment", "10"))
    second = story.campaign("Second", on_entering(fans), wait(1))
    ada = story.contact("ada@example.com")
    ada.did("page_view")
    assert ada.path(first) == ["update_contact:passed"]
    assert ada.path(second) == ["wait:"]
