"""Rates and their certainty, against published values."""

from __future__ import annotations

import pytest

from wagtail_journeys.intervals import clear_winner, newcombe, wilson


@pytest.mark.parametrize(
    ("reached", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_one_rate(reached: int, total: int, low: float, high: float) -> None:
    """Newcombe (1998), Two-sided confidence intervals for the single proportion, table I, method 3."""
    assert wilson(reached, total) == pytest.approx((low, high), abs=6e-5)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_the_difference_of_two(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    """Newcombe (1998), Interval estimation for the difference between independent proportions, table II, method 10."""
    assert newcombe(first, second) == pytest.approx((low, high), abs=6e-5)


@pytest.mark.parametrize(
    ("results", "winner"),
    [
        ({"a": (30, 100), "b": (10, 100)}, "a"),
        ({"a": (12, 100), "b": (10, 100)}, ""),
        ({"a": (10, 100), "b": (30, 100), "c": (12, 100)}, "b"),
        ({"a": (24, 100), "b": (12, 100)}, "a"),
        ({"a": (24, 100), "b": (12, 100), "c": (12, 100), "d": (12, 100), "e": (12, 100)}, ""),
        ({"a": (3, 3), "b": (0, 0)}, ""),
        ({"a": (0, 0)}, ""),
    ],
)
def test_a_winner_is_certain_or_there_is_none(results: dict[str, tuple[int, int]], winner: str) -> None:
    """What is enough against one other is not enough to be the best of five."""
    assert clear_winner(results) == winner


def test_counts_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="between 0 and total"):
        wilson(3, 2)
