"""Intervals against published figures and their own properties. No database."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.growth.policy.intervals import newcombe, wilson


@pytest.mark.parametrize(
    ("successes", "total", "low", "high"),
    [  # Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_published_limits(successes: int, total: int, low: float, high: float) -> None:
    found = wilson(successes, total)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [  # Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, method 10
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 10), 0.6075, 1.0000),
        ((0, 10), (0, 10), -0.2775, 0.2775),
    ],
)
def test_newcombe_gives_the_published_limits(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    found = newcombe(*first, *second)
    assert found is not None
    assert (round(found.interval.low, 4), round(found.interval.high, 4)) == (low, high)


def test_nothing_seen_says_nothing() -> None:
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)
    assert newcombe(0, 0, 1, 2) is None
    assert newcombe(1, 2, 0, 0) is None


SHARES = st.integers(1, 500).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))


@given(SHARES, SHARES)
def test_the_interval_holds_the_difference_and_turns_around_with_the_sides(
    one: tuple[int, int], two: tuple[int, int]
) -> None:
    there, back = newcombe(*one, *two), newcombe(*two, *one)
    assert there is not None
    assert back is not None
    assert -1.0 <= there.interval.low <= there.value + 1e-12
    assert there.value - 1e-12 <= there.interval.high <= 1.0
    assert there.interval.low == pytest.approx(-back.interval.high, abs=1e-12)
    assert there.sure == back.sure
