"""Which Stripe price sells which plan."""

from __future__ import annotations

from django.db import transaction

from apps.billing.models import Plan, PlanPrice


@transaction.atomic
def set_price(code: str, price_id: str) -> None:
    """Makes ``price_id`` the plan's current price; the one before is still recognised.
    Raises Plan.DoesNotExist, ValueError for an empty price."""
    if not price_id:
        raise ValueError("A price needs its Stripe id (price_…).")
    plan = Plan.objects.select_for_update().get(code=code)
    PlanPrice.objects.filter(plan=plan, current=True).exclude(price_id=price_id).update(current=False)
    PlanPrice.objects.update_or_create(price_id=price_id, defaults={"plan": plan, "current": True})
