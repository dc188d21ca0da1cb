"""Twelve segments over a million contacts and ten million events (a tenth of that on SQLite), against SQL by hand."""

from __future__ import annotations

import datetime
import random
import resource
import statistics
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from tests.benchmarks import crowd
from tests.benchmarks.crowd import Asked, did, field
from tests.benchmarks.report import figure, scale
from tests.benchmarks.tools import Cost, timed, vendor
from tests.scenarios.story import START
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events.models import Event
from wagtail_journeys.models import Membership, Segment
from wagtail_journeys.segments import compiler, diff, membership
from wagtail_journeys.segments.membership import Touched
from wagtail_journeys.streams import with_ids

SIZES = {"postgres": (1_000_000, 10_000_000), "sqlite": (100_000, 1_000_000)}
LIVE, BATCHES, ROUNDS = 200, 10, 3


def main() -> None:
    area = f"segments.{vendor()}"
    people, past = (max(2000, int(size * scale())) for size in SIZES[vendor()])
    made = timed(lambda: crowd.make(people, past))
    figure(f"{area}.generated_seconds", made.clock, "-", "s")
    if vendor() == "postgres":
        # Processor time is read of one process: let that one do all the work, for both sides.
        crowd.execute("SET max_parallel_workers_per_gather = 0")
        # As a rebuild has them.
        crowd.execute("SET work_mem = '64MB'")
        crowd.execute("SET jit = off")
    page = Event.objects.values_list("page_id", flat=True).first() or 1
    page = a_page(page)
    base = Segment.objects.create(name="Base", rules=with_ids([field("points", "at_least", "25")]))
    build(base, START)
    asked = crowd.twelve(START, page, base.pk)
    before = memory()
    for each in asked:
        compare(area, each)
    figure(f"{area}.query_ratio_median", statistics.median(QUERIES), "<=1.3", "ratio")
    figure(f"{area}.query_ratio_worst", max(QUERIES), "-", "ratio")
    figure(f"{area}.rebuild_ratio_median", statistics.median(DIFFS), "<=2", "ratio")
    figure(f"{area}.rebuild_ratio_worst", max(DIFFS), "-", "ratio")
    figure(f"{area}.rebuild_memory_mb", memory() - before, "-", "MB")
    incremental(area, asked)
    figure(f"{area}.peak_memory_mb", memory(), "-", "MB")


QUERIES: list[float] = []
DIFFS: list[float] = []


def a_page(wanted: int) -> int:
    """A page that exists, as the condition looks the translations of a page up; some events are moved to it."""
    from wagtail_journeys.events.places import page_model

    page = int(page_model().objects.order_by("pk").values_list("pk", flat=True)[0])
    if page > crowd.PAGES:
        Event.objects.filter(page_id=wanted).update(page_id=page)
    return page


def memory() -> float:
    """The most that this process has held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def matching(segment: Segment) -> QuerySet[Any, Any]:
    return compiler.everybody_matching(segment.match, segment.raw_rules, START)


def build(segment: Segment, now: datetime.datetime) -> diff.Diff:
    with transaction.atomic():
        return membership.rebuild(segment, now)


def count_of(sql: str, params: tuple = ()) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({sql}) AS answer", params or None)
        return int(cursor.fetchone()[0])


def best(*calls: Callable[[], object]) -> list[Cost]:
    """The least that each call cost, taken in turns."""
    costs: list[list[Cost]] = [[] for _call in calls]
    for _round in range(ROUNDS):
        for number, call in enumerate(calls):
            costs[number].append(timed(call))
    return [min(each, key=lambda cost: cost.processor) for each in costs]


def compare(area: str, asked: Asked) -> None:
    segment = Segment.objects.create(name=asked.name, match=asked.match, rules=with_ids(asked.rules))
    ours, params = matching(segment).query.sql_with_params()
    by_hand = asked.sql
    numbers = count_of(ours, params), count_of(by_hand)
    assert numbers[0] == numbers[1], f"{asked.name}: {numbers[0]} by the rules, {numbers[1]} by hand"
    query, hand = best(lambda: count_of(ours, params), lambda: count_of(by_hand))
    first = timed(lambda: build(segment, START))
    assert Membership.objects.filter(segment=segment, left_at=None).count() == numbers[0]
    if vendor() == "postgres":
        crowd.execute(f"VACUUM ANALYZE {crowd.STAY}")

    def again() -> None:
        """A rebuild as there are many: one member in a hundred has to be taken in."""
        with transaction.atomic():
            found = membership.rebuild(segment, START)
        assert found.entered >= numbers[0] // 100

    rebuilds = []
    for _round in range(ROUNDS):
        inside = Membership.objects.filter(segment=segment, left_at=None)
        some = inside.order_by("contact_id").values_list("pk", flat=True)[: max(1, numbers[0] // 100)]
        Membership.objects.filter(pk__in=list(some)).delete()
        rebuilds.append(timed(again))
    rebuilt = min(rebuilds, key=lambda cost: cost.processor)
    QUERIES.append(query.processor / max(hand.processor, 0.01))
    DIFFS.append(rebuilt.processor / max(hand.processor, 0.01))
    name = f"{area}.{asked.name}"
    figure(f"{name}.members", numbers[0], "-", "contacts")
    figure(f"{name}.first_build_seconds", first.clock, "-", "s")
    figure(f"{name}.rebuild_seconds", rebuilt.clock, "-", "s")
    figure(f"{name}.query_ratio", QUERIES[-1], "<=1.3", "ratio")
    figure(f"{name}.rebuild_ratio", DIFFS[-1], "<=2", "ratio")


def incremental(area: str, asked: list[Asked]) -> None:
    """What a batch of a thousand events costs with 200 live segments, and a sweep half a minute later."""
    names = [name for name, _share in crowd.NAMES]
    for number in range(LIVE - Segment.objects.filter(live=True).count()):
        name = names[number % len(names)]
        rules = [
            [did(name, days=3 + number)],
            [did(name, count=2 + number % 9), field("locale", "is", ["nl", "de", "fr"][number % 3])],
            [field("attribute", "is", "team", "plan"), did(name, "did_not", days=5 + number)],
            [field("points", "at_least", str(number % 50))],
            [did(name, days=7, page=1 + number % 50), did("order_completed", "did_not")],
        ][number % 5]
        Segment.objects.create(name=f"Live {number}", rules=with_ids(rules))
    chance = random.Random(4)
    ids = list(Contact.objects.order_by("pk").values_list("pk", flat=True)[:200_000])
    shares = [share for _name, share in crowd.NAMES]
    batches = []
    for _batch in range(BATCHES):
        touched = Touched()
        for name in chance.choices(names, shares, k=1000):
            touched.events[name].add(chance.choice(ids))
        batches.append(touched)

    def refresh(touched: Touched) -> None:
        with transaction.atomic():
            membership.refresh(touched, START)

    # The first time everybody has to be taken in; the second time is how it goes on.
    entering = timed(lambda: [refresh(touched) for touched in batches])
    with CaptureQueriesContext(connection) as captured:
        refresh(batches[0])
    cost = timed(lambda: [refresh(touched) for touched in batches])
    figure(f"{area}.incremental_entering_ms_per_1000_events", entering.processor / BATCHES * 1000, "-", "ms")
    figure(f"{area}.incremental_ms_per_1000_events", cost.processor / BATCHES * 1000, "-", "ms")
    figure(f"{area}.incremental_statements", len(captured), "-", "statements")
    later = START + datetime.timedelta(seconds=30)

    def sweep() -> None:
        with transaction.atomic():
            membership.sweep(later, START)

    if vendor() == "postgres":
        crowd.execute(f"VACUUM ANALYZE {crowd.STAY}")
    swept = timed(sweep)
    figure(f"{area}.sweep_seconds_with_200_segments", swept.clock, "<=30", "s")
