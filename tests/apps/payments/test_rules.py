"""What dunning may do, and above all what it may not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from apps.core.decision import Verdict
from apps.payments.policy import rules
from apps.payments.policy.declines import FailureClass
from apps.payments.policy.facts import CaseFacts, FailedInvoice, SettledCase
from apps.payments.policy.ladder import PATIENT, STANDARD, Position

FAILED = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
DAY_1 = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
POSITION = Position(FailureClass.SOFT, FAILED, None, False, 0, None, None, 100, True)
CASE = CaseFacts(
    subject_id=1,
    customer_id=2,
    invoice="in_1",
    amount_minor=49_900,
    currency="USD",
    invoice_status="open",
    subscription="sub_1",
    subscription_status="past_due",
    price_id="price_studio",
    decline_code="insufficient_funds",
    card="pm_1",
    card_is_new=False,
    attempts_30d=1,
    attempts_made=1,
    position=POSITION,
    ladder=STANDARD,
    email="ada@example.com",
    name="Ada",
    locale="en",
    hosted_url="",
    free_price="price_free",
)
HARD = replace(POSITION, failure=FailureClass.NEW_CARD, hard_since=FAILED)
FAILED_INVOICE = FailedInvoice(
    1, 2, "in_1", 9900, "USD", "charge_automatically", "past_due", "insufficient_funds", "", "pm_1",
    FAILED, FAILED, None, "standard",
)  # fmt: skip
SETTLED = SettledCase(
    1, 2, "in_1", "paid", "active", "open", 9900, "USD", 100, "", False, "ada@example.com", "Ada", "en"
)


def test_a_due_rung_is_charged_and_counted_against_the_days_money() -> None:
    decision = rules.charge(CASE, now=DAY_1)
    assert decision.verdict is Verdict.ACT
    assert decision.money_minor == 49_900
    assert "day 1 (1 of 3)" in decision.reason


def test_not_a_second_before_it_is_due() -> None:
    assert rules.charge(CASE, now=DAY_1 - timedelta(seconds=1)).verdict is Verdict.SKIP


@pytest.mark.parametrize("status", ["paid", "void", "uncollectible", "draft"])
def test_only_an_open_invoice_is_charged(status: str) -> None:
    assert rules.charge(replace(CASE, invoice_status=status), now=DAY_1).verdict is Verdict.SKIP


@pytest.mark.parametrize("status", ["canceled", "incomplete_expired"])
def test_nobody_is_charged_who_has_left(status: str) -> None:
    gone = replace(CASE, subscription_status=status, card_is_new=True)
    assert rules.charge(gone, now=DAY_1).verdict is Verdict.SKIP


def test_nothing_is_charged_when_stripe_cannot_be_asked() -> None:
    assert rules.charge(replace(CASE, problem="Stripe could not be asked"), now=DAY_1).verdict is Verdict.SKIP


@pytest.mark.parametrize(("made", "verdict"), [(13, Verdict.ACT), (14, Verdict.SKIP), (15, Verdict.SKIP)])
def test_fewer_than_15_attempts_in_30_days(made: int, verdict: Verdict) -> None:
    assert rules.charge(replace(CASE, attempts_30d=made), now=DAY_1).verdict is verdict


def test_a_hard_declined_card_is_never_tried_again() -> None:
    for asked in (False, True):
        case = replace(CASE, position=replace(HARD, asked=asked))
        assert rules.charge(case, now=DAY_1 + timedelta(days=30)).verdict is Verdict.SKIP


def test_a_new_card_is_tried_at_once_whatever_the_class() -> None:
    for position in (POSITION, HARD, replace(POSITION, access_percent=0)):
        case = replace(CASE, position=position, card_is_new=True)
        assert rules.charge(case, now=FAILED).verdict is Verdict.ACT


def test_a_card_is_asked_for_at_once_after_a_hard_decline() -> None:
    assert rules.ask_for_card(replace(CASE, position=HARD), now=FAILED).verdict is Verdict.ACT
    assert rules.ask_for_card(CASE, now=DAY_1).verdict is Verdict.SKIP


def test_a_revocation_is_a_question_about_cancelling() -> None:
    case = replace(CASE, position=HARD, decline_code="stop_payment_order")
    assert "cancelling" in rules.ask_for_card(case, now=FAILED).reason


def test_downgrade_after_the_grace_and_not_before() -> None:
    case = replace(CASE, position=replace(HARD, asked=True))
    day_7 = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
    assert rules.downgrade(case, now=day_7 - timedelta(seconds=1)).verdict is Verdict.SKIP
    decision = rules.downgrade(case, now=day_7)
    assert decision.verdict is Verdict.ACT
    assert "price_studio" in decision.way_back
    assert rules.downgrade(replace(case, card_is_new=True), now=day_7).verdict is Verdict.SKIP
    assert rules.downgrade(replace(case, invoice_status="paid"), now=day_7).verdict is Verdict.SKIP
    assert "free plan" in rules.downgrade(replace(case, free_price=""), now=day_7).reason


def test_access_is_restricted_only_by_a_ladder_that_says_so() -> None:
    tried = replace(POSITION, failed_retries=2, last_charge_at=DAY_1, last_retry_at=DAY_1)
    decision = rules.restrict(replace(CASE, ladder=PATIENT, position=tried), now=DAY_1)
    assert decision.params == {"percent": 50}
    assert rules.restrict(replace(CASE, position=tried), now=DAY_1).verdict is Verdict.SKIP


def test_a_case_is_opened_with_its_class_as_reason() -> None:
    assert rules.open_case(FAILED_INVOICE, now=FAILED).reason.endswith("insufficient funds: may pass later")


def test_an_unknown_code_is_waited_for_ten_minutes() -> None:
    unknown = replace(FAILED_INVOICE, decline_code="")
    assert rules.open_case(unknown, now=FAILED + timedelta(minutes=9)).verdict is Verdict.SKIP
    assert rules.open_case(unknown, now=FAILED + timedelta(minutes=10)).verdict is Verdict.ACT


@pytest.mark.parametrize(
    "change",
    [{"collection_method": "send_invoice"}, {"subscription_status": "canceled"}, {"amount_minor": 0}],
)
def test_no_case_where_nothing_can_be_charged(change: dict[str, object]) -> None:
    assert rules.open_case(replace(FAILED_INVOICE, **change), now=FAILED).verdict is Verdict.SKIP


@pytest.mark.parametrize(
    ("invoice", "subscription", "state", "outcome", "thanked"),
    [
        ("paid", "active", "open", "recovered", True),
        ("paid", "canceled", "open", "recovered", False),
        ("paid", "active", "lost", "recovered", True),
        ("void", "active", "open", "canceled", False),
        ("open", "canceled", "open", "canceled", False),
        ("open", "canceled", "lost", "", False),
        ("open", "past_due", "open", "", False),
    ],
)
def test_how_a_case_ends_and_who_is_thanked(
    invoice: str, subscription: str, state: str, outcome: str, thanked: bool
) -> None:
    facts = replace(SETTLED, invoice_status=invoice, subscription_status=subscription, state=state)
    assert rules.outcome_of(facts) == outcome
    assert rules.thanks(facts) is thanked
    assert (rules.close(facts).verdict is Verdict.ACT) is bool(outcome)
