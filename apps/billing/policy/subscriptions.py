"""A subscription's facts, and what a customer's subscriptions together mean for the customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.billing.policy.fields import Object, amount, currency, mapping, moment, required, text
from apps.billing.policy.routes import reference

# Ended for good, or never begun (Stripe gives up a first invoice unpaid for 23 hours).
ENDED = frozenset({"canceled", "incomplete_expired"})
_MONTHS = {"month": 1, "year": 12}
_WEEKS_A_YEAR = 52


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    """``monthly_minor`` is the price a month, yearly prices divided by 12 and rounded down."""

    stripe_id: str
    stripe_customer_id: str
    status: str
    price_id: str
    lookup_key: str
    monthly_minor: int
    currency: str
    quantity: int
    period_start: datetime | None
    period_end: datetime | None
    trial_end: datetime | None
    cancel_at_period_end: bool
    canceled_at: datetime | None
    paused: bool
    default_card: str


def subscription(obj: Object) -> SubscriptionState:
    """Period and price stand on the items since API 2025-03-31; the first item is the plan."""
    items = mapping(obj.get("items")).get("data")
    item = mapping(items[0]) if isinstance(items, list) and items else {}
    price = mapping(item.get("price"))
    quantity = amount(item, "quantity", 1)
    return SubscriptionState(
        stripe_id=required(obj, "id"),
        stripe_customer_id=required(obj, "customer"),
        status=required(obj, "status"),
        price_id=reference(item.get("price")),
        lookup_key=text(price.get("lookup_key"), 60),
        monthly_minor=_monthly(price) * quantity,
        currency=currency(obj),
        quantity=quantity,
        period_start=moment(item.get("current_period_start")),
        period_end=moment(item.get("current_period_end")),
        trial_end=moment(obj.get("trial_end")),
        cancel_at_period_end=obj.get("cancel_at_period_end") is True,
        canceled_at=moment(obj.get("canceled_at")),
        paused=obj.get("pause_collection") is not None,
        default_card=reference(obj.get("default_payment_method")) or reference(obj.get("default_source")),
    )


def _monthly(price: Object) -> int:
    unit = amount(price, "unit_amount", 0)
    recurring = mapping(price.get("recurring"))
    interval, count = recurring.get("interval", "month"), amount(recurring, "interval_count", 1) or 1
    if interval in _MONTHS:
        return unit // (_MONTHS[interval] * count)
    days = {"week": 7, "day": 1}.get(str(interval), 30) * count
    return unit * _WEEKS_A_YEAR * 7 // (12 * days)


@dataclass(frozen=True, slots=True)
class Held:
    """One mirrored subscription of a customer. ``plan`` is '' where its price belongs to no known plan."""

    status: str
    plan: str
    monthly_minor: int
    currency: str
    paused: bool
    canceled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    status: str
    plan: str
    monthly_minor: int
    currency: str
    canceled_at: datetime | None


# The best of several subscriptions speaks for the customer.
_STATUS = {
    "active": ("active", 0),
    "trialing": ("trialing", 1),
    "past_due": ("past_due", 2),
    "unpaid": ("past_due", 3),
    "paused": ("paused", 4),
    "canceled": ("canceled", 5),
}


def standing(held: Sequence[Held]) -> Standing | None:
    """What the customer is, None while no subscription has begun. A paused collection is a pause."""
    known = [one for one in held if one.status in _STATUS]
    if not known:
        return None
    best = min(known, key=_rank)
    status = _STATUS[best.status][0]
    if best.paused and status in ("active", "past_due"):
        status = "paused"
    ended = status == "canceled"
    return Standing(
        status=status,
        plan=best.plan,
        monthly_minor=0 if ended else best.monthly_minor,
        currency=best.currency,
        canceled_at=best.canceled_at if ended else None,
    )


def _rank(one: Held) -> tuple[Any, ...]:
    return _STATUS[one.status][1], -one.monthly_minor
