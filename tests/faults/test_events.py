"""Stripe's events repeated and out of order come to the same as in calm (BIL-1)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db.models import F

from apps.billing.models import Account, Invoice, Payment, Subscription
from apps.core.clock import utc_now
from apps.core.modes import Mode
from apps.customers.models import Customer
from apps.payments.models import RecoveryCase
from apps.runs.actions import set_mode
from apps.runs.models import AutomationEntry
from peers.stripe.server import StripePeer
from tests.faults import money
from tests.faults.conftest import Report
from tests.faults.lab import Lab

pytestmark = [pytest.mark.slow, pytest.mark.faults]
INVOICES = 8
_EVERYTHING_TOLD = (
    "billing_stripe_event, billing_account, billing_subscription, billing_invoice, billing_payment,"
    " payments_recovery_case, payments_attempt, messaging_outbox, runs_effect, runs_step, runs_batch, runs_run"
)


def mirror() -> dict[str, list[Any]]:
    """Everything that came of the events, but for our own row numbers and moments."""
    wanted: dict[Any, tuple[str, ...]] = {
        Account: ("stripe_id", "default_card", "balance_minor"),
        Subscription: ("stripe_id", "status", "price_id", "plan", "monthly_minor", "current_period_end"),
        Invoice: ("stripe_id", "status", "amount_due_minor", "amount_paid_minor", "amount_remaining_minor",
                  "currency", "attempt_count", "decline_code", "failed_card", "first_failed_at"),
        Payment: ("stripe_id", "status", "amount_minor", "decline_code"),
        Customer: ("external_id", "status", "plan", "access"),
    }  # fmt: skip
    found = {
        model.__name__: list(model.objects.order_by(fields[0]).values_list(*fields))
        for model, fields in wanted.items()
    }
    cases = RecoveryCase.objects.order_by("invoice__stripe_id")
    return {
        **found,
        "cases": list(cases.values_list("invoice__stripe_id", "state", "failure_class", "next_step")),
    }


def test_three_times_and_shuffled_is_the_same_mirror(lab: Lab, stripe: StripePeer, report: Report) -> None:
    business = money.fail_invoices(stripe, INVOICES, outcomes=["insufficient_funds"])
    before = list(Customer.objects.all())
    events = business.bodies()
    lab.worker("w1")
    lab.until(AutomationEntry.objects.filter(name="payments.retry_charge").exists, "no tick was made")
    set_mode("payments.retry_charge", Mode.OFF, "test", utc_now())

    def all_told() -> bool:
        return money.inbox_empty() and RecoveryCase.objects.count() == INVOICES

    with lab.quiet():
        business.post(events)
    lab.ring("billing.process_events")
    lab.settle(all_told, "events were left over")
    lab.until_idle()
    calm = mirror()
    assert len(calm["Invoice"]) >= INVOICES

    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {_EVERYTHING_TOLD} CASCADE")
    Customer.objects.bulk_update(before, ["status", "plan", "access"])
    lab.worker("w2")
    business.post(money.disorder(events, times=3, seed=7))
    lab.settle(all_told, "events were left over")
    lab.until_idle()
    cases = RecoveryCase.objects.values("invoice").distinct().count()
    report(
        "events: each three times, shuffled, two workers", times=3 * len(events), lost=INVOICES - cases,
        doubled=RecoveryCase.objects.count() - cases,
    )  # fmt: skip
    assert mirror() == calm
    assert (RecoveryCase.objects.count(), cases) == (INVOICES, INVOICES)
    # A case that was opened before its failure was told counts its days from later, never from earlier.
    assert not RecoveryCase.objects.filter(first_failed_at__lt=F("invoice__first_failed_at")).exists()
