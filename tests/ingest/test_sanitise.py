from __future__ import annotations

import datetime
import decimal
import json
import math
import uuid

import pytest
from django.utils.translation import gettext_lazy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wagtail_journeys.events import sanitise
from wagtail_journeys.exceptions import BadEvent

texts = st.text(st.characters(exclude_categories=()), max_size=60)  # with NUL and lone surrogates
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=-(10**600), max_value=10**600),
    st.floats(),
    texts,
    st.decimals(),
    st.datetimes(),
    st.dates(),
    st.uuids(),
    st.binary(max_size=20),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=6),
        st.dictionaries(st.one_of(texts, st.integers(), st.none()), inner, max_size=6),
        st.tuples(inner, inner),
    ),
    max_leaves=40,
)
quick = settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))


def walk(value: object, depth: int = 0):
    yield value, depth
    if isinstance(value, dict):
        for key, item in value.items():
            yield key, depth
            yield from walk(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item, depth + 1)


@quick
@given(values)
def test_clean_is_fit_to_be_kept(value):
    """Whatever goes in, what comes out is JSON that both databases take, and stays as it is when cleaned again."""
    cleaned = sanitise.clean(value)
    json.dumps(cleaned, allow_nan=False, ensure_ascii=False).encode("utf-8")
    for found, depth in walk(cleaned):
        assert found is None or type(found) in (bool, int, float, str, list, dict)
        assert depth <= sanitise.MAX_DEPTH
        if isinstance(found, str):
            assert "\x00" not in found
            assert len(found) <= sanitise.MAX_TEXT
        elif type(found) is int:
            assert -(2**63) <= found < 2**63
        elif isinstance(found, float):
            assert math.isfinite(found)
    assert sanitise.clean(cleaned) == cleaned


@quick
@given(values, st.integers(min_value=1, max_value=60))
def test_clean_is_bounded(value, size):
    """What is kept is not larger than asked for: names, texts and values together."""
    cleaned = sanitise.clean(value, size=size)
    kept = sum(len(found) if isinstance(found, str) else 1 for found, _depth in walk(cleaned))
    assert kept <= size + 2 * sanitise.MAX_DEPTH


@quick
@given(values)
def test_nothing_raises(value):
    """The readers of single values never raise, and give what they promise."""
    now = datetime.datetime(2026, 5, 1, 12, tzinfo=datetime.UTC)
    assert isinstance(sanitise.text(value, 10), str)
    assert len(sanitise.line(value, 10)) <= 10
    assert sanitise.url(value) == "" or sanitise.url(value).lower().startswith("http")
    assert len(sanitise.language(value)) <= 20
    assert len(sanitise.message_id(value)) <= 100
    assert len(sanitise.email(value)) <= 320
    number = sanitise.row_id(value)
    assert number is None or 0 < number < 2**63
    assert now - sanitise.OLDEST <= sanitise.moment(value, now) <= now + sanitise.NEWEST
    assert isinstance(sanitise.mapping(value), dict)
    try:
        assert 0 < len(sanitise.event_name(value)) <= 100
    except BadEvent as why:
        assert str(why)


def test_value_inside_itself():
    """A value that holds itself, many times over, ends."""
    loop: list = []
    loop.extend([loop] * 50)
    assert len(json.dumps(sanitise.clean(loop))) < 10 * sanitise.MAX_SIZE


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        ("a\x00b", "a\ufffdb"),
        ("\ud83d", "\ufffd"),
        ("\U0001f600", "\U0001f600"),
        (2**63 - 1, 2**63 - 1),
        (2**63, str(2**63)),
        (-(2**63) - 1, str(-(2**63) - 1)),
        (10**600, None),
        (float("nan"), None),
        (float("inf"), None),
        (True, True),
        (decimal.Decimal("19.90"), 19.9),
        (decimal.Decimal("20.00"), 20),
        (decimal.Decimal("NaN"), None),
        (decimal.Decimal("sNaN"), None),
        (decimal.Decimal("1E+400"), None),
        (datetime.date(2026, 5, 1), "2026-05-01"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (gettext_lazy("lazy"), "lazy"),
        ((1, "a"), [1, "a"]),
        ({1: {2: None}}, {"1": {"2": None}}),
    ],
    ids=repr,
)
def test_clean(value, expected):
    """Each kind of value has one form in which it is kept."""
    assert sanitise.clean(value) == expected


def test_strict():
    """With ``strict`` an object that JSON does not know is refused, naming what to give instead."""
    with pytest.raises(TypeError, match="primary key"):
        sanitise.clean({"user": object()}, strict=True)


@pytest.mark.parametrize("value", ["12", 12])
def test_row_id(value):
    """An id is a positive number or its digits."""
    assert sanitise.row_id(value) == 12


@pytest.mark.parametrize(
    "value", ["", "-1", "1.0", " 1", "1e3", 0, -1, True, 1.0, "9" * 19, "9" * 30, "²", None]
)
def test_no_row_id(value):
    """Anything else is no id."""
    assert sanitise.row_id(value) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("nl", "nl"),
        ("NL", "nl"),
        ("pt_BR", "pt-br"),
        ("zh-hans-cn", "zh-hans-cn"),
        ("../etc", ""),
        ("e", ""),
        ("", ""),
    ],
)
def test_language(value, expected):
    """A language code is written as Django writes it."""
    assert sanitise.language(value) == expected


@pytest.mark.parametrize(
    "value", ["javascript:alert(1)", "//a.example", "http://", "https://a b", "ftp://a", "https://a<"]
)
def test_no_url(value):
    """What is not plainly a web address is none."""
    assert sanitise.url(value) == ""
