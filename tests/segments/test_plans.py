"""The twelve segments of the benchmark, on a small crowd: the same answers as SQL by hand, and plans that use indexes."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import TestCase

from tests.benchmarks import crowd
from tests.scenarios.story import START
from wagtail_journeys.events.places import page_model
from wagtail_journeys.models import Membership, Segment
from wagtail_journeys.segments import compiler, membership
from wagtail_journeys.segments.conditions import population
from wagtail_journeys.segments.membership import Touched
from wagtail_journeys.streams import with_ids

PEOPLE, EVENTS = 2_000, 40_000


def explain(sql: str, params: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        (found,) = cursor.fetchone()
    return (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes(inner)


class TestTheTwelve(TestCase):
    base: Segment
    page: int

    @classmethod
    def setUpTestData(cls) -> None:
        crowd.make(PEOPLE, EVENTS, vacuum=False)
        cls.page = int(page_model().objects.order_by("pk").values_list("pk", flat=True)[0])
        cls.base = Segment.objects.create(
            name="Base", rules=with_ids([crowd.field("points", "at_least", "25")])
        )
        membership.rebuild(cls.base, START)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    def asked(self) -> list[crowd.Asked]:
        return crowd.twelve(START, self.page, self.base.pk)

    def test_they_answer_as_the_sql_that_is_written_by_hand(self) -> None:
        """Whole, one by one, and as a membership."""
        for asked in self.asked():
            with connection.cursor() as cursor:
                cursor.execute(asked.sql)
                expected = {pk for (pk,) in cursor.fetchall()}
            segment = Segment.objects.create(name=asked.name, match=asked.match, rules=with_ids(asked.rules))
            few = compiler.contacts_matching(asked.match, asked.rules, START)
            with population.everybody():
                whole = compiler.contacts_matching(asked.match, asked.rules, START)
            made = membership.rebuild(segment, START)
            inside = Membership.objects.filter(segment=segment).values_list("contact_id", flat=True)
            assert set(few.values_list("pk", flat=True)) == expected, asked.name
            assert set(whole.values_list("pk", flat=True)) == expected, asked.name
            assert set(inside) == expected, asked.name
            assert made.entered == len(expected)

    def test_a_selective_rule_does_not_read_all_events(self) -> None:
        """Where few events matter, they are found by an index (PostgreSQL)."""
        if settings.TEST_DATABASE != "postgres":
            self.skipTest("about PostgreSQL")
        for asked in self.asked():
            if asked.selective:
                with population.everybody():
                    query = compiler.contacts_matching(asked.match, asked.rules, START).values("pk").query
                plan = explain(*query.sql_with_params())
                read = [node["Node Type"] for node in nodes(plan) if node.get("Relation Name") == crowd.EVENT]
                assert read, asked.name
                assert "Seq Scan" not in read, (asked.name, plan)

    def test_a_batch_reads_the_events_of_its_contacts_only(self) -> None:
        """However large the log is, a batch looks into the index of the contacts' events, in both databases."""
        for asked in self.asked():
            Segment.objects.create(name=asked.name, match=asked.match, rules=with_ids(asked.rules))
        touched = Touched(created=set(range(1, 20)))
        statements: list[tuple[str, Any]] = []

        def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            if crowd.EVENT in sql and sql.startswith(("SELECT", "(SELECT")):
                statements.append((sql, params))
            return execute(sql, params, many, context)

        with connection.execute_wrapper(note):
            membership.refresh(touched, START + datetime.timedelta(seconds=1))
        assert statements
        for sql, params in statements:
            if settings.TEST_DATABASE == "postgres":
                plan = explain(sql, params)
                read = [node["Node Type"] for node in nodes(plan) if node.get("Relation Name") == crowd.EVENT]
                assert "Seq Scan" not in read
            else:
                with connection.cursor() as cursor:
                    cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
                    steps = [row[3] for row in cursor.fetchall()]
                assert not [step for step in steps if step.startswith(f"SCAN {crowd.EVENT}")], steps
