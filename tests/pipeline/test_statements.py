from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.scenarios.story import START, Story, attribute, branch, did, on_entering, on_event, update, wait
from wagtail_journeys import pipeline
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events.inbox import Incoming, accept_many
from wagtail_journeys.models import Event, InboxItem, Journey

pytestmark = pytest.mark.django_db


def incoming(number: int, name: str, email: str) -> Incoming:
    return Incoming(
        source="test",
        name=name,
        message_id=f"{name}-{number}",
        occurred_at=START,
        anonymous_id="",
        claims={"email": email},
        properties={"number": number},
    )


def statements(call) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        call()
    return [query["sql"] for query in captured.captured_queries]


@pytest.fixture
def busy_site() -> Story:
    """A site with segments that follow from each other and campaigns of both triggers."""
    story = Story()
    readers = story.segment("Readers", did("page_view"))
    fans = story.segment("Fans", attribute("points", "at_least", "1"))
    story.campaign("Filtered", on_event("page_view"), wait(1), filters=[attribute("locale", "is", "nl")])
    story.campaign("Segment", on_entering(readers), update("points", "increment", "1"), wait(1))
    story.campaign(
        "Branching",
        on_event("page_view"),
        branch(did("page_view"), yes=[update("points", "increment", "1")], no=[wait(1)]),
        wait(2),
        frequency="every_time",
    )
    story.campaign("Fans", on_entering(fans), wait(3))
    return story


def drained(count: int, start: int) -> list[str]:
    InboxItem.objects.all().delete()
    accept_many([incoming(n, "page_view", f"c{n}@example.com") for n in range(start, start + count)], START)
    InboxItem.objects.update(partition=1)
    return statements(lambda: pipeline.drain(START, 1000))


def test_a_batch_of_events_costs_the_same_number_of_statements_whatever_its_size(busy_site: Story):
    """Draining 5 or 200 events of new contacts takes equally many statements (design rule 2)."""
    drained(5, 0)
    few, many = drained(5, 100), drained(200, 1000)
    assert Event.objects.filter(name="page_view").count() == 210
    assert Journey.objects.count() >= 400
    assert len(many) == len(few)
    assert len(many) <= 45


def test_events_of_known_contacts_cost_no_more(busy_site: Story):
    """Contacts that exist already are found with the same few statements."""
    drained(200, 0)
    InboxItem.objects.all().delete()
    accept_many([incoming(n, "again", f"c{n}@example.com") for n in range(200)], START)
    InboxItem.objects.update(partition=1)
    assert len(statements(lambda: pipeline.drain(START, 1000))) <= 20
    assert Contact.objects.count() == 200


def test_moving_a_batch_costs_the_same_number_of_statements_whatever_its_size(busy_site: Story):
    """Advancing 5 or 200 journeys over the same steps takes equally many statements (design rule 2)."""
    counts = []
    for count, start in ((5, 0), (5, 100), (200, 1000)):
        drained(count, start)
        assert Journey.objects.filter(due_at__lte=START, state="active").count() >= 2 * count
        counts.append(len(statements(lambda: pipeline.advance(START, 5000))))
        while pipeline.advance(START):
            pass
    assert counts[1] == counts[2]
    assert counts[2] <= 60


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("query", "index"),
    [
        (
            lambda: Journey.objects.filter(state="active", due_at__lte=START).order_by("due_at"),
            "wj_journey_due",
        ),
        (
            lambda: Event.objects.filter(anonymous_id__in=["a", "b"], contact__isnull=True).exclude(
                anonymous_id=""
            ),
            "wj_event_anonymous",
        ),
    ],
)
def test_what_is_asked_all_the_time_is_found_by_its_index(query, index):
    """SQLite, too, takes the small index and does not walk through everything that waits or is anonymous."""
    assert index in query().explain()
