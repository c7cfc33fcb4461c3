"""A customer's status, plan and price, recomputed from all of its mirrored subscriptions."""

from __future__ import annotations

from datetime import datetime

from apps.billing.models import Subscription
from apps.billing.policy.subscriptions import Held, standing
from apps.customers.models import Customer


def recompute_customer(customer_id: int, now: datetime) -> None:
    """Locks the customer; must run in a transaction. Changes nothing while no subscription has begun."""
    customer = Customer.objects.select_for_update().get(id=customer_id)
    held = [
        Held(s.status, s.plan, s.monthly_minor, s.currency, s.paused, s.canceled_at)
        for s in Subscription.objects.filter(customer_id=customer_id).order_by("id")
    ]
    found = standing(held)
    if found is None:
        return
    customer.status, customer.currency = found.status, found.currency
    customer.base_price_minor, customer.canceled_at = found.monthly_minor, found.canceled_at
    if found.plan:
        customer.plan = found.plan
    customer.updated_at = now
    customer.save(
        update_fields=["status", "currency", "base_price_minor", "canceled_at", "plan", "updated_at"]
    )
