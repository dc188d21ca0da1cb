"""Events that nobody has declared: facts all the same, but they start nothing (JOURNEYS_UNDECLARED_EVENTS)."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks
from django.test import Client

from tests.scenarios.story import Story, attribute, did, on_entering, on_event, wait
from wagtail_journeys.events import catalogue
from wagtail_journeys.events.log import Recorded
from wagtail_journeys.events.models import Event, EventDefinition, InboxItem
from wagtail_journeys.ingest import keys
from wagtail_journeys.models import Refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> Story:
    return Story()


def declare(name: str, *, visitors: bool = False) -> None:
    EventDefinition.objects.update_or_create(
        name=name, defaults={"declared": True, "anonymous_allowed": visitors, "declared_properties": []}
    )


def test_an_unknown_event_of_a_visitor_starts_nothing(story: Story) -> None:
    """It is stored and marked, the contact's history has it, and the campaign says why nobody entered."""
    campaign = story.campaign("Quiz", on_event("quiz_done"), wait(1))
    mila = story.visitor("mila@example.com")
    mila.submits_form()
    mila.did("quiz_done", source="browser")
    assert mila.journeys(campaign) == []
    event = Event.objects.get(name="quiz_done")
    assert event.contact == mila.contact
    assert event.properties["undeclared"] is True
    assert Refusal.objects.get().reason == Refusal.Reason.UNDECLARED


def test_a_declared_event_of_a_visitor_starts_the_campaign(story: Story) -> None:
    """Once it is declared for visitors, the next one starts it; the ones before do not."""
    campaign = story.campaign("Quiz", on_event("quiz_done"), wait(1))
    mila = story.visitor("mila@example.com")
    mila.submits_form()
    mila.did("quiz_done", source="browser")
    declare("quiz_done", visitors=True)
    story.after(minutes=1)
    assert mila.journeys(campaign) == []
    mila.did("quiz_done", source="browser")
    assert len(mila.journeys(campaign)) == 1
    assert "undeclared" not in Event.objects.order_by("pk").last().properties


def test_declared_for_servers_only_is_not_for_visitors(story: Story) -> None:
    """What is declared, but not for visitors, starts a campaign when a server tells it, and not when a browser does."""
    declare("invoice_paid")
    campaign = story.campaign("Thanks", on_event("invoice_paid"), wait(1))
    mila = story.contact("mila@example.com")
    mila.did("invoice_paid", source="browser")
    assert mila.journeys(campaign) == []
    mila.did("invoice_paid", source="key-1")
    assert len(mila.journeys(campaign)) == 1


@pytest.mark.parametrize("source", ["python", "key-3", "site", "engine", "anything"])
def test_who_can_vouch_needs_no_declaration(story: Story, source: str) -> None:
    """An unknown name from a server key, from Python code or from the site itself starts campaigns."""
    campaign = story.campaign("Quiz", on_event("quiz_done"), wait(1))
    mila = story.contact("mila@example.com")
    mila.did("quiz_done", source=source)
    assert len(mila.journeys(campaign)) == 1
    assert Event.objects.get(name="quiz_done").properties == {}


def test_our_own_names_are_known(story: Story) -> None:
    """What the tracker tells by itself starts campaigns."""
    campaign = story.campaign("Read", on_event("page_view"), wait(1))
    mila = story.contact("mila@example.com")
    mila.did("page_view", source="browser")
    assert len(mila.journeys(campaign)) == 1


def test_all_may_start(story: Story, settings) -> None:
    """With "all" nothing is held back."""
    settings.JOURNEYS_UNDECLARED_EVENTS = "all"
    campaign = story.campaign("Quiz", on_event("quiz_done"), wait(1))
    mila = story.contact("mila@example.com")
    mila.did("quiz_done", source="browser")
    assert len(mila.journeys(campaign)) == 1


@pytest.mark.parametrize("source", ["browser", "python", "key-3"])
def test_only_declared_may_start(story: Story, settings, source: str) -> None:
    """With "declared" an unknown name starts nothing, whoever sends it, until somebody declares it."""
    settings.JOURNEYS_UNDECLARED_EVENTS = "declared"
    campaign = story.campaign("Quiz", on_event("quiz_done"), wait(1))
    mila = story.contact("mila@example.com")
    mila.did("quiz_done", source=source)
    assert mila.journeys(campaign) == []
    declare("quiz_done", visitors=True)
    mila.did("quiz_done", source=source)
    assert len(mila.journeys(campaign)) == 1


def test_facts_are_facts(story: Story) -> None:
    """Segments count undeclared events, and a campaign that a segment starts goes on from there."""
    players = story.segment("Players", did("quiz_done"))
    campaign = story.campaign("Welcome", on_entering(players), wait(1))
    mila = story.contact("mila@example.com")
    mila.did("quiz_done", source="browser")
    assert players.memberships.filter(contact=mila.contact, left_at=None).exists()
    assert len(mila.journeys(campaign)) == 1


def test_a_history_that_becomes_a_contacts_is_asked_again(story: Story) -> None:
    """Declared before the visitor said who they are: within the matching window the event starts the campaign."""
    campaign = story.campaign("Quiz", on_event("quiz_done"), wait(1), matching_window=30)
    mila = story.visitor("mila@example.com")
    mila.did("quiz_done", source="browser")
    declare("quiz_done", visitors=True)
    story.after(minutes=5)
    mila.submits_form()
    assert len(mila.journeys(campaign)) == 1


def test_a_history_of_undeclared_events_starts_nothing_either(story: Story) -> None:
    """Not declared, it starts nothing when the visitor says who they are."""
    campaign = story.campaign("Quiz", on_event("quiz_done"), wait(1), matching_window=30)
    mila = story.visitor("mila@example.com")
    mila.did("quiz_done", source="browser")
    mila.submits_form()
    assert mila.journeys(campaign) == []


def test_held_back_does_not_wait_for_the_filters(story: Story) -> None:
    """An event that may start nothing is not kept as a pending entry."""
    campaign = story.campaign(
        "Quiz", on_event("quiz_done"), wait(1), filters=[attribute("locale", "is", "nl")], matching_window=30
    )
    mila = story.contact("mila@example.com")
    mila.did("quiz_done", source="browser")
    declare("quiz_done", visitors=True)
    mila.says(locale="nl")
    assert mila.journeys(campaign) == []


def test_a_public_key_may_send_what_is_declared_for_visitors() -> None:
    """A name declared for visitors may be sent with every public key, besides the key's own list."""
    declare("quiz_done", visitors=True)
    declare("invoice_paid")
    value = keys.create("shop", "public", origins="*", events="sample_requested")
    found = keys.ring().keys[keys.digest(value)]
    assert "quiz_done" in found.events
    assert "sample_requested" in found.events
    assert "invoice_paid" not in found.events


def test_a_browser_may_not_send_what_is_declared_for_others(client: Client) -> None:
    """The tracker's event is kept as rejected, with the reason; an unknown name is taken."""
    declare("invoice_paid")
    for name in ("invoice_paid", "quiz_done"):
        client.post("/journeys/collect/", data={"name": name}, content_type="application/json")
    assert [item.payload["name"] for item in InboxItem.objects.filter(dead_at=None)] == ["quiz_done"]
    assert "declared for others" in InboxItem.objects.get(dead_at__isnull=False).error


def test_a_batch_asks_once(story: Story, django_assert_max_num_queries) -> None:
    """Whatever comes in, what is declared costs one statement, and none where nothing is in doubt."""

    def record(name: str, source: str) -> Recorded:
        return Recorded(source, "1", name, story.now, story.now)

    with django_assert_max_num_queries(0):
        catalogue.hold([record("page_view", "browser"), record("anything", "python")])
    many = [record(f"name_{number}", "browser") for number in range(500)]
    with django_assert_max_num_queries(1):
        catalogue.hold(many)
    assert all(one.held for one in many)


def test_a_wrong_word_is_found(settings) -> None:
    """The system check knows the three words of the setting."""
    settings.JOURNEYS_UNDECLARED_EVENTS = "none"
    assert "wagtail_journeys.E002" in [found.id for found in run_checks()]
