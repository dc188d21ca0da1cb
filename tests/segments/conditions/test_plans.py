"""Questions about events are answered by their indexes, for a few contacts as for everybody."""

from __future__ import annotations

import datetime
import random
import re

import pytest
from django.db import connection

from tests.scenarios.story import START
from wagtail_journeys import db
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.events.log import COLUMNS
from wagtail_journeys.models import Event
from wagtail_journeys.segments import compiler
from wagtail_journeys.segments.conditions import population

pytestmark = pytest.mark.django_db

LAST = {
    "did": "did",
    "occasion": "any",
    "how_often": "at_least",
    "period": "last",
    "amount": 7,
    "unit": "days",
}
NOWHERE = {"page": None, "section": None, "document": None, "properties": []}
QUESTIONS = {
    "did": ("event", {**LAST, **NOWHERE, "event": "rare", "count": 1}),
    "did three times": ("event", {**LAST, **NOWHERE, "event": "rare", "count": 3}),
    "did not": ("event", {**LAST, **NOWHERE, "event": "rare", "count": 1, "did": "did_not"}),
    "with a property": (
        "event",
        {
            **LAST, **NOWHERE, "event": "rare", "count": 1,
            "properties": [{"type": "item", "value": {"property": "n", "operator": "at_least", "value": "5"}}],
        },
    ),
    "sequence": (
        "sequence",
        {
            **LAST, "first": {"event": "common", **NOWHERE}, "then": {"event": "rare", **NOWHERE}, "between": {"event": ""},
            "within": "within", "within_amount": 2, "within_unit": "days",
        },
    ),
    "email": ("email", {**LAST, "count": 1, "action": "clicked", "link": "/shop", "template": None, "campaign": None}),
    "campaign": ("campaign", {"mode": "in", "campaign": 7}),
    "time": ("time_spent", {**LAST, "least": 1, "least_unit": "minutes"}),
}  # fmt: skip


@pytest.fixture
def world() -> list[int]:
    """A thousand contacts with forty thousand events, of which few have the names that are asked for."""
    chance = random.Random(1)
    Contact.objects.bulk_create([Contact(first_name=f"c{n}", created_at=START) for n in range(1000)])
    ids = list(Contact.objects.values_list("pk", flat=True))
    names = ["common"] * 200 + ["rare", "email_clicked", "journey_entered", "journey_ended", "page_left"]
    rows = [
        (
            "t", str(n), chance.choice(names), chance.choice(ids), "",
            START - datetime.timedelta(minutes=chance.randrange(60 * 24 * 90)), START, {"n": n % 10}, None, None, None, "",
        )
        for n in range(40_000)
    ]  # fmt: skip
    db.insert_rows(Event, COLUMNS, rows, returning=())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return ids


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_walks_through_all_events(world: list[int], question: str) -> None:
    """Neither put to everybody nor to two contacts; and both ways find the same."""
    key, params = QUESTIONS[question]
    rules = [{"type": key, "value": params}]
    few = compiler.contacts_matching("all", rules, START)
    with population.everybody():
        everybody = compiler.contacts_matching("all", rules, START)
    assert set(everybody.values_list("pk", flat=True)) == set(few.values_list("pk", flat=True))
    for queryset in (everybody, few.filter(compiler.among(world[:2]))):
        plan = queryset.explain()
        assert "wj_event" in plan, plan
        whole = re.search(
            r"Seq Scan on wagtail_journeys_event\b|SCAN (U\d|V\d|W\d|wagtail_journeys_event)\b(?! USING)",
            plan,
        )
        assert whole is None, plan
