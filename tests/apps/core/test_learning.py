"""The Beta posterior against known values, and the line it draws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.learning import TRUSTED, UNPROVEN, Posterior, Prior, beta_cdf


@pytest.mark.parametrize(
    ("x", "a", "b", "expected"),
    [
        (0.5, 1.0, 1.0, 0.5),  # uniform
        (0.3, 1.0, 1.0, 0.3),
        (0.5, 2.0, 2.0, 0.5),  # symmetric
        (0.2, 3.0, 1.0, 0.008),  # x**3
        (0.9, 1.0, 3.0, 0.999),  # 1 - (1 - x)**3
        (0.25, 2.0, 2.0, 0.15625),  # 3x² - 2x³
        (0.0, 2.0, 5.0, 0.0),
        (1.0, 2.0, 5.0, 1.0),
    ],
)
def test_distribution_function(x: float, a: float, b: float, expected: float) -> None:
    assert beta_cdf(x, a, b) == pytest.approx(expected, abs=1e-12)


@given(st.floats(0.01, 0.99), st.floats(0.5, 200), st.floats(0.5, 200))
def test_distribution_function_is_symmetric(x: float, a: float, b: float) -> None:
    assert beta_cdf(x, a, b) == pytest.approx(1 - beta_cdf(1 - x, b, a), abs=1e-9)


def test_fourteen_of_fifteen_still_waits_and_ten_of_ten_does_not() -> None:
    assert Posterior(14, 1).lower_bound() == pytest.approx(0.78, abs=0.005)
    assert Posterior(14, 1).forbids()
    assert Posterior(9, 0).forbids()
    assert not Posterior(10, 0).forbids()


def test_unproven_waits_and_trusted_acts_from_the_first_day() -> None:
    assert Posterior(prior=UNPROVEN).forbids()
    assert not Posterior(prior=TRUSTED).forbids()


def test_five_failures_in_a_row_take_trust_away_four_do_not() -> None:
    assert not Posterior(0, 4, TRUSTED).forbids()
    assert Posterior(0, 5, TRUSTED).forbids()


@given(st.integers(0, 200), st.integers(0, 200), st.floats(1, 50), st.floats(1, 50))
def test_success_never_lowers_and_failure_never_raises_the_bound(s: int, f: int, a: float, b: float) -> None:
    prior = Prior(a, b)
    bound = Posterior(s, f, prior).lower_bound()
    assert Posterior(s + 1, f, prior).lower_bound() >= bound - 1e-9
    assert Posterior(s, f + 1, prior).lower_bound() <= bound + 1e-9
    assert bound <= Posterior(s, f, prior).mean + 0.2


def test_the_sentence_tells_the_numbers() -> None:
    assert Posterior(14, 1).sentence() == "14 of 15 turned out well, lower bound 0.78"
