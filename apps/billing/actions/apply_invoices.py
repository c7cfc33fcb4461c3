"""Applying an invoice: its state, why its charge failed, and since when."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Min

from apps.billing.actions.mirror import DONE, Answer, Applied, customer_id_of, locked_row
from apps.billing.models import Invoice, Payment, StripeEvent
from apps.billing.policy import objects
from apps.billing.policy.fields import Object
from apps.billing.policy.routes import FAILURE_EVENTS


def invoice(obj: Object, since: datetime, now: datetime) -> Answer:
    state = objects.invoice(obj)
    customer = customer_id_of(state.stripe_customer_id)
    if customer is None:
        return Applied.UNKNOWN_CUSTOMER, state.stripe_customer_id
    values = {
        "customer_id": customer,
        "subscription_stripe_id": state.subscription_id,
        "number": state.number,
        "status": state.status,
        "currency": state.currency,
        "amount_due_minor": state.amount_due_minor,
        "amount_paid_minor": state.amount_paid_minor,
        "amount_remaining_minor": state.amount_remaining_minor,
        "attempt_count": max(0, state.attempt_count),
        "collection_method": state.collection_method,
        "hosted_url": state.hosted_url,
        "created": state.created,
        "paid_at": state.paid_at,
        "next_attempt_at": state.next_attempt_at,
        "payment_intent_id": state.payment_intent_id,
    }
    row = locked_row(Invoice, state.stripe_id, since, now, values)
    if row is None:
        return Applied.OVERTAKEN, ""
    failure = state.failure or _mirrored_failure(state.payment_intent_id)
    if failure is not None:
        row.decline_code, row.advice_code, row.failed_card = failure.code, failure.advice, failure.card
    row.first_failed_at = _first_failure(row, failure, now)
    row.save()
    return DONE


def _mirrored_failure(payment_intent_id: str) -> objects.Failure | None:
    payment = Payment.objects.filter(stripe_id=payment_intent_id).exclude(decline_code="").first()
    if not payment_intent_id or payment is None:
        return None
    return objects.Failure(payment.decline_code, payment.advice_code, payment.failed_card)


def _first_failure(row: Invoice, failure: objects.Failure | None, now: datetime) -> datetime | None:
    """From the events, whatever their order; where they were lost, the moment the failure was seen,
    which is late and never early: nobody's service is cut before its day."""
    told: datetime | None = StripeEvent.objects.filter(
        object_kind="invoice", object_id=row.stripe_id, type__in=FAILURE_EVENTS
    ).aggregate(first=Min("created"))["first"]
    if told is not None:
        return min(told, row.first_failed_at or told)
    if failure is not None and row.attempt_count > 0:
        return row.first_failed_at or now
    return row.first_failed_at
