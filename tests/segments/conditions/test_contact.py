"""The conditions about the contact itself, all but fields and attributes, which have a file of their own."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase
from pytest_django import DjangoAssertNumQueries

from tests.scenarios.story import Person, Story
from tests.segments import naive, naive_contact
from wagtail_journeys import pipeline
from wagtail_journeys.contacts import changes, consent, countries, suppression
from wagtail_journeys.contacts.models import Contact, Suppression, Topic
from wagtail_journeys.events.inbox import Incoming, accept
from wagtail_journeys.models import Membership, Segment
from wagtail_journeys.segments import compiler, hashing, membership
from wagtail_journeys.segments.conditions import registry
from wagtail_journeys.streams import raw, with_ids

from .agreement import NOW, assert_agree, inner, people, rule_of, save

pytestmark = pytest.mark.django_db

NAIVE, Plain = naive.NAIVE, naive.Person
KEYS = [key for key in naive_contact.NAIVE if key not in ("attribute", "consent")]
DAY = datetime.timedelta(days=1)
Value = dict[str, Any]


class Agreement(HypothesisTestCase):
    @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def test_the_query_agrees_with_a_plain_reading(self, data: st.DataObject) -> None:
        """Random people and questions: query, its opposite, membership of few and of everybody, and plain Python."""
        key = data.draw(st.sampled_from(KEYS))
        crowd = data.draw(people(key))
        asked = data.draw(st.lists(NAIVE[key].params, min_size=1, max_size=5))
        save(crowd)
        assert_agree(key, asked, crowd)

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def test_time_passes(self, data: st.DataObject) -> None:
        """What the clock alone changes is found by the sweep, day by day and in between, and by nothing else needed."""
        key = data.draw(st.sampled_from(["date", "seen", "in_segment"]))
        crowd = data.draw(people(key))
        params = data.draw(NAIVE[key].params)
        save(crowd)
        segment = Segment.objects.create(name="S", rules=with_ids([rule_of(key, params)]), live=True)
        membership.rebuild(segment, NOW)
        before = NOW
        for hours in (1, 5, 10, 15, 24, 47, 72, 100, 125, 168):
            now = NOW + datetime.timedelta(hours=hours)
            membership.sweep(now, before)
            expected = {p.contact.pk for p in crowd if NAIVE[key].matches(params, p, now)}
            stays = Membership.objects.filter(segment=segment, left_at=None)
            assert set(stays.values_list("contact_id", flat=True)) == expected, (params, now)
            before = now


# --- dates -----------------------------------------------------------------------------------------------------------------


def date_rule(operator: str, **more: Any) -> Value:
    return {"attribute": "renewal", "operator": operator, "date": None, "until": None, "days": None, **more}


def test_every_comparison_reads_every_date_as_python_does() -> None:
    """Whatever stands in the attribute, dates that do not exist included: no error, and the plain answer."""
    values = naive_contact.DATES
    crowd = [Plain({}, {} if value == "nothing" else {"renewal": value}, [], NOW) for value in values]
    save(crowd)
    operators = ["on", "before", "after", "between", "today", "exists", "missing"]
    asked = [date_rule(name, date="2026-03-02", until="2026-03-03") for name in operators]
    counted = [*naive_contact.COUNTED, *naive_contact.YEARLY]
    asked += [date_rule(name, days=n) for name in counted for n in (0, 1, 2, 365)]
    assert_agree("date", asked, crowd)
    absurd = [date_rule(name, days=36_525) for name in naive_contact.COUNTED]
    absurd += [date_rule("on", date="9999-12-31"), date_rule("before", date="0001-01-01")]
    for params in [*absurd, date_rule("on", date="soon"), date_rule("last_days", days=10**30)]:
        compiler.contacts_matching("all", [{"type": "date", "value": params}], NOW).count()


@pytest.mark.parametrize(
    ("today", "born", "kept"),
    [
        ("2026-02-28", "1984-02-29", True),
        ("2026-02-28", "1984-02-28", True),
        ("2026-03-01", "1984-02-29", False),
        ("2028-02-28", "1984-02-29", False),
        ("2028-02-29", "1984-02-29", True),
        ("2026-03-02", "2026-03-02", False),
        ("2026-03-02", "2030-03-02", False),
    ],
)
def test_a_birthday_on_29_february_is_kept_on_the_28th(today: str, born: str, kept: bool) -> None:
    """In common years; the day of birth itself is no birthday, nor is one before it."""
    Contact.objects.create(attributes={"renewal": born})
    now = datetime.datetime.fromisoformat(f"{today}T12:00:00+00:00")
    rule = {"type": "date", "value": date_rule("anniversary_today")}
    assert compiler.contacts_matching("all", [rule], now).exists() == kept


def test_a_day_begins_where_the_site_is() -> None:
    """Half past eleven at night in UTC is the next day in Amsterdam, for "today" and for moments with a zone."""
    Contact.objects.create(attributes={"renewal": "2026-03-02T23:30:00Z"})
    Contact.objects.create(attributes={"renewal": "2026-03-03"})
    now = datetime.datetime(2026, 3, 2, 23, 15, tzinfo=datetime.UTC)
    rule = {"type": "date", "value": date_rule("today")}
    assert compiler.contacts_matching("all", [rule], now).count() == 2


# --- lots ------------------------------------------------------------------------------------------------------------------


def drawn(percent: Any, salt: str = "") -> set[uuid.UUID]:
    rule = {"type": "sample", "value": {"percent": percent, "salt": salt}}
    return set(compiler.contacts_matching("all", [rule], NOW).values_list("uuid", flat=True))


def test_lots_are_fair_and_the_smaller_part_is_in_the_larger() -> None:
    """Ten thousand contacts: every tenth of them is about as large as another, in every draw; 10% is part of 20%."""
    ids = [uuid.uuid5(uuid.NAMESPACE_URL, str(n)) for n in range(10_000)]
    Contact.objects.bulk_create([Contact(uuid=found) for found in ids], batch_size=2000)
    for salt in ("", "summer"):
        parts = [drawn(percent, salt) for percent in range(0, 101, 10)]
        assert all(smaller < larger for smaller, larger in zip(parts, parts[1:], strict=False))
        assert not parts[0] and len(parts[10]) == 10_000
        sizes = [len(larger - smaller) for smaller, larger in zip(parts, parts[1:], strict=False)]
        chi_square = sum((size - 1000) ** 2 / 1000 for size in sizes)
        assert chi_square < 27.9  # 9 degrees of freedom, one in a thousand
        edge = f"{int(0.3 * 16**8):08x}"
        assert parts[3] == {found for found in ids if hashing.position(found, salt) < edge}
    both = len(drawn(50) & drawn(50, "summer"))
    assert 2300 < both < 2700  # draws have nothing to do with each other


# --- consent and blocked addresses -------------------------------------------------------------------------------------------


def test_consent_is_what_sending_asks() -> None:
    """Every answer to an opt-in and an opt-out topic, asked in every way; a deleted topic matches nobody."""
    opt_in = Topic.objects.create(name="In", slug="in", mode=Topic.Mode.OPT_IN)
    opt_out = Topic.objects.create(name="Out", slug="out", mode=Topic.Mode.OPT_OUT)
    naive_contact.OPT_IN.add(opt_in.pk)
    naive_contact.OPT_OUT.add(opt_out.pk)
    answers: list[dict[int, str]] = [
        {},
        *({topic.pk: state} for topic in (opt_in, opt_out) for state in ("granted", "refused")),
    ]
    crowd = [Plain({}, {}, [], NOW, consents=said) for said in answers]
    save(crowd)
    states = ["may", "may_not", "granted", "refused", "unasked"]
    topics = [opt_in.pk, str(opt_out.pk), 10**6, None]
    asked = [{"state": state, "topic": topic} for state in states for topic in (opt_in.pk, opt_out.pk, 10**6)]
    try:
        assert_agree("consent", asked, crowd)
    finally:
        naive_contact.OPT_IN.clear()
        naive_contact.OPT_OUT.clear()
    assert [registry["consent"].describe({"state": "may", "topic": topic}) for topic in topics] == [
        "may get emails about “In”", "may get emails about “Out”", "may get emails about “a deleted topic”",
        "may get emails about “…”",
    ]  # fmt: skip
    for topic in (opt_in, opt_out):
        rule = {"type": "consent", "value": {"state": "may_not", "topic": topic.pk}}
        found = set(compiler.contacts_matching("all", [rule], NOW).values_list("pk", flat=True))
        assert found == consent.refused_contacts([p.contact.pk for p in crowd], topic)


def test_a_topic_that_becomes_opt_out_changes_who_may_get_it() -> None:
    """Editing the topic has segments that ask for it rebuilt; others are left alone."""
    story = Story()
    topic = Topic.objects.create(name="News", slug="news", mode=Topic.Mode.OPT_IN)
    segment = story.segment("S", {"type": "consent", "value": {"state": "may", "topic": topic.pk}})
    story.segment("Other", {"type": "known", "value": {"mode": "has", "thing": "email"}})
    story.contact("kim@example.com")
    assert not Segment.objects.filter(rebuild_requested_at__isnull=False).exists()
    topic.mode = Topic.Mode.OPT_OUT
    topic.save()
    assert list(Segment.objects.filter(rebuild_requested_at__isnull=False)) == [segment]
    story.run()
    assert Membership.objects.filter(segment=segment, left_at=None).count() == 1


# --- what is noticed -----------------------------------------------------------------------------------------------------------


def says(**traits: Any) -> Callable[[Story, Person], None]:
    return lambda story, person: person.says(**traits) and None


def updates(field: str, value: Any) -> Callable[[Story, Person], None]:
    class Change:
        operation = "set"

    def do(story: Story, person: Person) -> None:
        Change.field, Change.value = field, value  # type: ignore[attr-defined]
        found = changes.apply([(person.contact.pk, Change())])  # type: ignore[arg-type]
        touched = membership.Touched()
        touched.fields.update(found)
        pipeline.follow(touched, story.now)

    return do


def orders(story: Story, person: Person) -> None:
    person.did("order_completed", known=True, properties={"order_id": "A1", "total": 60, "currency": "EUR"})


def agrees(story: Story, person: Person) -> None:
    consent.record([person.contact.pk], Topic.objects.get(), "granted", "test", story.now)
    event = Incoming(
        source="test", name="consent_changed", occurred_at=story.now, contact_id=person.contact.pk
    )
    accept(event, story.now)
    story.run()


def is_blocked(story: Story, person: Person) -> None:
    story.now += datetime.timedelta(seconds=30)
    suppression.suppress(person.email, "manual", "", story.now)
    story.after(minutes=2)


def enters(story: Story, person: Person) -> None:
    person.says(plan="inner")


PERIOD = {"period": "last", "amount": 3, "unit": "days", "start": None, "end": None}


@pytest.mark.parametrize(
    ("key", "params", "change"),
    [
        ("language", {"operator": "is", "language": "nl"}, says(language="nl-BE", locale="nl-BE")),
        ("language", {"operator": "exists", "language": ""}, updates("locale", "fr")),
        ("time_zone", {"operator": "is", "zone": "Asia/Tokyo"}, says(time_zone="Asia/Tokyo")),
        ("country", {"operator": "is", "country": "EU"}, says(address={"country": "nl"})),
        ("date", date_rule("on", date=datetime.date(2026, 3, 2).isoformat()), says(renewal="2026-03-02")),
        ("attribute", {"field": "attribute", "attribute": "plan", "operator": "has_any", "value": "b"}, says(plan=["a", "B"])),
        ("attribute", {"field": "last_name", "attribute": "", "operator": "exists", "value": ""}, says(last_name="Bos")),
        ("known", {"mode": "has", "thing": "name"}, says(first_name="Kim")),
        ("known", {"mode": "has", "thing": "last_seen_at"}, says(plan="x")),
        ("score", {"what": "points", "operator": "at_least", "number": "5", "to": None}, updates("points", 5)),
        ("score", {"what": "orders", "operator": "is", "number": "1", "to": None}, orders),
        ("score", {"what": "lifetime_value", "operator": "more_than", "number": "59.99", "to": None}, orders),
        ("seen", {"what": "last_seen_at", **PERIOD}, says(plan="x")),
        ("seen", {"what": "first_seen", **PERIOD}, says(plan="x")),
        ("consent", {"state": "may", "topic": "TOPIC"}, agrees),
        ("suppressed", {"mode": "suppressed", "reason": "manual"}, is_blocked),
        ("in_segment", {"mode": "entered", "segment": "INNER", **PERIOD}, enters),
        ("in_segment", {"mode": "ever", "segment": "INNER"}, enters),
    ],
)  # fmt: skip
def test_a_change_is_noticed(key: str, params: Value, change: Callable[[Story, Person], Any]) -> None:
    """What a condition mentions reaches the membership with the change, without any rebuild."""
    story = Story()
    topic = Topic.objects.create(name="News", slug="news", mode=Topic.Mode.OPT_IN)
    plan = {"field": "attribute", "attribute": "plan", "operator": "is", "value": "inner"}
    asked = story.segment("Inner", {"type": "attribute", "value": plan})
    given = {"TOPIC": topic.pk, "INNER": asked.pk}
    params = {
        name: given.get(value, value) if isinstance(value, str) else value for name, value in params.items()
    }
    segment = story.segment("S", {"type": key, "value": params})
    person = story.contact("kim@example.com")
    story.contact("max@example.com")
    story.after(hours=1)
    assert not Membership.objects.filter(segment=segment).exists()
    change(story, person)
    inside = Membership.objects.filter(segment=segment, left_at=None).values_list("contact__email", flat=True)
    assert list(inside) == ["kim@example.com"]


# --- words, forms and costs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "params", "sentence"),
    [
        ("date", date_rule("anniversary_next", days=7), "“renewal” has its anniversary in the next 7 days"),
        ("date", date_rule("before", date="2026-03-02"), "“renewal” is before March 2, 2026"),
        ("date", date_rule("days_ago", days=1), "“renewal” is 1 day ago"),
        ("language", {"operator": "is", "language": "nl"}, "language is Dutch"),
        ("language", {"operator": "is_not", "language": "nl-be"}, "language is not Dutch (Belgium)"),
        ("country", {"operator": "is", "country": "NL"}, "country is Netherlands"),
        ("country", {"operator": "is_not", "country": "EU"}, "country is not in the European Union"),
        ("time_zone", {"operator": "missing", "zone": ""}, "time zone is not known"),
        ("score", {"what": "orders", "operator": "at_least", "number": "3", "to": None}, "number of orders is at least 3"),
        ("score", {"what": "lifetime_value", "operator": "between", "number": "1.50", "to": "2000"}, "lifetime value is between 1.5 and 2,000"),
        ("seen", {"what": "created_at", **PERIOD}, "was created in the last 3 days"),
        ("known", {"mode": "has_not", "thing": "email"}, "does not have an email address"),
        ("sample", {"percent": "12.500", "salt": ""}, "is among a random 12.5% of all contacts"),
        ("suppressed", {"mode": "suppressed", "reason": "complaint"}, "has a blocked address (complaint)"),
    ],
)  # fmt: skip
def test_sentences(key: str, params: Value, sentence: str) -> None:
    """The rule in words, as half a sentence about the contact."""
    assert registry[key].describe(params) == sentence


def test_a_list_kept_by_hand_reads_as_a_list() -> None:
    """Contacts are on a list, and in a segment."""
    Segment.objects.create(name="VIP", kind=Segment.Kind.STATIC)
    words = [
        registry["in_segment"].describe({"mode": mode, "segment": pk, **PERIOD})
        for pk in (Segment.objects.get().pk, inner().pk)
        for mode in ("in", "never", "entered")
    ]
    assert words == [
        "is on the list “VIP”", "never was on the list “VIP”", "was put on the list “VIP” in the last 3 days",
        "is in segment “Inner”", "never was in segment “Inner”", "entered segment “Inner” in the last 3 days",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "params", "field"),
    [
        ("date", date_rule("on"), "date"),
        ("date", date_rule("last_days"), "days"),
        ("date", date_rule("between", date=datetime.date(2026, 3, 2), until=datetime.date(2026, 3, 1)), "until"),
        ("date", date_rule("anniversary_next", days=400), "days"),
        ("language", {"operator": "is", "language": ""}, "language"),
        ("country", {"operator": "is_not", "country": ""}, "country"),
        ("time_zone", {"operator": "is", "zone": ""}, "zone"),
        ("score", {"what": "points", "operator": "between", "number": 3, "to": 2}, "to"),
        ("seen", {"what": "created_at", "period": "last", "amount": None, "unit": "days"}, "amount"),
        ("in_segment", {"mode": "left", "segment": 1, "period": "between", "start": None, "end": None}, "start"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(key: str, params: Value, field: str) -> None:
    """The error stands at the field that is to be mended."""
    assert list(registry[key].errors(params)) == [field]


@pytest.mark.parametrize("key", [*KEYS, "attribute", "consent"])
def test_what_the_form_stores_can_be_asked_and_told(key: str) -> None:
    """A line is taken by its form, and what is stored of it is a question and a sentence again."""
    topic = Topic.objects.create(name="News", slug="news")
    given = {"topic": str(topic.pk), "segment": inner().pk}
    params = EXAMPLES[key] | {name: value for name, value in given.items() if name in EXAMPLES[key]}
    condition = registry[key]
    block = condition.block()
    block.set_name(key)
    cleaned = block.clean(block.to_python({**block.get_prep_value(block.get_default()), **params}))
    stored = raw([{"type": key, "value": block.get_prep_value(cleaned)}])
    assert compiler.contacts_matching("all", stored, NOW).count() == 0
    assert "…" not in compiler.describe("all", stored)
    assert condition.fact(stored[0]["value"], Contact.objects.create(), NOW) is not None


def test_countries_are_told_in_the_readers_language() -> None:
    """All of ISO 3166, by name."""
    names = dict(countries.choices())
    assert len(names) == 249 and names["NL"] == "Netherlands"
    with translation.override("nl"):
        assert countries.name("DE") == "Duitsland"
        assert [name for _code, name in countries.choices()][:2] == ["Afghanistan", "Åland"]


@pytest.mark.parametrize("key", [*KEYS, "attribute", "consent"])
def test_the_number_of_statements_does_not_grow(
    key: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """One statement asks about everybody, and at most one more reads what the rule refers to."""
    Contact.objects.bulk_create([Contact(email=f"p{n}@example.com") for n in range(50)])
    Suppression.objects.create(address_hash="0" * 64, reason="manual", since=NOW)
    params = EXAMPLES[key]
    with django_assert_max_num_queries(2):
        list(compiler.contacts_matching("all", [{"type": key, "value": params}], NOW).values_list("pk"))


EXAMPLES: dict[str, Value] = {
    "attribute": {"field": "attribute", "attribute": "plan", "operator": "is", "value": "pro"},
    "date": date_rule("between", date="2026-01-01", until="2026-12-31"),
    "language": {"operator": "is", "language": "nl"},
    "time_zone": {"operator": "exists", "zone": ""},
    "country": {"operator": "is", "country": "EU"},
    "score": {"what": "points", "operator": "at_least", "number": 1, "to": None},
    "seen": {"what": "first_seen", **PERIOD},
    "known": {"mode": "has", "thing": "email"},
    "sample": {"percent": 10, "salt": ""},
    "consent": {"state": "may", "topic": 1},
    "suppressed": {"mode": "not_suppressed", "reason": ""},
    "in_segment": {"mode": "entered", "segment": 1, **PERIOD},
}
