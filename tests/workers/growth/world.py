"""A business whose customers have a health score, and a scripted Stripe."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from apps.billing.models import Subscription
from apps.customers.models import Customer
from apps.growth.models import CustomerHealthScore, Intervention
from apps.growth.policy.interventions import drawn
from workers.gateways.scripted_payments import ScriptedPayments

NOW = datetime(2026, 3, 2, 19, tzinfo=UTC)
DAY = timedelta(days=1)
REASONS = [
    {"code": "few_logins", "component": "engagement", "lost": 7.35, "logins": 0},
    {"code": "usage_fell", "component": "usage", "lost": 47.06, "before": 1000, "now": 100},
]


def customer_id(kind: str, *, left_alone: bool = False) -> int:
    """The first number the lot treats, or leaves alone."""
    return next(number for number in range(1, 1000) if drawn(number, kind) is left_alone)


def customer(kind: str = "discount", *, left_alone: bool = False, ident: int = 0, **fields: Any) -> Customer:
    ident = ident or customer_id(kind, left_alone=left_alone)
    values = {
        "name": "Ada",
        "email": f"ada{ident}@example.com",
        "status": "active",
        "marketing_consent": True,
        "signed_up_at": NOW - 400 * DAY,
        "stripe_customer_id": f"cus_{ident}",
    }
    return Customer.objects.create(id=ident, external_id=f"c{ident}", **{**values, **fields})


def score(
    customer: Customer,
    value: float | None,
    *,
    at: datetime = NOW,
    known: Sequence[str] = ("usage", "engagement", "payment"),
) -> CustomerHealthScore:
    level = "unknown" if value is None else "at_risk" if value < 40 else "weak" if value <= 60 else "steady"
    parts = {name: {"score": 10, "share": 0.5} for name in known}
    return CustomerHealthScore.objects.create(
        customer=customer,
        day=at.date(),
        score=None if value is None else f"{value:.2f}",
        level=level,
        components={**parts, "support": {"missing": "no_support_data"}},
        reasons=REASONS,
        calculated_at=at,
    )


def subscribe(
    customer: Customer, stripe: ScriptedPayments, minor: int = 9_900, **fields: Any
) -> Subscription:
    ident = f"sub_{customer.pk}"
    stripe.subscription(ident, "price_indie")
    values = {"status": "active", "currency": "USD", "monthly_minor": minor, "as_of": NOW}
    return Subscription.objects.create(stripe_id=ident, customer=customer, **{**values, **fields})


def leaving(
    stripe: ScriptedPayments, value: float = 20.0, *, left_alone: bool = False, **fields: Any
) -> Customer:
    """A paying customer with a low score."""
    made = customer(left_alone=left_alone, **fields)
    subscribe(made, stripe)
    score(made, value)
    return made


def the_intervention() -> Intervention:
    return Intervention.objects.get()


def given(stripe: ScriptedPayments) -> list[str]:
    """The subscriptions that carry a discount."""
    return [name for name, found in stripe.subscriptions.items() if found.discount is not None]
