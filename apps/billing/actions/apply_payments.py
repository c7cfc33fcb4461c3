"""Applying what concerns money that moved or did not: payment intents, charges, disputes."""

from __future__ import annotations

from datetime import datetime

from apps.billing.actions.mirror import DONE, NEVER, Answer, Applied, customer_id_of, locked_row, ownerless
from apps.billing.models import Dispute, Invoice, Payment
from apps.billing.policy import objects
from apps.billing.policy.fields import Object
from apps.runs.actions import raise_alert


def payment_intent(obj: Object, since: datetime, now: datetime) -> Answer:
    state = objects.payment_intent(obj)
    customer = customer_id_of(state.stripe_customer_id)
    if customer is None:
        return ownerless(state.stripe_customer_id)
    failure = state.failure or objects.Failure()
    values = {
        "customer_id": customer,
        "status": state.status,
        "currency": state.currency,
        "amount_minor": state.amount_minor,
        "created": state.created,
        "decline_code": failure.code,
        "advice_code": failure.advice,
        "failed_card": failure.card,
    }
    row = locked_row(Payment, state.stripe_id, since, now, values)
    if row is None:
        return Applied.OVERTAKEN, ""
    row.save()
    if failure.code:
        Invoice.objects.filter(payment_intent_id=state.stripe_id).exclude(status="paid").update(
            decline_code=failure.code, advice_code=failure.advice, failed_card=failure.card
        )
    return DONE


def charge(obj: Object, since: datetime, now: datetime) -> Answer:
    """Refunds are a charge's to tell; status and decline are the payment intent's, where there is one."""
    state = objects.charge(obj)
    customer = customer_id_of(state.stripe_customer_id)
    if customer is None:
        return ownerless(state.stripe_customer_id)
    failure = state.failure or objects.Failure()
    row_values = {
        "customer_id": customer,
        "status": state.status,
        "currency": state.currency,
        "amount_minor": state.amount_minor,
        "created": state.created,
        "decline_code": failure.code,
        "advice_code": failure.advice,
        "failed_card": failure.card,
    }
    Payment.objects.bulk_create(
        [Payment(stripe_id=state.payment_id, as_of=NEVER, **row_values)], ignore_conflicts=True
    )
    row = Payment.objects.select_for_update().get(stripe_id=state.payment_id)
    if row.charge_as_of is not None and since < row.charge_as_of:
        return Applied.OVERTAKEN, ""
    row.refunded_minor, row.charge_as_of = state.refunded_minor, now
    row.save(update_fields=["refunded_minor", "charge_as_of"])
    return DONE


def dispute(obj: Object, since: datetime, now: datetime) -> Answer:
    state = objects.dispute(obj)
    values = {
        "payment_id": state.payment_id,
        "status": state.status,
        "reason": state.reason,
        "currency": state.currency,
        "amount_minor": state.amount_minor,
        "due_by": state.due_by,
    }
    row = locked_row(Dispute, state.stripe_id, since, now, values)
    if row is None:
        return Applied.OVERTAKEN, ""
    row.save()
    if state.status.endswith("needs_response"):
        raise_alert(
            "billing.dispute",
            f"billing.dispute:{state.stripe_id}",
            f"A payment is disputed: {state.reason or 'no reason given'}",
            f"Evidence is due by {state.due_by:%Y-%m-%d %H:%M} UTC."
            if state.due_by
            else "Answer it at Stripe.",
            "high",
            now,
        )
    return DONE
