"""DUN-2 played through: the standard and the patient ladder, day by day."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from apps.customers.models import Access
from apps.payments.models import CaseState
from tests.workers.payments.world import FAILED, FREE, INVOICE, PRICE, SUBSCRIPTION, Business

pytestmark = pytest.mark.django_db


def test_a_failed_charge_opens_one_case(business: Business) -> None:
    business.fail("insufficient_funds")
    case = business.case
    assert (case.failure_class, case.first_failed_at, case.state) == ("soft", FAILED, CaseState.OPEN)
    assert case.next_due_at == FAILED.replace(hour=9, minute=0) + timedelta(days=1)
    assert business.attempts == [("stripe", "declined")]
    assert business.charges == []
    assert business.mails == []


def test_paid_at_the_first_retry(business: Business) -> None:
    business.fail("insufficient_funds", "success")
    business.play(0, hour=23)
    assert business.charges == []
    business.play(1)
    assert business.charges == [f"dunning:charge:{INVOICE}:0"]
    assert business.case.state == CaseState.RECOVERED
    assert business.case.recovered_minor == 49_900
    assert business.mails == ["payment_recovered"]
    business.play_to(20)
    assert len(business.charges) == 1
    assert business.mails == ["payment_recovered"]


def test_the_standard_ladder_to_its_end(business: Business) -> None:
    business.fail("insufficient_funds", "insufficient_funds")
    charged = {}
    for day in range(1, 15):
        before = len(business.charges)
        business.play(day)
        if len(business.charges) > before:
            charged[day] = business.charges[before:]
        downgraded = business.stripe.subscriptions[SUBSCRIPTION].price_id == FREE
        assert downgraded is (day >= 10), f"day {day}"
    assert charged == {n: [f"dunning:charge:{INVOICE}:{i}"] for i, n in enumerate((1, 3, 7))}
    assert business.mails == ["payment_failed_1", "payment_failed_2", "payment_failed_3", "downgraded"]
    assert business.case.state == CaseState.LOST
    assert business.case.downgraded_from == PRICE
    business.customer.refresh_from_db()
    assert (business.customer.plan, business.customer.access) == ("free", Access.FULL)


def test_the_patient_ladder_to_its_end_and_back(business: Business, settings: Settings) -> None:
    settings.DUNNING_POLICY = "patient"
    business.fail("insufficient_funds", *["insufficient_funds"] * 4, "success")
    left = {}
    for day in range(1, 20):
        business.play(day)
        business.customer.refresh_from_db()
        left[day] = (business.case.access_percent, business.customer.access)
    assert len(business.charges) == 4
    assert left[2] == (100, Access.FULL)
    assert left[3] == (50, Access.RATE_LIMITED)
    assert left[7] == (25, Access.RATE_LIMITED)
    assert left[14] == (10, Access.RATE_LIMITED)
    assert left[16] == (10, Access.RATE_LIMITED)
    assert left[17] == (0, Access.SUSPENDED)
    assert business.mails[-1] == "suspended"
    assert business.stripe.subscriptions[SUBSCRIPTION].price_id == PRICE
    business.stripe.default_card = "pm_2"
    business.event("payment_method.attached", "pm_2")
    business.settle()
    business.customer.refresh_from_db()
    assert business.case.state == CaseState.RECOVERED
    assert business.customer.access == Access.FULL
    assert business.mails[-1] == "payment_recovered"


def test_retries_missed_in_an_outage_are_made_a_day_apart_and_nothing_is_cut_meanwhile(
    business: Business,
) -> None:
    business.fail("insufficient_funds", "insufficient_funds")
    for day in (20, 21, 22, 23, 24):
        business.play(day)
        assert len(business.charges) == min(3, day - 19)
        assert business.stripe.subscriptions[SUBSCRIPTION].price_id == PRICE
    business.play(25)
    assert business.stripe.subscriptions[SUBSCRIPTION].price_id == FREE


def test_paid_late_after_the_downgrade_is_still_recovered(business: Business) -> None:
    business.fail("insufficient_funds", "insufficient_funds")
    business.play_to(11)
    assert business.case.state == CaseState.LOST
    business.stripe.invoices[INVOICE].status = "paid"
    business.event("invoice.paid", INVOICE)
    business.settle()
    assert business.case.state == CaseState.RECOVERED
    assert business.mails[-1] == "payment_recovered"
