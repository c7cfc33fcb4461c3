"""DUN-8: never charged twice, whatever happens to events, answers and workers; and never after the end."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from apps.billing.models import Invoice
from apps.payments.models import CaseState, PaymentAttempt, RecoveryCase
from apps.runs.models import Effect
from tests.workers.payments.world import CUSTOMER, INVOICE, SUBSCRIPTION, Business
from workers.ports import Refused, Unavailable, Unknown

pytestmark = pytest.mark.django_db


def test_an_answer_lost_after_the_charge_is_one_charge(business: Business) -> None:
    business.fail("insufficient_funds", "success")
    business.stripe.fault(Unknown("the line went dead"), acts=True)
    business.play(1)
    assert len(business.stripe.charges) == 1
    assert PaymentAttempt.objects.filter(origin="dunning").count() == 0, (
        "it is not known yet what became of it"
    )
    business.simulation.clock.now = business.simulation.clock.now.replace(hour=12)
    business.simulation.tick()
    business.settle()
    assert len(business.stripe.charges) == 1
    assert business.case.state == CaseState.RECOVERED
    assert business.attempts[-1] == ("dunning", "paid")


def test_a_call_that_certainly_failed_is_made_again_under_the_same_key(business: Business) -> None:
    business.fail("insufficient_funds", "success")
    business.stripe.fault(Unavailable("slow down"))
    business.play(1)
    assert business.stripe.charges == []
    business.simulation.clock.now = business.simulation.clock.now.replace(hour=10)
    business.simulation.tick()
    business.settle()
    assert len(business.stripe.charges) == 1
    assert set(business.charges) == {f"dunning:charge:{INVOICE}:0"}


def test_not_charged_when_paid_meanwhile_though_the_event_was_lost(business: Business) -> None:
    business.fail("insufficient_funds", "success")
    business.stripe.invoices[INVOICE].status = "paid"
    business.play_to(3)
    assert business.charges == []


def test_not_charged_when_cancelled_meanwhile_though_the_event_was_lost(business: Business) -> None:
    business.fail("insufficient_funds", "success")
    business.stripe.subscriptions[SUBSCRIPTION].status = "canceled"
    business.play_to(3)
    assert business.charges == []


def test_cancelled_closes_without_thanks(business: Business) -> None:
    business.fail("insufficient_funds", "success")
    business.stripe.subscriptions[SUBSCRIPTION].status = "canceled"
    business.event("customer.subscription.deleted", SUBSCRIPTION)
    business.settle()
    business.play_to(12)
    assert business.case.state == CaseState.CANCELED
    assert (business.charges, business.mails) == ([], [])


def test_refused_by_stripe_looks_again_before_a_card_is_asked_for(business: Business) -> None:
    business.fail("insufficient_funds", "success")
    business.stripe.fault(Refused("Invoice is already paid"))
    business.play(1)
    assert business.mails == []
    business.stripe.invoices[INVOICE].status = "paid"
    business.event("invoice.paid", INVOICE)
    business.settle()
    assert business.case.state == CaseState.RECOVERED


def test_refused_for_good_asks_for_a_card_within_hours(business: Business) -> None:
    business.fail("insufficient_funds", "success")
    business.stripe.fault(Refused("This customer cannot be charged"))
    business.play(1)
    business.play(1, hour=11)
    assert business.mails == ["new_card_needed"]


def test_an_emergency_in_mid_ladder_changes_nothing_but_the_time(business: Business) -> None:
    """Redelivered pages: every run of the day started again under the same slots."""
    business.fail("insufficient_funds", "insufficient_funds", "success")
    for day in (1, 2, 3, 4):
        for _ in range(3):
            business.play(day)
    assert business.charges == [f"dunning:charge:{INVOICE}:0", f"dunning:charge:{INVOICE}:1"]


_EVENTS = st.sampled_from(
    [
        ("invoice.payment_failed", INVOICE),
        ("invoice.paid", INVOICE),
        ("invoice.finalized", INVOICE),
        ("customer.subscription.updated", SUBSCRIPTION),
        ("customer.updated", CUSTOMER),
    ]
)
_FAULTS = st.sampled_from(
    [
        None,
        None,
        (Unknown("lost after acting"), True),
        (Unknown("lost before acting"), False),
        (Unavailable("slow down"), False),
    ]
)
_OUTCOMES = st.lists(
    st.sampled_from(["insufficient_funds", "do_not_honor", "success"]), min_size=1, max_size=4
)
# Each day: which events arrive (any, in any order, some twice), what befalls the next call, is Apex running.
_DAYS = st.lists(st.tuples(st.lists(_EVENTS, max_size=3), _FAULTS, st.booleans()), min_size=4, max_size=8)


class NeverTwice(TestCase):
    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
    @given(_OUTCOMES, _DAYS)
    def test_under_any_disorder(
        self,
        outcomes: list[str],
        days: list[tuple[list[tuple[str, str]], tuple[Unknown | Unavailable, bool] | None, bool]],
    ) -> None:
        """Events repeated, dropped and out of order, answers lost: money is taken once, each rung is tried
        once, and once Apex has been told, the mirror is what Stripe holds."""
        business = Business()
        business.fail("insufficient_funds", *outcomes)
        for day, (events, fault, running) in enumerate(days, start=1):
            for event_type, object_id in events:
                business.event(event_type, object_id, f"evt_{event_type}_{day // 3}")
            if fault is not None:
                business.stripe.fault(fault[0], acts=fault[1])
            if running:
                business.play(day)
                business.simulation.tick()
        business.stripe._faults.clear()
        for day in range(len(days) + 1, len(days) + 16):
            business.play(day)
            business.simulation.tick()
        business.settle()
        assert len(business.stripe.charges) <= 1
        case = RecoveryCase.objects.get()
        tried = Counter(business.stripe._attempts)
        retries = [key for _invoice, key in tried if key.startswith("dunning:charge:")]
        assert len(retries) == len(set(retries)) <= 3
        assert case.attempts.filter(origin="dunning").count() == len(retries)
        paid = bool(business.stripe.charges)
        assert case.state == (CaseState.RECOVERED if paid else CaseState.LOST)
        assert Invoice.objects.get().status == business.stripe.invoices[INVOICE].status
        assert not Effect.objects.filter(state__in=["doubt", "claimed", "unknown", "dead"]).exists()
        assert business.mails.count("payment_recovered") == int(paid)
