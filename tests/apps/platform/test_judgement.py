"""How sure, how risky, and afterwards: was it worth it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.decision import Verdict
from apps.platform.policy import (
    IndexFacts,
    Measured,
    Worth,
    columns_of,
    confidence_of,
    create_statement,
    decide_index,
    drop_statement,
    index_name,
    judge_index,
    parse_columns,
    risk_of,
)

FACTS = IndexFacts(
    subject_id=1,
    query_id=7,
    query="SELECT 1",
    schema="shop",
    table="orders",
    columns=("customer_id",),
    index_name="apex_orders_customer_id_12345678",
    calls=40,
    mean_ms=1800.0,
    measured_ms=None,
    cost_before=10_000.0,
    cost_after=100.0,
    share=0.0002,
    hypothetical=False,
    rows=600_000.0,
    size_bytes=60_000_000,
    writes_per_second=0.2,
    hot_updates_per_second=0.0,
    slow_ms=1000.0,
)
GIGABYTE = 1024**3


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, Verdict.ACT),
        ({"mean_ms": 1000.0}, Verdict.ACT),
        ({"mean_ms": 999.9}, Verdict.SKIP),
        ({"cost_after": 5_000.0}, Verdict.ACT),
        ({"cost_after": 5_001.0}, Verdict.SKIP),
        ({"cost_before": 99.0, "cost_after": 1.0}, Verdict.SKIP),
        ({"cost_before": 0.0, "cost_after": 0.0}, Verdict.SKIP),
    ],
)
def test_only_a_slow_query_that_saves_half(change: dict[str, float], verdict: Verdict) -> None:
    assert decide_index(replace(FACTS, **change)).verdict is verdict  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("hypothetical", "share", "confidence"),
    [(True, 0.9, 0.95), (False, 0.05, 0.85), (False, 0.051, 0.7), (False, 0.0, 0.85)],
)
def test_confidence_is_the_evidences(hypothetical: bool, share: float, confidence: float) -> None:
    assert confidence_of(replace(FACTS, hypothetical=hypothetical, share=share)) == confidence


@pytest.mark.parametrize(
    ("size", "writes", "hot", "risk"),
    [
        (0, 0.0, 0.0, 0.05),
        (GIGABYTE - 1, 9.9, 9.9, 0.05),
        (GIGABYTE, 0.0, 0.0, 0.15),
        (0, 10.0, 0.0, 0.10),
        (0, 100.0, 0.0, 0.20),
        (0, 0.0, 10.0, 0.10),
        (GIGABYTE, 10.0, 0.0, 0.20),
        (50 * GIGABYTE, 5_000.0, 500.0, 0.80),
    ],
)
def test_risk_grows_with_size_and_writes(size: int, writes: float, hot: float, risk: float) -> None:
    facts = replace(FACTS, size_bytes=size, writes_per_second=writes, hot_updates_per_second=hot)
    assert risk_of(facts) == pytest.approx(risk)


def test_the_decision_says_all_the_operator_needs() -> None:
    decision = decide_index(FACTS)
    assert decision.title == "Build an index on shop.orders (customer_id)"
    assert "1,800 ms on average over 40 calls" in decision.reason
    assert "HypoPG is not installed" in decision.reason
    assert decision.way_back == "DROP INDEX CONCURRENTLY shop.apex_orders_customer_id_12345678"
    assert decision.params == {"columns": "customer_id"}
    assert decision.evidence["rows_read_per_lookup"] == 120


def measured(**changes: object) -> Measured:
    given = Measured(
        before_ms=1000.0,
        calls=5,
        after_ms=800.0,
        own_before_ms=None,
        own_after_ms=None,
        valid=True,
        last_look=False,
    )
    return replace(given, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "worth"),
    [
        ({}, Worth.GAIN),
        ({"after_ms": 801.0}, Worth.NO_GAIN),
        ({"after_ms": 2000.0}, Worth.NO_GAIN),
        ({"after_ms": 0.0}, Worth.GAIN),
        ({"before_ms": 0.0, "after_ms": 0.0}, Worth.NO_GAIN),
        ({"calls": 4}, Worth.TOO_EARLY),
        ({"calls": 0, "after_ms": None}, Worth.TOO_EARLY),
        ({"valid": False}, Worth.NO_GAIN),
        ({"calls": 4, "last_look": True}, Worth.NO_GAIN),
        ({"calls": 0, "last_look": True, "own_before_ms": 100.0, "own_after_ms": 80.0}, Worth.GAIN),
        ({"calls": 0, "last_look": True, "own_before_ms": 100.0, "own_after_ms": 81.0}, Worth.NO_GAIN),
        ({"calls": 0, "last_look": True, "own_before_ms": 100.0, "own_after_ms": None}, Worth.NO_GAIN),
        ({"calls": 5, "last_look": True, "own_before_ms": 100.0, "own_after_ms": 100.0}, Worth.GAIN),
    ],
)
def test_worth(changes: dict[str, object], worth: Worth) -> None:
    assert judge_index(measured(**changes))[0] is worth


def test_the_sentence_names_both_times() -> None:
    assert (
        judge_index(measured(after_ms=2.5, calls=1200))[1]
        == "1,000.0 ms → 2.5 ms, 100% faster (1,200 calls since)"
    )
    assert "50% slower" in judge_index(measured(after_ms=1500.0))[1]


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=63)


@given(TEXT, TEXT, st.lists(TEXT, min_size=1, max_size=4))
def test_names_fit_and_say_whose_they_are(schema: str, table: str, columns: list[str]) -> None:
    name = index_name(schema, table, columns)
    assert name.startswith("apex_")
    assert len(name.encode()) <= 63
    assert name == index_name(schema, table, columns)
    assert name != index_name(schema, table, [*columns, "more"])


def test_odd_names_are_quoted_for_the_eye() -> None:
    assert drop_statement("Shop", 'a"b') == 'DROP INDEX CONCURRENTLY "Shop"."a""b"'
    assert create_statement("shop", "order", ["Id"]).endswith(' ON shop.order ("Id")')


@pytest.mark.parametrize(
    ("typed", "kept"), [("a", "a"), (" a ,b", "a, b"), ("a,b,c,d", "a, b, c, d"), ("Größe", "Größe")]
)
def test_columns_as_typed(typed: str, kept: str) -> None:
    assert parse_columns(typed) == kept
    assert ", ".join(columns_of(kept)) == kept


@pytest.mark.parametrize("typed", ["", " ", ",", "a,,b", "a, a", "a,b,c,d,e", 'a"b', "a\nb", "x" * 64])
def test_what_are_no_columns(typed: str) -> None:
    with pytest.raises(ValueError, match=r"[A-Z'].*\."):
        parse_columns(typed)
