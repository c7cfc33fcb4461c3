"""Money, decisions, time: what they refuse and how they read."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.decision import Decision, Verdict, skip, within_auto_apply_line
from apps.core.money import Money
from apps.core.types import utc


@pytest.mark.parametrize(
    ("minor", "currency", "reads"),
    [
        (0, "usd", "0.00 USD"),
        (9900, "USD", "99.00 USD"),
        (-5, "EUR", "-0.05 EUR"),
        (123456789, "USD", "1,234,567.89 USD"),
        (500, "JPY", "500 JPY"),
        (1234, "KWD", "1.234 KWD"),
    ],
)
def test_money_reads_with_its_currencys_decimals(minor: int, currency: str, reads: str) -> None:
    assert str(Money(minor, currency)) == reads


@pytest.mark.parametrize("minor", [1.0, "1", None, True])
def test_money_is_whole_minor_units(minor: object) -> None:
    with pytest.raises(TypeError):
        Money(minor, "USD")  # type: ignore[arg-type]


def test_currencies_do_not_mix() -> None:
    with pytest.raises(ValueError, match="cannot be combined"):
        Money(1, "USD") + Money(1, "EUR")
    with pytest.raises(ValueError, match="ISO 4217"):
        Money(1, "US")


@pytest.mark.parametrize(
    ("minor", "percent", "expected"), [(99, 50, 50), (101, 50, 51), (-101, 50, -51), (1, 49, 0), (0, 50, 0)]
)
def test_a_share_rounds_half_away_from_zero(minor: int, percent: int, expected: int) -> None:
    assert Money(minor, "USD").percent(percent).minor == expected


@given(st.integers(-(10**12), 10**12), st.integers(-(10**12), 10**12))
def test_what_is_added_can_be_taken_away(a: int, b: int) -> None:
    assert Money(a, "USD") + Money(b, "USD") - Money(b, "USD") == Money(a, "USD")


@pytest.mark.parametrize(
    ("confidence", "risk", "inside"),
    [(0.81, 0.19, True), (0.8, 0.19, False), (0.81, 0.2, False), (1.0, 0.0, True), (0.0, 0.0, False)],
)
def test_the_line_is_strict_on_both_sides(confidence: float, risk: float, inside: bool) -> None:
    assert within_auto_apply_line(confidence, risk) is inside


def test_a_decision_needs_a_reason_and_whole_judgement() -> None:
    with pytest.raises(ValueError, match="reason"):
        skip("")
    with pytest.raises(ValueError, match="together"):
        Decision(Verdict.ACT, "why", confidence=0.9)
    with pytest.raises(ValueError, match="between 0 and 1"):
        Decision(Verdict.ACT, "why", confidence=1.1, risk=0.1)
    assert not skip("nothing to do").judged


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        utc(datetime(2026, 3, 1, 9, 0))  # noqa: DTZ001 - the very thing to be refused
    tallinn = timezone(timedelta(hours=2))
    assert utc(datetime(2026, 3, 1, 9, 0, tzinfo=tallinn)) == datetime(2026, 3, 1, 7, 0, tzinfo=UTC)
