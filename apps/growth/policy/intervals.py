"""Intervals of shares and of their difference, for the comparison with the hold-out."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

Z_95 = 1.959963984540054  # two-sided 95 %


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """Of two shares, in 0 to 1. ``sure``: the 95 % interval leaves out zero."""

    value: float
    interval: Interval

    @property
    def sure(self) -> bool:
        return self.interval.low > 0.0 or self.interval.high < 0.0


def wilson(successes: int, total: int, z: float = Z_95) -> Interval:
    """Wilson's score interval (JASA 1927); of nothing seen, all of 0 to 1."""
    if total == 0:
        return Interval(0.0, 1.0)
    seen = successes / total
    centre = seen + z * z / (2 * total)
    spread = z * sqrt(seen * (1 - seen) / total + z * z / (4 * total * total))
    below = 1 + z * z / total
    return Interval(max(0.0, (centre - spread) / below), min(1.0, (centre + spread) / below))


def newcombe(
    successes: int, total: int, other_successes: int, other_total: int, z: float = Z_95
) -> Difference | None:
    """First share minus second, with Newcombe's hybrid score interval (Statistics in Medicine 1998, method 10).
    None where one side is empty."""
    if total == 0 or other_total == 0:
        return None
    first, second = successes / total, other_successes / other_total
    one, two = wilson(successes, total, z), wilson(other_successes, other_total, z)
    low = first - second - sqrt((first - one.low) ** 2 + (two.high - second) ** 2)
    high = first - second + sqrt((one.high - first) ** 2 + (second - two.low) ** 2)
    return Difference(first - second, Interval(max(-1.0, low), min(1.0, high)))
