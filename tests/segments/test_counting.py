"""How many match is told in time: exactly, or from a sample and exactly a little later."""

from __future__ import annotations

import datetime
import itertools
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import BooleanField, F, FloatField, Func, Q, Value
from pytest_django import DjangoAssertNumQueries

from wagtail_journeys import jobs
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.exceptions import TooSlow
from wagtail_journeys.segments import compiler, counting, sampling
from wagtail_journeys.segments.conditions import registry
from wagtail_journeys.segments.conditions.base import Condition
from wagtail_journeys.segments.count_requests import CountRequest

pytestmark = pytest.mark.django_db

NOW = datetime.datetime(2026, 5, 4, 9, 0, tzinfo=datetime.UTC)
SECOND = datetime.timedelta(seconds=1)


def dutch(block: str = "a") -> list[dict[str, Any]]:
    value = {"field": "locale", "attribute": "", "operator": "is", "value": "nl"}
    return [{"type": "attribute", "value": value, "id": block}]


def slow(share: str = "nl") -> list[dict[str, Any]]:
    return [{"type": "slow", "value": {"language": share}, "id": "s"}]


class Slow(Condition):
    """Speaks the language; a question that takes the database a millisecond for every contact."""

    key = "slow"
    label = "Slow"

    def q(self, params: Any, now: datetime.datetime) -> Q:
        if connection.vendor == "postgresql":
            waited = Func(
                Func(F("id") * 0 + Value(0.001), function="pg_sleep"),
                function="pg_typeof",
                output_field=FloatField(),
            )
            return Q(locale=params["language"]) & Q(
                Func(waited, template="(%(expressions)s IS NOT NULL)", output_field=BooleanField())
            )
        counting_up = Func(
            F("id"),
            template="((WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000 + 0 * %(expressions)s)"
            " SELECT max(i) FROM n) > 0)",
            output_field=BooleanField(),
        )
        return Q(locale=params["language"]) & Q(counting_up)

    def describe(self, params: Any) -> str:
        return "slowly speaks"


@pytest.fixture
def slow_condition(monkeypatch: pytest.MonkeyPatch) -> None:
    registry.discover()
    monkeypatch.setitem(registry._kinds, "slow", Slow())


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tasks a cluster was asked for."""
    made: list[str] = []
    monkeypatch.setattr(jobs, "enqueue", lambda path, *args: made.append(path))
    return made


def samples(monkeypatch: pytest.MonkeyPatch, size: int, seconds: float = 30.0) -> None:
    """One sample, of this size, which may take so long."""
    monkeypatch.setattr(sampling, "SAMPLES", (size,))
    monkeypatch.setattr(sampling, "FIRST_SAMPLE_SECONDS", seconds)


def people(number: int, dutch_of_ten: int = 3) -> None:
    Contact.objects.bulk_create(
        [
            Contact(email=f"c{n}@example.com", locale="nl" if n % 10 < dutch_of_ten else "en")
            for n in range(number)
        ]
    )


def test_a_quick_count_is_exact() -> None:
    """What the database answers at once is told as it is."""
    people(50)
    found = counting.count("all", dutch(), NOW)
    assert (found.number, found.total, found.exact) == (15, 50, True)
    assert not CountRequest.objects.exists()


def test_a_statement_that_takes_too_long_is_given_up(slow_condition: None) -> None:
    """The budget ends it, the connection is usable at once, and no limit stays behind."""
    people(3000, 10)
    began = time.monotonic()
    with pytest.raises(TooSlow), sampling.budget(0.1):
        compiler.contacts_matching("all", slow(), NOW).count()
    assert time.monotonic() - began < 2
    assert Contact.objects.count() == 3000
    with sampling.budget(0.1):
        assert Contact.objects.count() == 3000
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone()[0] == "0"


def test_a_slow_question_is_estimated(slow_condition: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """When asking everybody takes too long a sample is asked, and the answer says that it is an estimate."""
    people(4000, 10)
    Contact.objects.filter(email__contains="7").update(locale="en")
    right = Contact.objects.filter(locale="nl").count()
    samples(monkeypatch, 200)
    found = counting.count("all", slow(), NOW)
    assert not found.exact
    assert found.number is not None
    assert found.sampled == 200
    assert abs(found.number - right) <= 2 * found.margin
    assert found.number % 10 == 0
    assert found.margin >= 100
    assert found.key
    assert set(Contact.objects.filter(pk__in=found.examples).values_list("locale", flat=True)) == {"nl"}


def test_the_estimate_does_not_flicker(slow_condition: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked twice, the sample is the same."""
    people(500)
    samples(monkeypatch, 100)
    first = sampling.estimate("all", dutch(), NOW, 500)
    assert first == sampling.estimate("all", dutch(), NOW, 500)


def test_none_in_the_sample_is_not_none_at_all() -> None:
    """With nobody of the sample matching, the margin says how many there may be."""
    found = sampling._scaled(0, 20_000, 1_000_000, (), "")
    assert (found.number, found.exact, found.margin) == (0, False, 200)


def test_a_sample_as_large_as_everybody_has_no_margin() -> None:
    """Then the number is what it is."""
    assert sampling._scaled(7, 20, 20, (), "").margin == 0


def test_not_even_a_sample(slow_condition: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """When even a sample takes too long there is no number yet, and no error."""
    people(3000, 10)
    samples(monkeypatch, 3000, 0.05)
    assert counting.count("all", slow(), NOW).number is None


def test_the_answer_comes_in_time(slow_condition: None) -> None:
    """However slow the rules, there is an answer before long."""
    people(6000, 10)
    began = time.monotonic()
    counting.count("all", slow(), NOW)
    # The limits add up to less than a second; a busy machine may take its time on top.
    assert time.monotonic() - began < 4


def test_a_slow_answer_is_kept(
    slow_condition: None, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """The same rules again within seconds ask the database nothing."""
    people(3000, 10)
    samples(monkeypatch, 100)
    first = counting.count("all", slow(), NOW)
    with django_assert_num_queries(0):
        assert counting.count("all", slow(), NOW) == first


def test_the_ids_of_blocks_do_not_matter() -> None:
    """Rules that ask the same have the same key; others have not."""
    assert counting.key_of("all", dutch("a")) == counting.key_of("all", dutch("b"))
    assert counting.key_of("all", dutch()) != counting.key_of("none", dutch())


# --- In the background ---------------------------------------------------------------------------------------------------


def asked(
    run: Callable[..., Any], rules: list[dict[str, Any]] | None = None, now: datetime.datetime = NOW
) -> str:
    with run(execute=True):
        return counting.request("all", rules or dutch(), now)


def test_exactly_a_little_later(calls: list[str], django_capture_on_commit_callbacks: Any) -> None:
    """A cluster is asked to look, and what it counts is the exact number."""
    people(50)
    key = asked(django_capture_on_commit_callbacks)
    assert calls == [counting.WORK]
    assert counting.work(NOW) == 50
    found = counting.progress(counting.look(key, NOW))
    assert (found.number, found.total, found.exact) == (15, 50, True)
    assert counting.work(NOW) == 0


def test_a_finished_count_answers(
    calls: list[str], slow_condition: None, django_capture_on_commit_callbacks: Any
) -> None:
    """Once it has been counted the editor sees the exact number without another attempt."""
    people(50)
    asked(django_capture_on_commit_callbacks)
    counting.work(NOW)
    Contact.objects.create(email="late@example.com", locale="nl")
    found = counting.count("all", dutch(), NOW + SECOND)
    assert (found.number, found.exact) == (15, True)
    assert counting.count("all", dutch(), NOW + 2 * counting.GOOD_FOR).number == 16


def test_in_slices_with_progress(
    calls: list[str], monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    """What takes long is counted slice by slice; a task makes room in between, and nothing is counted twice."""
    people(50)
    monkeypatch.setattr(counting, "_at_once", lambda found: False)
    monkeypatch.setattr(counting, "SLICE", 10)
    monkeypatch.setattr(counting, "SLICE_TARGET", 0.0)
    monkeypatch.setattr(counting, "WORK_SECONDS", 10.0)
    key = asked(django_capture_on_commit_callbacks)
    clock = itertools.count()
    with monkeypatch.context() as patched:
        patched.setattr(
            time, "monotonic", lambda: float(next(clock))
        )  # every look at the clock takes a second
        counting.work(NOW)
    assert calls == [counting.WORK] * 2
    half = counting.look(key, NOW)
    assert 0 < half.counted < 50
    assert counting.progress(half).progress > 0
    assert not counting.progress(half).exact
    counting.work(NOW)
    whole = counting.progress(counting.look(key, NOW))
    assert (whole.number, whole.total, whole.exact) == (15, 50, True)


def test_nobody_counts_for_nobody(calls: list[str], django_capture_on_commit_callbacks: Any) -> None:
    """When the editor has gone on, the count is left; when somebody looks again it goes on."""
    people(20)
    key = asked(django_capture_on_commit_callbacks)
    later = NOW + counting.WANTED + SECOND
    assert counting.work(later) == 0
    with django_capture_on_commit_callbacks(execute=True):
        counting.look(key, later)
    assert calls == [counting.WORK] * 2
    assert counting.work(later) == 20


def test_one_worker_at_a_time(calls: list[str], django_capture_on_commit_callbacks: Any) -> None:
    """What one works on is not taken by another; when it has died, it is."""
    people(20)
    key = asked(django_capture_on_commit_callbacks)
    assert counting._claim(NOW) is not None
    assert counting._claim(NOW) is None
    later = NOW + counting.CLAIM + SECOND
    counting.look(key, later)
    assert counting._claim(later) is not None


def test_rules_that_fail_end_the_count(
    calls: list[str], caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: Any
) -> None:
    """A rule that cannot be asked leaves a failed count, not a task that fails for ever."""
    key = asked(django_capture_on_commit_callbacks, [{"type": "gone", "value": {}, "id": "x"}])
    counting.work(NOW)
    assert counting.look(key, NOW).state == "failed"
    assert counting.work(NOW) == 0
    assert "cannot be counted" in caplog.text


def test_a_queue_that_is_down_is_no_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: Any
) -> None:
    """The editor keeps the estimate."""

    def refuse(path: str) -> None:
        raise ConnectionError

    monkeypatch.setattr(jobs, "enqueue", refuse)
    asked(django_capture_on_commit_callbacks)
    assert "The queue does not answer" in caplog.text


def test_old_counts_are_cleared_away(calls: list[str], django_capture_on_commit_callbacks: Any) -> None:
    """Asking for a new one removes those nobody has looked at for long."""
    asked(django_capture_on_commit_callbacks)
    later = NOW + counting.FORGET_AFTER + SECOND
    asked(django_capture_on_commit_callbacks, [], later)
    assert CountRequest.objects.count() == 1
