"""Applying what says who a customer is at Stripe: subscriptions, the account, a finished checkout."""

from __future__ import annotations

from datetime import datetime

from apps.billing.actions.mirror import DONE, Answer, Applied, customer_id_of, locked_row
from apps.billing.actions.standing import recompute_customer
from apps.billing.models import Account, Plan, PlanPrice, Subscription
from apps.billing.policy import objects, subscriptions
from apps.billing.policy.fields import Object
from apps.customers.models import Customer


def subscription(obj: Object, since: datetime, now: datetime) -> Answer:
    state = subscriptions.subscription(obj)
    customer = customer_id_of(state.stripe_customer_id)
    if customer is None:
        return Applied.UNKNOWN_CUSTOMER, state.stripe_customer_id
    values = {
        "customer_id": customer,
        "status": state.status,
        "price_id": state.price_id,
        "plan": _plan_code(state.price_id, state.lookup_key),
        "monthly_minor": max(0, state.monthly_minor),
        "currency": state.currency,
        "quantity": max(0, state.quantity),
        "current_period_start": state.period_start,
        "current_period_end": state.period_end,
        "trial_end": state.trial_end,
        "cancel_at_period_end": state.cancel_at_period_end,
        "canceled_at": state.canceled_at,
        "paused": state.paused,
        "default_card": state.default_card,
    }
    row = locked_row(Subscription, state.stripe_id, since, now, values)
    if row is None:
        return Applied.OVERTAKEN, ""
    row.save()
    recompute_customer(customer, now)
    return DONE


def _plan_code(price_id: str, lookup_key: str) -> str:
    """By the price, else by the price's lookup key where that is a plan's code; '' where neither is known."""
    code = PlanPrice.objects.filter(price_id=price_id).values_list("plan_id", flat=True).first()
    if code is None and lookup_key:
        code = Plan.objects.filter(code=lookup_key).values_list("code", flat=True).first()
    return code or ""


def account(obj: Object, since: datetime, now: datetime) -> Answer:
    if obj.get("deleted") is True:
        return DONE
    state = objects.customer(obj)
    customer = customer_id_of(state.stripe_customer_id)
    if customer is None:
        return Applied.UNKNOWN_CUSTOMER, state.stripe_customer_id
    before = Account.objects.filter(stripe_id=state.stripe_customer_id).first()
    values = {
        "customer_id": customer,
        "delinquent": state.delinquent,
        "balance_minor": state.balance_minor,
    }
    row = locked_row(Account, state.stripe_customer_id, since, now, values)
    if row is None:
        return Applied.OVERTAKEN, ""
    if row.default_card != state.default_card:
        row.default_card_changed_at = now if before is not None else None
        row.default_card = state.default_card
    row.save()
    return DONE


def checkout_session(obj: Object, _since: datetime, now: datetime) -> Answer:
    """Links the customer who came back from the checkout, so that what was parked for it is processed."""
    state = objects.checkout_session(obj)
    if state.client_reference_id and state.stripe_customer_id:
        taken = Customer.objects.filter(stripe_customer_id=state.stripe_customer_id).exists()
        if not taken:
            Customer.objects.filter(external_id=state.client_reference_id, stripe_customer_id=None).update(
                stripe_customer_id=state.stripe_customer_id, updated_at=now
            )
    if state.stripe_customer_id and customer_id_of(state.stripe_customer_id) is None:
        return Applied.UNKNOWN_CUSTOMER, state.stripe_customer_id
    return DONE
