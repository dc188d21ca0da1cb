"""How sure a rate is, and whether one rate is higher than another. Plain functions of counts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import NormalDist

LEVEL = 0.95


def quantile(level: float = LEVEL) -> float:
    """The two-sided normal quantile of a level of confidence: 1.96 for 0.95."""
    return NormalDist().inv_cdf(0.5 + level / 2)


def wilson(reached: int, total: int, level: float = LEVEL) -> tuple[float, float]:
    """The score interval of a share, as ``(low, high)`` between 0 and 1; ``(0, 1)`` where nobody was counted.

    Wilson (1927), Probable inference, the law of succession, and statistical inference. Raises ValueError for counts
    that cannot be.
    """
    if not 0 <= reached <= total:
        raise ValueError("reached must lie between 0 and total.")
    if not total:
        return 0.0, 1.0
    z = quantile(level)
    share, square = reached / total, z * z / total
    middle = (share + square / 2) / (1 + square)
    half = z * math.sqrt(share * (1 - share) / total + square / (4 * total)) / (1 + square)
    low = 0.0 if reached == 0 else max(0.0, middle - half)
    high = 1.0 if reached == total else min(1.0, middle + half)
    return low, high


def newcombe(first: tuple[int, int], second: tuple[int, int], level: float = LEVEL) -> tuple[float, float]:
    """The interval of the difference of two independent shares, first minus second; each ``(reached, total)``.

    Newcombe (1998), Interval estimation for the difference between independent proportions, method 10.
    """
    if not first[1] or not second[1]:
        return -1.0, 1.0
    one, two = first[0] / first[1], second[0] / second[1]
    (low1, high1), (low2, high2) = wilson(*first, level), wilson(*second, level)
    difference = one - two
    return (
        difference - math.hypot(one - low1, high2 - two),
        difference + math.hypot(high1 - one, two - low2),
    )


def clear_winner(results: Mapping[str, tuple[int, int]], level: float = LEVEL) -> str:
    """The key whose rate is certainly the highest; "" where none is. Each result is ``(reached, total)``.

    The leader is compared with every other, and the level shared out between these comparisons (Bonferroni). Holds for
    one look, at a moment that was chosen before.
    """
    counted = {key: result for key, result in results.items() if result[1]}
    if len(counted) < 2 or len(counted) < len(results):
        return ""
    leader = max(counted, key=lambda key: counted[key][0] / counted[key][1])
    shared = 1 - (1 - level) / (len(counted) - 1)
    others = (result for key, result in counted.items() if key != leader)
    if all(newcombe(counted[leader], other, shared)[0] > 0 for other in others):
        return leader
    return ""
