"""Events out of the inbox, with 50 live segments and 20 live campaigns, against bare loading of the same event rows."""

from __future__ import annotations

import datetime

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.benchmarks import world
from tests.benchmarks.report import figure, scale
from tests.benchmarks.tools import analyse, clone_table, load, timed, vendor
from tests.scenarios.story import START, Story
from wagtail_journeys import pipeline
from wagtail_journeys.conf import conf
from wagtail_journeys.events.inbox import accept_many
from wagtail_journeys.events.log import COLUMNS
from wagtail_journeys.events.models import Event, InboxItem

EVENTS, PEOPLE, PAST = 40_000, 10_000, 200_000


def main() -> None:
    people, count = max(1000, int(PEOPLE * scale())), int(EVENTS * scale())
    story = Story()
    ids = world.contacts(people)
    world.history(ids, int(PAST * scale()))
    world.segments_and_campaigns(story)
    incoming = world.events(count, people)
    accepted = timed(
        lambda: [accept_many(incoming[n : n + 1000], START, wake=False) for n in range(0, count, 1000)]
    )
    analyse()
    now = START + datetime.timedelta(hours=1)

    def drain_all() -> None:
        while InboxItem.objects.filter(dead_at__isnull=True, payload__source="browser").exists():
            pipeline.drain(now)

    before = Event.objects.count()
    drained = timed(drain_all)
    assert Event.objects.count() - before >= count, "every accepted event must be in the log"

    table = clone_table(Event._meta.db_table)
    columns = [Event._meta.get_field(name).column for name in COLUMNS]
    rows = list(Event.objects.filter(source="browser").values_list(*columns))
    past = list(Event.objects.filter(source="past").values_list(*columns))
    load(table, columns, past)  # so that both grow indexes of the same size
    copied = timed(lambda: load(table, columns, rows))

    accept_many([*world.events(conf.DRAIN_BATCH, people)], START, wake=False)
    area = f"drain.{vendor()}"
    figure(f"{area}.events_per_second", count / drained.clock, "-", "1/s")
    figure(f"{area}.accepted_per_second", count / accepted.clock, "-", "1/s")
    figure(f"{area}.ratio_to_bare_load", copied.processor / drained.processor, ">=0.25", "ratio")
    figure(f"{area}.cpu_us", drained.processor / count * 1e6, "-", "us/event")
    with CaptureQueriesContext(connection) as captured:
        pipeline.drain(now)
    figure(f"{area}.statements_per_batch", len(captured), "-", "statements")
