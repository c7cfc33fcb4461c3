"""The health score at its edges. No database."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.growth.policy.components import HealthFacts, engagement, payment, usage
from apps.growth.policy.health import WEIGHTS, Level, health, hundredths, level

STEADY = HealthFacts(
    used_ever=True,
    people_ever=True,
    integrated=True,
    days_now=30,
    days_before=30,
    used_now=1000,
    used_before=1000,
    active_days=12,
    logins=8,
    feature_uses=10,
    billed=True,
)


def having(**changes: Any) -> HealthFacts:
    return replace(STEADY, **changes)


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (None, Level.UNKNOWN),
        (0.0, Level.AT_RISK),
        (39.99, Level.AT_RISK),
        (40.0, Level.WEAK),
        (60.0, Level.WEAK),
        (60.01, Level.STEADY),
        (80.0, Level.STEADY),
        (80.01, Level.HEALTHY),
        (100.0, Level.HEALTHY),
    ],
)
def test_levels_at_their_edges(score: float | None, expected: Level) -> None:
    assert level(score) is expected


def test_a_customer_without_a_fault_has_100() -> None:
    found = health(STEADY)
    assert (found.score, found.level, found.reasons) == (100.0, Level.HEALTHY, ())


def test_nothing_known_is_no_score() -> None:
    found = health(HealthFacts())
    assert (found.score, found.level, found.reasons) == (None, Level.UNKNOWN, ())
    assert {name: part.missing for name, part in found.components.items()} == {
        "usage": "no_usage_data",
        "engagement": "no_activity_data",
        "payment": "no_payment_data",
        "support": "no_support_data",
    }


def test_a_missing_component_is_left_out_and_the_weights_share_its_place() -> None:
    found = health(having(billed=False, used_now=500))
    assert found.components["payment"].missing == "no_payment_data"
    assert found.shares == {"usage": 0.62, "engagement": 0.38}
    assert found.score == hundredths((0.40 * (100 - 100 * 0.5 / 0.75) + 0.25 * 100) / 0.65)


def test_payment_alone_decides_where_it_is_all_that_is_known() -> None:
    found = health(HealthFacts(billed=True, open_case=True))
    assert (found.score, found.level) == (40.0, Level.WEAK)


@pytest.mark.parametrize(
    ("now", "before", "lost"),
    [
        (1000, 1000, 0.0),
        (2000, 1000, 0.0),
        (999, 1000, 100 * 0.001 / 0.75),
        (500, 1000, 100 * 0.5 / 0.75),  # exactly half
        (250, 1000, 100.0),
        (249, 1000, 100.0),
        (0, 1000, 100.0),
        (1, 0, 0.0),
        (0, 0, 100.0),  # stopped more than 60 days ago
    ],
)
def test_usage_against_the_month_before(now: int, before: int, lost: float) -> None:
    component = usage(having(used_now=now, used_before=before))
    assert component.score == pytest.approx(100.0 - lost)
    assert component.lost[0].code == ("usage_stopped" if now == 0 else "usage_fell")


def test_usage_is_compared_by_the_day() -> None:
    assert usage(having(used_now=1000, used_before=500, days_before=15)).score == 100.0
    assert usage(having(used_now=500, used_before=500, days_before=15)).score == pytest.approx(
        100 - 50 / 0.75
    )


@pytest.mark.parametrize(("days", "missing"), [(6, "nothing_to_compare"), (7, "")])
def test_less_than_a_week_is_nothing_to_compare_with(days: int, missing: str) -> None:
    assert usage(having(days_before=days)).missing == missing


@pytest.mark.parametrize(
    ("calls", "errors", "lost"), [(0, 0, 0), (99, 1, 0), (90, 10, 20), (0, 5, 20), (945, 55, 10)]
)
def test_api_errors_from_one_percent_on(calls: int, errors: int, lost: float) -> None:
    assert usage(having(api_calls=calls, api_errors=errors)).score == pytest.approx(100 - lost)


def test_usage_never_falls_below_zero() -> None:
    assert usage(having(used_now=0, api_calls=1, api_errors=9)).score == 0.0


@pytest.mark.parametrize(
    ("changes", "score"),
    [
        ({"active_days": 11}, 100 - 40 / 12),
        ({"active_days": 13}, 100),
        ({"logins": 0}, 75),
        ({"feature_uses": 0}, 80),
        ({"integrated": False}, 85),
        ({"active_days": 0, "logins": 0, "feature_uses": 0, "integrated": False}, 0),
        ({"days_now": 15, "active_days": 6, "logins": 4, "feature_uses": 5}, 100),
    ],
)
def test_engagement(changes: dict[str, Any], score: float) -> None:
    assert engagement(having(**changes)).score == pytest.approx(score)


@pytest.mark.parametrize(("days", "missing"), [(0, "too_new"), (6, "too_new"), (7, "")])
def test_engagement_needs_a_week(days: int, missing: str) -> None:
    assert engagement(having(days_now=days)).missing == missing


@pytest.mark.parametrize(
    ("changes", "score"),
    [
        ({}, 100),
        ({"open_case": True}, 40),
        ({"past_due": True}, 60),
        ({"open_case": True, "past_due": True}, 40),
        ({"ending": True}, 50),
        ({"earlier_cases": 1}, 85),
        ({"earlier_cases": 2}, 70),
        ({"earlier_cases": 9}, 70),
        ({"open_case": True, "ending": True, "earlier_cases": 9}, 0),
        ({"past_due": True, "ending": True, "earlier_cases": 2}, 0),
    ],
)
def test_payment(changes: dict[str, Any], score: float) -> None:
    assert payment(having(**changes)).score == score


FACTS = st.builds(
    HealthFacts,
    **{name: st.booleans() for name in ("used_ever", "people_ever", "integrated", "billed", "open_case")},
    **{name: st.booleans() for name in ("past_due", "ending")},
    days_now=st.just(30),
    days_before=st.integers(0, 30),
    **{name: st.integers(0, 10**15) for name in ("used_now", "used_before", "api_calls", "api_errors")},
    **{name: st.integers(0, 40) for name in ("active_days", "logins", "feature_uses", "earlier_cases")},
)


@given(FACTS)
def test_it_stays_between_0_and_100_and_the_points_lost_explain_it(facts: HealthFacts) -> None:
    found = health(facts)
    if found.score is None:
        assert all(part.score is None for part in found.components.values())
        return
    assert 0.0 <= found.score <= 100.0
    assert all(part.score is None or 0.0 <= part.score <= 100.0 for part in found.components.values())
    assert found.score + sum(lost.points for lost in found.reasons) == pytest.approx(100.0, abs=0.06)


def test_the_weights_are_those_of_the_specification() -> None:
    assert WEIGHTS == {"usage": 0.40, "engagement": 0.25, "payment": 0.20, "support": 0.15}
