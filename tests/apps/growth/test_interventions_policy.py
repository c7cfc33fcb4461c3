"""Who gets a discount, a mail, or is left alone: the rules at their edges. No database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.decision import Verdict
from apps.growth.policy import editing
from apps.growth.policy.interventions import (
    AtRisk,
    Rules,
    by_itself,
    discount,
    discount_confidence,
    discount_cost,
    discount_risk,
    drawn,
    hold_out,
    mail,
    year_after,
)
from apps.growth.policy.outcomes import turned_out

NOW = datetime(2026, 3, 2, 19, tzinfo=UTC)
DAY = timedelta(days=1)
ADA = AtRisk(
    subject_id=7,
    kind="discount",
    score=20.0,
    calculated_at=NOW,
    known=("engagement", "payment", "usage"),
    factors=("usage_fell",),
    email="ada@example.com",
    name="Ada",
    locale="en",
    consent=True,
    status="active",
    signed_up_at=NOW - 400 * DAY,
    subscription="sub_1",
    monthly_minor=9_900,
    currency="USD",
    ending=False,
    payment_open=False,
    open_intervention="",
    discounted_at=None,
    mailed_at=None,
    refused_at=None,
    discounts=0,
    mails=0,
    drawn=False,
)


def ada(**changes: Any) -> AtRisk:
    return replace(ADA, **changes)


def test_the_plain_case_is_applied_by_itself() -> None:
    decision = discount(ADA, now=NOW)
    assert (decision.verdict, decision.confidence, decision.risk) == (Verdict.ACT, 0.95, 0.0599)
    assert decision.params == {"percent": 50, "months": 3}
    assert decision.money_minor == 3 * 4_950
    assert by_itself(decision)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"calculated_at": NOW - timedelta(hours=36, seconds=1)}, "the score is older than 36 hours"),
        ({"known": ("payment",)}, "nothing is known about usage or activity"),
        ({"known": ()}, "nothing is known about usage or activity"),
        ({"open_intervention": "engagement_mail"}, "another intervention is open"),
        ({"payment_open": True}, "a payment is being recovered; that comes first"),
        ({"status": "past_due"}, "a payment is being recovered; that comes first"),
        ({"signed_up_at": NOW - 14 * DAY + timedelta(seconds=1)}, "signed up less than 14 days ago"),
        ({"status": "trialing"}, "in the trial: pays nothing yet"),
        ({"subscription": ""}, "has no running subscription at Stripe"),
        ({"monthly_minor": 0}, "pays nothing"),
        ({"discounted_at": NOW - 364 * DAY}, "had a discount within a year"),
        ({"refused_at": NOW - 29 * DAY}, "the payment provider refused it lately"),
    ],
)
def test_no_discount_and_why(changes: dict[str, Any], reason: str) -> None:
    decision = discount(ada(**changes), now=NOW)
    assert (decision.verdict, decision.reason) == (Verdict.SKIP, reason)


@pytest.mark.parametrize(
    "changes",
    [
        {"calculated_at": NOW - timedelta(hours=36)},
        {"signed_up_at": NOW - 14 * DAY},
        {"discounted_at": NOW - 365 * DAY},
        {"refused_at": NOW - 30 * DAY},
        {"monthly_minor": 100_000},
    ],
)
def test_on_the_edge_itself_it_is_given(changes: dict[str, Any]) -> None:
    assert by_itself(discount(ada(**changes), now=NOW))


@pytest.mark.parametrize(
    ("changes", "confidence"),
    [
        ({}, 0.95),
        ({"score": 34.99}, 0.95),
        ({"score": 35.0}, 0.90),
        ({"known": ("usage", "payment")}, 0.90),
        ({"known": ("engagement", "payment")}, 0.85),
        ({"known": ("engagement",)}, 0.75),
        ({"consent": False}, 0.80),
        ({"email": ""}, 0.80),
        ({"ending": True}, 0.75),
        ({"known": ("engagement",), "score": 39.0, "consent": False, "ending": True}, 0.35),
    ],
)
def test_confidence_is_what_is_known(changes: dict[str, Any], confidence: float) -> None:
    assert discount_confidence(ada(**changes))[0] == confidence
    assert by_itself(discount(ada(**changes), now=NOW)) is (confidence > 0.8)


@pytest.mark.parametrize(
    ("minor", "currency", "risk"),
    [
        (1, "USD", 0.05),
        (50_000, "USD", 0.10),
        (100_000, "USD", 0.15),
        (9 * 10**9, "USD", 0.15),
        (500, "JPY", 0.10),
    ],
)
def test_risk_grows_with_the_price(minor: int, currency: str, risk: float) -> None:
    assert discount_risk(ada(monthly_minor=minor, currency=currency)) == pytest.approx(risk, abs=1e-4)


@pytest.mark.parametrize(("minor", "verdict"), [(100_000, Verdict.ACT), (100_001, Verdict.ASK)])
def test_over_1000_a_month_a_person_decides(minor: int, verdict: Verdict) -> None:
    assert discount(ada(monthly_minor=minor), now=NOW).verdict is verdict


def test_the_cost_is_rounded_month_by_month() -> None:
    assert discount_cost(ada(monthly_minor=9_999), 50, 3) == 15_000
    assert discount_cost(ada(monthly_minor=9_999), 100, 12) == 12 * 9_999


def test_the_operators_numbers_are_used() -> None:
    decision = discount(ADA, now=NOW, rules=Rules(percent=20, months=6))
    assert decision.params == {"percent": 20, "months": 6}
    assert decision.money_minor == 6 * 1_980


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, ""),
        ({"consent": False}, "no consent to marketing mail"),
        ({"email": ""}, "no mail address"),
        ({"mailed_at": NOW - 30 * DAY + timedelta(seconds=1)}, "had this mail within 30 days"),
        ({"mailed_at": NOW - 30 * DAY}, ""),
        ({"open_intervention": "discount"}, "another intervention is open"),
        ({"subscription": "", "monthly_minor": 0, "status": "trialing"}, ""),
    ],
)
def test_the_mail(changes: dict[str, Any], reason: str) -> None:
    decision = mail(ada(score=50.0, kind="engagement_mail", **changes), now=NOW)
    assert (decision.verdict is Verdict.SKIP, decision.reason if reason else "") == (bool(reason), reason)


def test_the_lot_is_drawn_only_among_those_who_would_be_treated() -> None:
    lucky = ada(drawn=True)
    assert discount(lucky, now=NOW).reason == "in the hold-out: left alone, to compare with"
    assert hold_out(lucky, now=NOW).verdict is Verdict.ACT
    assert hold_out(ADA, now=NOW).reason == "not in the hold-out"
    for changes in ({"consent": False}, {"monthly_minor": 200_000}):
        asked = ada(drawn=True, **changes)
        assert discount(asked, now=NOW).verdict is not Verdict.SKIP
        assert hold_out(asked, now=NOW).verdict is Verdict.SKIP
    assert (
        hold_out(ada(drawn=True, subscription=""), now=NOW).reason == "has no running subscription at Stripe"
    )


def test_the_lot_is_stable_fair_and_drawn_anew_for_each_kind() -> None:
    left_alone = {number for number in range(20_000) if drawn(number, "discount")}
    other = {number for number in range(20_000) if drawn(number, "engagement_mail")}
    assert 1_800 < len(left_alone) < 2_200
    assert 130 < len(left_alone & other) < 270  # independent: a tenth of a tenth
    assert not any(drawn(number, "discount", Rules(holdout_percent=0)) for number in range(100))
    assert all(drawn(number, "discount", Rules(holdout_percent=100)) for number in range(100))
    # For ever: these must not change, or customers change sides.
    assert [number for number in range(60) if drawn(number, "discount")] == FIRST_DRAWN


FIRST_DRAWN = [2, 13, 49, 54]


@given(st.datetimes(timezones=st.just(UTC), max_value=datetime(9000, 1, 1)))  # noqa: DTZ001 - Hypothesis adds the zone
def test_a_year_is_a_year_and_never_ends_in_the_same_one(moment: datetime) -> None:
    later = year_after(moment)
    assert later.year == moment.year + 1
    assert timedelta(days=365) <= later - moment <= timedelta(days=366)


@pytest.mark.parametrize(
    ("status", "now_score", "age", "last", "state"),
    [
        ("active", 20.0, 0, False, "success"),
        ("active", 19.99, 0, False, "inconclusive"),
        ("active", 19.99, 0, True, "failure"),
        ("active", 90.0, 37, True, "inconclusive"),
        ("active", None, 0, True, "inconclusive"),
        ("canceled", 90.0, 0, False, "worse"),
        ("canceled", None, 0, True, "worse"),
    ],
)
def test_what_it_turned_out(status: str, now_score: float | None, age: int, last: bool, state: str) -> None:
    calculated = NOW - timedelta(hours=age)
    found, note = turned_out(
        status=status, score=now_score, calculated_at=calculated, at_start=20.0, last=last, now=NOW
    )
    assert (found, bool(note)) == (state, True)


@pytest.mark.parametrize(("text", "value"), [("1", 1), (" 50 ", 50), ("100", 100)])
def test_an_edit_is_read(text: str, value: int) -> None:
    assert editing.percent(text) == value


@pytest.mark.parametrize("text", ["0", "101", "-5", "", "half", "12.5", "\u0665", "9" * 5000])
def test_an_edit_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="whole number from 1 to 100"):
        editing.percent(text)
    with pytest.raises(ValueError, match="whole number from 1 to 12"):
        editing.months(text)
