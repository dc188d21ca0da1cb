"""Contacts on their way through campaigns - a drip of three steps, and twelve steps with branches - until their email is
handed to a backend that drops it, against bulk_create of the rows that this must leave behind; and finding what is due among
a million journeys that wait."""

from __future__ import annotations

import datetime
import resource
import statistics
import uuid
from collections.abc import Callable

from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.benchmarks import world
from tests.benchmarks.report import figure, scale
from tests.benchmarks.tools import Cost, analyse, timed, vendor
from tests.scenarios.story import (
    START,
    Story,
    attribute,
    branch,
    choose,
    on_event,
    points,
    send,
    speaks,
    split,
    update,
    wait,
)
from wagtail_journeys import db, pipeline
from wagtail_journeys.events.inbox import Incoming, accept_many
from wagtail_journeys.models import Campaign, Event, Journey, Message, Visit

CONTACTS, WAITING, DUE = 100_000, 1_000_000, 10_000
DAY = datetime.timedelta(days=1)
BODY = (
    "<p>Hello {{ contact.first_name | default: 'there' }},</p><p>" + "Words of a newsletter. " * 40 + "</p>"
)


def main() -> None:
    area = f"journeys.{vendor()}"
    count = max(1000, int(CONTACTS * scale()))
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    story = Story()
    ids = world.contacts(count)
    template = story.template("Hello {{ contact.first_name | default: 'there' }}", BODY)
    drip(area, story, template, ids)
    branching(area, story, template, ids)
    waiting(area, story, ids)


# --- a drip ------------------------------------------------------------------------------------------------------------


def drip(area: str, story: Story, template, ids: list[int]) -> None:
    campaign = story.campaign("Drip", on_event("signed_up"), wait(1), send(template), wait(1))
    count, memory = len(ids), peak_memory()
    accept("bench", "signed_up", ids)
    entered = timed(lambda: until_idle(lambda: pipeline.drain(START)))
    parked = timed(lambda: until_idle(lambda: pipeline.advance(START)))
    tomorrow = START + DAY
    queued = timed(lambda: until_idle(lambda: pipeline.advance(tomorrow)))
    handed = timed(lambda: until_idle(lambda: pipeline.deliver(tomorrow).handled))
    later = tomorrow + DAY
    ended = timed(lambda: until_idle(lambda: pipeline.advance(later)))
    total = entered + parked + queued + handed + ended
    memory = peak_memory() - memory
    assert Journey.objects.filter(campaign=campaign, state="completed").count() == count
    assert Message.objects.filter(state="sent").count() == count

    peer = bulk_create(campaign, "bench")
    figure(f"{area}.contacts_per_second", count / total.clock, "-", "1/s")
    figure(f"{area}.rows_per_second", count * 6 / total.clock, "-", "1/s")
    figure(f"{area}.ratio_to_bulk_create", peer.processor / total.processor, ">=0.3", "ratio")
    figure(f"{area}.enter_us", entered.processor / count * 1e6, "-", "us/contact")
    figure(f"{area}.wait_us", parked.processor / count * 1e6, "<=40", "us/step")
    figure(f"{area}.step_us", (parked + queued + ended).processor / 3 / count * 1e6, "-", "us/contact")
    figure(f"{area}.hand_over_us", handed.processor / count * 1e6, "-", "us/message")
    figure(f"{area}.all_us", total.processor / count * 1e6, "<=1100", "us/contact")
    figure(f"{area}.memory_mb", memory, "-", "MB")

    accept("again", "signed_up", ids, later)
    with CaptureQueriesContext(connection) as captured:
        pipeline.advance(later)
    figure(f"{area}.statements_per_advance", len(captured), "-", "statements")
    Campaign.objects.filter(pk=campaign.pk).update(live=False)


# --- twelve steps with branches ----------------------------------------------------------------------------------------


def branching(area: str, story: Story, template, ids: list[int]) -> None:
    """Everybody passes nine to eleven of the twelve steps, five of them decisions, and gets one email."""
    arrivals = {
        "type": "choose",
        "arms": [
            ("English", speaks("en"), [points(1)]),
            ("Dutch", speaks("nl"), [points(2)]),
        ],
    }
    campaign = story.campaign(
        "Branching",
        on_event("ordered"),
        branch(
            attribute("attribute", "is", "pro", name="plan"),
            yes=[update("attribute", "set", "yes", attribute="vip")],
            no=[wait(2, "hours")],
        ),
        choose(*arrivals["arms"], otherwise=[points(3)]),
        wait(1),
        split(("A", 50, [send(template)]), ("B", 50, [wait(1, "hours"), send(template)])),
        branch(attribute("points", "at_least", "20"), yes=[wait(1)], no=[points(1)]),
    )
    count = len(ids)
    accept("branching", "ordered", ids)
    moments = [
        START + datetime.timedelta(hours=hours) for hours in (0, 2, 24, 25, 26, 27, 28, 50, 51, 52, 53)
    ]

    def run() -> None:
        until_idle(lambda: pipeline.drain(START))
        for moment in moments:
            until_idle(lambda: pipeline.advance(moment) + pipeline.deliver(moment).handled)  # noqa: B023

    total = timed(run)
    mine = Journey.objects.filter(campaign=campaign)
    left = list(mine.exclude(state="completed").order_by().values_list("state", "step_id", "end_reason")[:3])
    assert mine.count() == count and not left, left
    visits = Visit.objects.filter(journey__campaign=campaign).count()
    peer = bulk_create(campaign, "branching")
    figure(f"{area}.branching_contacts_per_second", count / total.clock, "-", "1/s")
    figure(f"{area}.branching_rows_per_second", (visits + 3 * count) / total.clock, "-", "1/s")
    figure(f"{area}.branching_ratio_to_bulk_create", peer.processor / total.processor, ">=0.3", "ratio")
    figure(f"{area}.branching_visits_per_contact", visits / count, "-", "visits")
    figure(f"{area}.branching_all_us", total.processor / count * 1e6, "-", "us/contact")
    Campaign.objects.filter(pk=campaign.pk).update(live=False)


# --- many that wait ----------------------------------------------------------------------------------------------------


def waiting(area: str, story: Story, ids: list[int]) -> None:
    """Find and move the few that are due among very many that are not."""
    size, due = max(10_000, int(WAITING * scale())), max(100, int(DUE * scale()))
    campaign = story.campaign("Waiting", on_event("never"), wait(365), wait(365), may_overlap=True)
    version = campaign.current_version
    first = version.graph["start"]
    far = START + 300 * DAY

    def rows(start: int, stop: int):
        for number in range(start, stop):
            moment = START if number % (size // due) == 0 else far + datetime.timedelta(seconds=number)
            contact = ids[number % len(ids)]
            yield (campaign.pk, version.pk, contact, f"w{number}", None, "active", first, START, moment, 0, START, "", "", False, 0, "", {})  # fmt: skip

    columns = ["campaign", "version", "contact", "entry_key", "active_key", "state", "step_id", "arrived_at", "due_at",
               "attempts", "entered_at", "end_reason", "note", "holdout", "chain", "run_key", "data"]  # fmt: skip
    for start in range(0, size, 10_000):
        db.insert_rows(Journey, columns, list(rows(start, min(start + 10_000, size))), returning=())
    analyse()
    nothing = [timed(lambda: pipeline.advance(START - DAY)) for _look in range(5)]
    before = peak_memory()
    moving = timed(lambda: until_idle(lambda: pipeline.advance(START)))
    moved = Visit.objects.filter(journey__campaign=campaign).count()
    assert moved == -(-size // (size // due)), moved
    figure(f"{area}.waiting", size, "-", "journeys")
    figure(f"{area}.waiting_nothing_due_ms", statistics.median(c.clock for c in nothing) * 1e3, "-", "ms")
    figure(f"{area}.waiting_due_seconds", moving.clock, "-", "s")
    figure(f"{area}.waiting_due_us", moving.processor / moved * 1e6, "-", "us/journey")
    figure(f"{area}.waiting_memory_mb", peak_memory() - before, "-", "MB")
    figure(f"{area}.waiting_reads_index", float(by_index()), ">=1", "yes")


def by_index() -> bool:
    """Whether the look for what is due reads the index of due journeys and nothing else of the table."""
    with CaptureQueriesContext(connection) as captured:
        pipeline.advance(START + 299 * DAY, limit=100)
    look = next(q["sql"] for q in captured if "due_at" in q["sql"] and q["sql"].startswith("SELECT"))
    with connection.cursor() as cursor:
        cursor.execute(("EXPLAIN " if vendor() == "postgres" else "EXPLAIN QUERY PLAN ") + look)
        plan = "\n".join(str(row) for row in cursor.fetchall())
    return "wj_journey_due" in plan and "Seq Scan on wagtail_journeys_journey" not in plan


# --- tools -------------------------------------------------------------------------------------------------------------


def accept(source: str, name: str, ids: list[int], moment: datetime.datetime = START) -> None:
    analyse()
    for part in db.chunks(ids, 10_000):
        accept_many(
            [Incoming(source=source, name=name, message_id=str(uuid.uuid4()), occurred_at=moment, contact_id=pk)
             for pk in part],
            moment, wake=False,
        )  # fmt: skip


def until_idle(look: Callable[[], int]) -> None:
    while look():
        pass


def peak_memory() -> float:
    """Megabytes, the most that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def bulk_create(campaign: Campaign, source: str) -> Cost:
    """The cost of the same event, journey, visit and message rows, copied under new keys."""
    journeys = Journey.objects.filter(campaign=campaign)
    visits = Visit.objects.filter(journey__campaign=campaign)
    messages = Message.objects.filter(campaign=campaign)
    rows = {
        Event: list(Event.objects.filter(source=source)),
        Journey: list(journeys),
        Visit: list(visits),
        Message: list(messages),
    }
    for found in (messages, visits, journeys, Event.objects.filter(source=source)):
        found.model.objects.filter(pk__in=found.values("pk"))._raw_delete(found.db)

    def write() -> None:
        for model, copies in rows.items():
            model.objects.bulk_create(copies, batch_size=1000)

    return timed(write)
