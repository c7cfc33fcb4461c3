"""Reads of billing: which events are due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, Max, OuterRef, Q

from apps.billing.models import EventState, PlanPrice, StripeEvent
from apps.core.types import Window
from apps.customers.models import Customer


@dataclass(frozen=True, slots=True)
class DueEvent:
    """The newest due event about one object; the older ones are answered by the same fetch."""

    subject_id: int
    event_id: str
    type: str
    kind: str
    object_id: str
    attempts: int
    customer_id: int | None


def due_events(window: Window) -> Sequence[DueEvent]:
    """Received events, and parked ones whose customer has arrived; one per object, ascending by row."""
    arrived = Customer.objects.filter(stripe_customer_id=OuterRef("stripe_customer_id"))
    newest = (
        StripeEvent.objects.filter(
            Q(state=EventState.RECEIVED) | Q(state=EventState.PARKED) & Exists(arrived)
        )
        .values("object_kind", "object_id")
        .annotate(newest=Max("id"))
        .filter(newest__gt=window.after)
        .order_by("newest")
    )
    if window.until is not None:
        newest = newest.filter(newest__lte=window.until)
    rows = StripeEvent.objects.filter(id__in=[row["newest"] for row in newest[: window.limit]]).order_by("id")
    owners = dict(
        Customer.objects.filter(
            stripe_customer_id__in={row.stripe_customer_id for row in rows} - {""}
        ).values_list("stripe_customer_id", "id")
    )
    return [
        DueEvent(
            subject_id=row.id,
            event_id=row.event_id,
            type=row.type,
            kind=row.object_kind,
            object_id=row.object_id,
            attempts=row.attempts,
            customer_id=owners.get(row.stripe_customer_id),
        )
        for row in rows
    ]


def current_price(plan_code: str) -> str:
    """The Stripe price that a change to the plan moves to, '' where none is set."""
    price = (
        PlanPrice.objects.filter(plan_id=plan_code, current=True).values_list("price_id", flat=True).first()
    )
    return price or ""
