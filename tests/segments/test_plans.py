"""The twelve segments of the benchmark, on a small crowd: the same answers as SQL by hand, and plans that use indexes."""

from __future__ import annotations

import datetime
import json
import re
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


def reads(sql: str, params: Any) -> Iterator[str]:
    """How each part of the statement that is about events reads them: "index" or "whole"."""
    if settings.TEST_DATABASE == "postgres":
        for node in nodes(explain(sql, params)):
            if node.get("Relation Name") == crowd.EVENT:
                yield "whole" if node["Node Type"] == "Seq Scan" else "index"
        return
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        steps = [row[3] for row in cursor.fetchall()]
    names = "|".join({crowd.EVENT, *re.findall(rf'"{crowd.EVENT}" ([A-Z][0-9]+)', sql)})
    for step in steps:
        if re.match(rf"SEARCH ({names}) .*wj_event", step):
            yield "index"
        elif re.match(rf"SCAN ({names})\b", step):
            yield "whole"


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
            whole = compiler.everybody_matching(asked.match, asked.rules, START)
            made = membership.rebuild(segment, START)
            inside = Membership.objects.filter(segment=segment).values_list("contact_id", flat=True)
            assert set(few.values_list("pk", flat=True)) == expected, asked.name
            assert sorted(pk for row in whole for pk in row.values()) == sorted(expected), asked.name
            assert set(inside) == expected, asked.name
            assert made.entered == len(expected)

    def test_events_are_found_by_an_index(self) -> None:
        """Where few of all events matter, no other ones are read; where none matter, none are."""
        for asked in self.asked():
            about_events = crowd.EVENT in asked.sql
            read = list(reads(*self.query(asked).sql_with_params()))
            assert bool(read) == about_events, asked.name
            if asked.selective:
                assert "whole" not in read, asked.name

    def test_all_but_one_of_those_about_events_are_selective(self) -> None:
        """So that the test above is about something."""
        others = [one.name for one in self.asked() if crowd.EVENT in one.sql and not one.selective]
        assert others == ["viewed_often_never_bought"]

    def query(self, asked: crowd.Asked) -> Any:
        return compiler.everybody_matching(asked.match, asked.rules, START).query

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
            assert "whole" not in list(reads(sql, params)), sql
