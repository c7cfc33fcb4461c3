"""The inbox worked off: order, repeats, strangers, failures."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.billing.actions import Fetched, receive, replay, request_refresh, set_price, settle_events
from apps.billing.models import (
    Account,
    Dispute,
    EventState,
    Invoice,
    Payment,
    Plan,
    StripeEvent,
    Subscription,
)
from apps.billing.policy.routes import Route
from apps.customers.models import Customer
from apps.runs.models import Alert
from workers.billing.process_events import ProcessEvents
from workers.gateways.scripted_payments import ScriptedPayments
from workers.kernel.testing import run_once
from workers.ports import Unavailable

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def customer(stripe_id: str = "cus_1") -> Customer:
    return Customer.objects.create(external_id=stripe_id, stripe_customer_id=stripe_id, signed_up_at=NOW)


def invoice(status: str = "open", **more: Any) -> dict[str, Any]:
    body = {"id": "in_1", "object": "invoice", "customer": "cus_1", "status": status, "currency": "usd"}
    return {
        **body,
        "amount_due": 9900,
        "amount_paid": 0,
        "amount_remaining": 9900,
        "attempt_count": 1,
        **more,
    }


def subscription(status: str = "active", price: str = "price_indie", **more: Any) -> dict[str, Any]:
    prices = {"id": price, "unit_amount": 9900, "recurring": {"interval": "month"}}
    item = {"price": prices, "quantity": 1, "current_period_end": 1_775_000_000}
    body = {"id": "sub_1", "object": "subscription", "customer": "cus_1", "status": status, "currency": "usd"}
    return {**body, "items": {"data": [item]}, **more}


def event(event_type: str, obj: dict[str, Any], event_id: str, at: datetime = NOW) -> None:
    body = {"id": event_id, "type": event_type, "created": int(at.timestamp()), "data": {"object": obj}}
    receive(json.dumps(body).encode(), NOW)


def work(stripe: ScriptedPayments, now: datetime = NOW) -> None:
    run_once(ProcessEvents, now=now, payments=stripe)


@pytest.fixture
def stripe() -> ScriptedPayments:
    return ScriptedPayments(NOW)


def states() -> dict[str, str]:
    return dict(StripeEvent.objects.values_list("event_id", "state"))


def test_the_object_is_fetched_anew_and_the_snapshot_not_believed(stripe: ScriptedPayments) -> None:
    customer()
    stripe.holds("invoice", "in_1", invoice("paid", amount_paid=9900, amount_remaining=0))
    event("invoice.payment_failed", invoice("open"), "evt_1")
    work(stripe)
    assert Invoice.objects.get().status == "paid"
    assert states() == {"evt_1": EventState.PROCESSED}


def test_many_events_about_one_object_are_one_fetch(stripe: ScriptedPayments) -> None:
    customer()
    stripe.holds("invoice", "in_1", invoice())
    for number, name in enumerate(("finalized", "created", "payment_failed")):
        event(f"invoice.{name}", invoice(), f"evt_{number}")
    work(stripe)
    assert len(stripe.calls) == 1
    assert set(states().values()) == {EventState.PROCESSED}
    work(stripe, NOW + timedelta(minutes=1))
    assert len(stripe.calls) == 1


def test_the_first_failure_is_the_earliest_told_whatever_the_order(stripe: ScriptedPayments) -> None:
    customer()
    stripe.holds("invoice", "in_1", invoice())
    event("invoice.payment_failed", invoice(), "evt_late", NOW)
    work(stripe)
    event("invoice.payment_failed", invoice(), "evt_early", NOW - timedelta(days=2))
    work(stripe, NOW + timedelta(minutes=1))
    assert Invoice.objects.get().first_failed_at == NOW - timedelta(days=2)


def test_the_decline_is_read_from_the_expanded_payment_intent(stripe: ScriptedPayments) -> None:
    customer()
    error = {
        "decline_code": "insufficient_funds",
        "advice_code": "try_again_later",
        "payment_method": {"id": "pm_1"},
    }
    intent = {"id": "pi_1", "status": "requires_payment_method", "last_payment_error": error}
    payments = {"data": [{"is_default": True, "payment": {"payment_intent": intent}}]}
    parent = {"subscription_details": {"subscription": "sub_1"}}
    stripe.holds("invoice", "in_1", invoice(payments=payments, parent=parent))
    event("invoice.payment_failed", invoice(), "evt_1")
    work(stripe)
    found = Invoice.objects.get()
    assert (found.decline_code, found.advice_code, found.failed_card) == (
        "insufficient_funds",
        "try_again_later",
        "pm_1",
    )
    assert found.subscription_stripe_id == "sub_1"


def test_a_strangers_event_waits_until_the_customer_arrives(stripe: ScriptedPayments) -> None:
    stripe.holds("invoice", "in_1", invoice())
    event("invoice.created", invoice(), "evt_1")
    work(stripe)
    assert states() == {"evt_1": EventState.PARKED}
    work(stripe, NOW + timedelta(minutes=1))
    assert len(stripe.calls) == 1, "a parked event is not asked about again"
    customer()
    work(stripe, NOW + timedelta(minutes=2))
    assert states() == {"evt_1": EventState.PROCESSED}
    assert Invoice.objects.get().customer.stripe_customer_id == "cus_1"


def test_a_checkout_links_the_customer_and_releases_what_was_parked(stripe: ScriptedPayments) -> None:
    ada = Customer.objects.create(external_id="ada", signed_up_at=NOW)
    stripe.holds("subscription", "sub_1", subscription())
    session = {"id": "cs_1", "customer": "cus_1", "client_reference_id": "ada"}
    stripe.holds("checkout.session", "cs_1", session)
    event("customer.subscription.created", subscription(), "evt_1")
    work(stripe)
    event("checkout.session.completed", session, "evt_2")
    work(stripe, NOW + timedelta(minutes=1))
    work(stripe, NOW + timedelta(minutes=2))
    ada.refresh_from_db()
    assert ada.stripe_customer_id == "cus_1"
    assert Subscription.objects.get().customer == ada


def test_the_subscription_sets_the_customers_plan_and_status(stripe: ScriptedPayments) -> None:
    ada = customer()
    Plan.objects.get_or_create(code="indie")
    set_price("indie", "price_indie")
    stripe.holds("subscription", "sub_1", subscription("past_due"))
    event("customer.subscription.updated", subscription(), "evt_1")
    work(stripe)
    ada.refresh_from_db()
    assert (ada.plan, ada.status, ada.base_price_minor, ada.currency) == ("indie", "past_due", 9900, "USD")
    stripe.holds("subscription", "sub_1", subscription("canceled", canceled_at=1_772_000_000))
    event("customer.subscription.deleted", subscription(), "evt_2")
    work(stripe, NOW + timedelta(minutes=1))
    ada.refresh_from_db()
    assert (ada.status, ada.base_price_minor) == ("canceled", 0)
    assert ada.canceled_at == datetime.fromtimestamp(1_772_000_000, UTC)


def test_an_older_fetch_does_not_overwrite_a_newer_and_is_asked_again(stripe: ScriptedPayments) -> None:
    customer()
    event("invoice.paid", invoice(), "evt_1")
    row = StripeEvent.objects.get()
    newer = Fetched(row.id - 1, "invoice", "in_1", invoice("paid"), NOW)
    settle_events([newer], NOW + timedelta(seconds=10))
    older = Fetched(row.id, "invoice", "in_1", invoice("open"), NOW + timedelta(seconds=5))
    settle_events([older], NOW + timedelta(seconds=11))
    assert Invoice.objects.get().status == "paid"
    row.refresh_from_db()
    assert (row.state, row.attempts) == (EventState.RECEIVED, 1)


def test_an_object_that_cannot_be_read_fails_alone_and_can_be_replayed(stripe: ScriptedPayments) -> None:
    customer()
    stripe.holds("invoice", "in_1", invoice("open", amount_due="a lot"))
    stripe.holds("subscription", "sub_1", subscription())
    event("invoice.created", invoice(), "evt_bad")
    event("customer.subscription.updated", subscription(), "evt_good")
    work(stripe)
    assert states() == {"evt_bad": EventState.FAILED, "evt_good": EventState.PROCESSED}
    assert Alert.objects.filter(kind="billing.event_failed").count() == 1
    stripe.holds("invoice", "in_1", invoice())
    assert replay([StripeEvent.objects.get(event_id="evt_bad").id]) == 1
    work(stripe, NOW + timedelta(minutes=1))
    assert states()["evt_bad"] == EventState.PROCESSED


def test_an_object_stripe_does_not_have_fails_with_its_words(stripe: ScriptedPayments) -> None:
    customer()
    event("invoice.created", invoice(), "evt_1")
    work(stripe)
    failed = StripeEvent.objects.get()
    assert failed.state == EventState.FAILED
    assert "no invoice in_1" in failed.error


def test_stripe_out_of_reach_is_tried_again(stripe: ScriptedPayments) -> None:
    customer()
    stripe.holds("invoice", "in_1", invoice())
    stripe.fault(Unavailable("slow down"))
    event("invoice.created", invoice(), "evt_1")
    work(stripe)
    assert states() == {"evt_1": EventState.RECEIVED}
    work(stripe, NOW + timedelta(minutes=5))
    assert states() == {"evt_1": EventState.PROCESSED}


def test_refunds_and_disputes_are_mirrored(stripe: ScriptedPayments) -> None:
    customer()
    charge = {
        "id": "ch_1",
        "payment_intent": "pi_1",
        "customer": "cus_1",
        "status": "succeeded",
        "currency": "usd",
    }
    stripe.holds("charge", "ch_1", {**charge, "amount": 9900, "amount_refunded": 4000})
    dispute = {
        "id": "dp_1",
        "charge": "ch_1",
        "payment_intent": "pi_1",
        "status": "needs_response",
        "amount": 9900,
    }
    stripe.holds("dispute", "dp_1", {**dispute, "currency": "usd", "reason": "fraudulent"})
    event("charge.refunded", charge, "evt_1")
    event("charge.dispute.created", dispute, "evt_2")
    work(stripe)
    assert Payment.objects.get().refunded_minor == 4000
    assert Dispute.objects.get().reason == "fraudulent"
    assert Alert.objects.filter(kind="billing.dispute").count() == 1


def test_a_changed_default_card_is_noticed(stripe: ScriptedPayments) -> None:
    customer()
    for number, card in enumerate(("pm_1", "pm_1", "pm_2")):
        stripe.holds(
            "customer", "cus_1", {"id": "cus_1", "invoice_settings": {"default_payment_method": card}}
        )
        event("payment_method.attached", {"id": card, "customer": "cus_1"}, f"evt_{number}")
        work(stripe, NOW + timedelta(minutes=number))
    account = Account.objects.get()
    assert (account.default_card, account.default_card_changed_at) == ("pm_2", NOW + timedelta(minutes=2))


def test_a_refresh_asked_for_twice_for_one_reason_is_one(stripe: ScriptedPayments) -> None:
    customer()
    stripe.holds("invoice", "in_1", invoice())
    for _ in range(2):
        request_refresh([(Route("invoice", "in_1"), "why")], NOW)
    work(stripe)
    assert Invoice.objects.get().status == "open"
    assert StripeEvent.objects.count() == 1
