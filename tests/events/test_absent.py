"""Expected, but absent: events that somebody needs and that will hardly come."""

from __future__ import annotations

import datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.events.conftest import NOW, definition, happened, learn
from tests.scenarios.story import Story, belongs, branch, did, on_event, wait
from wagtail_journeys.campaigns.preview import preview
from wagtail_journeys.events import catalogue
from wagtail_journeys.events.models import EventDefinition
from wagtail_journeys.models import Campaign, Segment

pytestmark = pytest.mark.django_db

HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)


@pytest.fixture
def story() -> Story:
    return Story()


def live(segment: Segment) -> Segment:
    Segment.objects.filter(pk=segment.pk).update(live=True)
    return segment


def absent(now: datetime.datetime = NOW) -> dict[str, str]:
    return {doubt.event: doubt.problem for doubt in catalogue.absent(now)}


def test_nothing_is_needed() -> None:
    """Without campaigns and segments nothing is missed."""
    assert catalogue.absent(NOW) == []


def test_never_seen(story: Story) -> None:
    """What a live campaign starts with and has never happened, with those who need it."""
    campaign = story.campaign("Thanks", on_event("order_paid"), wait(1))
    (doubt,) = catalogue.absent(NOW)
    assert (doubt.event, doubt.problem) == ("order_paid", "never")
    assert [(need.kind, need.pk, need.starts) for need in doubt.needs] == [("campaign", campaign.pk, True)]
    assert str(doubt).startswith("“order_paid” has never happened so far.")


def test_a_name_of_ours_is_no_mistake(story: Story) -> None:
    """Nothing else is proposed for an event that the package itself records, however much another looks like it."""
    happened("email_openned")
    learn()
    story.campaign("Readers", on_event("email_opened"), wait(1))
    (doubt,) = catalogue.absent(NOW)
    assert (doubt.event, doubt.similar) == ("email_opened", ())


def test_seen_a_moment_ago(story: Story) -> None:
    """An event that is in the log is not missed, even before the catalogue has learnt it."""
    story.campaign("Thanks", on_event("order_paid"), wait(1))
    happened("order_paid")
    assert absent() == {}
    learn()
    assert absent() == {}


def test_a_renamed_event_has_a_likeness(story: Story) -> None:
    """Names that look alike are proposed, whatever way they are spelled."""
    happened("order_paid")
    happened("something_else")
    learn()
    for name in ("orderPaid", "order_payed", "Order Paid"):
        story.campaign(name, on_event(name), wait(1))
    found = {doubt.event: doubt.similar for doubt in catalogue.absent(NOW)}
    assert found == {
        "orderPaid": ("order_paid",),
        "order_payed": ("order_paid",),
        "Order Paid": ("order_paid",),
    }
    assert "Did you mean “order_paid”?" in str(catalogue.absent(NOW)[0])


@pytest.mark.parametrize(
    ("times", "every", "silence", "missed"),
    [
        (100, HOUR, 6 * DAY, False),  # never before a week
        (100, HOUR, 8 * DAY, True),
        (10, 7 * DAY, 60 * DAY, False),  # ten times its usual gap: 70 days
        (10, 7 * DAY, 71 * DAY, True),
        (2, HOUR, 29 * DAY, False),  # twice is no rhythm yet
        (2, HOUR, 31 * DAY, True),
    ],
)
def test_silent_for_longer_than_usual(
    story: Story, times: int, every: datetime.timedelta, silence: datetime.timedelta, missed: bool
) -> None:
    """Missed after a week, or after ten of its usual gaps where that is longer."""
    story.campaign("Thanks", on_event("order_paid"), wait(1))
    happened("order_paid", times=times, every=every)
    learn()
    found = absent(NOW + silence)
    assert found == ({"order_paid": "silent"} if missed else {})


def test_segments_and_steps_need_events_too(story: Story) -> None:
    """Live segments, contact filters and conditions inside of steps are in need as well."""
    segment = live(story.segment("Readers", did("chapter_read")))
    story.campaign(
        "Care",
        on_event("page_view"),
        branch(did("guide_opened"), yes=[branch(did("deeper_still"), yes=[wait(1)])], no=[wait(1)]),
        filters=[did("filter_event"), belongs(segment)],
    )
    happened("page_view", source="browser")
    assert set(absent()) == {"chapter_read", "guide_opened", "deeper_still", "filter_event"}


def test_what_is_not_live_misses_nothing(story: Story) -> None:
    """Drafts, and campaigns that are paused, need nothing."""
    story.campaign("Thanks", on_event("order_paid"), wait(1))
    Campaign.objects.update(state="paused")
    Segment.objects.create(name="Draft", live=False, rules=[])
    assert absent() == {}


def test_expected_by_somebody() -> None:
    """An event that is marked as expected is missed though nothing needs it; an ignored one never is."""
    happened("heartbeat", times=10, every=HOUR)
    learn()
    EventDefinition.objects.filter(name="heartbeat").update(expected=True)
    assert absent(NOW + 8 * DAY) == {"heartbeat": "silent"}
    EventDefinition.objects.filter(name="heartbeat").update(ignored=True)
    assert absent(NOW + 8 * DAY) == {}


def test_it_comes_and_starts_nothing(story: Story) -> None:
    """An event of visitors that nobody declared is pointed out where it is to start a campaign, not in a segment."""
    live(story.segment("Players", did("quiz_done")))
    happened("quiz_done", source="browser")
    learn()
    assert absent() == {}
    story.campaign("Quiz", on_event("quiz_done"), wait(1))
    assert absent() == {"quiz_done": "held"}
    row = definition("quiz_done")
    row.declared = row.anonymous_allowed = True
    row.save()
    assert absent() == {}


def test_statements_do_not_depend_on_the_number(story: Story, django_assert_max_num_queries) -> None:
    """Two or twenty campaigns and names: six statements."""
    for number in range(20):
        story.campaign(f"Campaign {number}", on_event(f"name_{number}"), wait(1))
    with django_assert_max_num_queries(6):
        assert len(catalogue.absent(NOW)) == 20


def test_a_thousand_names(story: Story) -> None:
    """Likenesses are looked for among a thousand names."""
    for number in range(1000):
        happened(f"event_number_{number:04}")
    learn()
    story.campaign("Typo", on_event("event_numbr_0500"), wait(1))
    (doubt,) = catalogue.absent(NOW)
    assert doubt.similar[0] == "event_number_0500"


def test_the_listing_of_campaigns_shows_it(story: Story, admin_client: Client) -> None:
    """In the list of campaigns the warning stands below the trigger, and only there where it belongs."""
    happened("order_paid", at=timezone.now())
    learn(timezone.now())
    story.campaign("Typo", on_event("order_payed"), wait(1))
    story.campaign("Right", on_event("order_paid"), wait(1))
    page = admin_client.get(reverse(Campaign.snippet_viewset.get_url_name("list"))).content.decode()
    assert page.count("wj-doubt") == 1
    assert "“order_payed” has never happened so far. Did you mean “order_paid”?" in page


def test_the_preview_of_a_draft_shows_it(story: Story) -> None:
    """Before a campaign goes live its preview says which names have never been seen."""
    campaign = Campaign(name="Draft", trigger=[on_event("order_payed")], steps=[])
    happened("order_paid")
    learn()
    (doubt,) = preview(campaign, NOW).doubts
    assert "Did you mean “order_paid”?" in doubt


def test_names_are_escaped(story: Story, admin_client: Client) -> None:
    """A name with markup in it is text wherever it is shown."""
    name = "<script>alert(1)</script>"
    happened(name, {name: name}, source="browser", at=timezone.now())
    learn(timezone.now())
    story.campaign("Markup", on_event(name), wait(1))
    for url in (
        reverse(Campaign.snippet_viewset.get_url_name("list")),
        reverse("journeys_events:index"),
        reverse("journeys_events:inspect", args=[definition(name).pk]),
        reverse("journeys_events:edit", args=[definition(name).pk]),
    ):
        page = admin_client.get(url).content.decode()
        assert name not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
