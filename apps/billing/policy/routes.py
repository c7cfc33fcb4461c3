"""Which event types are processed, and which object each of them makes us fetch anew.

The event's own snapshot of the object is never applied: Stripe guarantees neither order nor uniqueness,
so an event is only the news that something about an object changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_ID = 255

# Written by Apex itself where it knows that an object changed, so that a dropped event is no loss.
REFRESH = "apex.refresh"

_INVOICE = ("created", "finalized", "updated", "paid", "payment_succeeded", "payment_failed",
            "payment_action_required", "voided", "marked_uncollectible", "overdue")  # fmt: skip
_SUBSCRIPTION = ("created", "updated", "deleted", "paused", "resumed", "trial_will_end")
_INTENT = ("succeeded", "payment_failed", "canceled", "requires_action", "processing")
_DISPUTE = ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated")

_KINDS: dict[str, str] = {
    **{f"invoice.{name}": "invoice" for name in _INVOICE},
    **{f"customer.subscription.{name}": "subscription" for name in _SUBSCRIPTION},
    **{f"payment_intent.{name}": "payment_intent" for name in _INTENT},
    **{f"charge.dispute.{name}": "dispute" for name in _DISPUTE},
    "charge.refunded": "charge",
    "charge.failed": "charge",
    "customer.created": "customer",
    "customer.updated": "customer",
    "checkout.session.completed": "checkout.session",
    "checkout.session.async_payment_succeeded": "checkout.session",
}
# An attached card matters through the customer it belongs to: what is charged is the customer's default.
_BY_CUSTOMER = frozenset({"payment_method.attached", "payment_method.automatically_updated"})

# The events that say when a charge of the invoice failed.
FAILURE_EVENTS = ("invoice.payment_failed", "invoice.payment_action_required")


@dataclass(frozen=True, slots=True)
class Route:
    """The object to fetch anew. ``stripe_customer_id`` is a hint for the inbox, '' where not told."""

    kind: str
    object_id: str
    stripe_customer_id: str = ""


def handled(event_type: str) -> bool:
    return event_type in _KINDS or event_type in _BY_CUSTOMER


def route(event_type: str, snapshot: Mapping[str, Any]) -> Route | None:
    """None for a type that Apex does not process. Raises ValueError when the object has no usable id."""
    customer = reference(snapshot.get("customer"))
    if event_type in _BY_CUSTOMER:
        return Route("customer", customer, customer) if customer else None
    kind = _KINDS.get(event_type)
    if kind is None:
        return None
    object_id = snapshot.get("id")
    if not isinstance(object_id, str) or not 0 < len(object_id) <= MAX_ID:
        raise ValueError(f"{event_type} without a usable id of its object")
    return Route(kind, object_id, object_id if kind == "customer" else customer)


def reference(value: Any) -> str:
    """The id of a field that Stripe gives as an id, as the expanded object, or as null ('')."""
    if isinstance(value, Mapping):
        value = value.get("id")
    return value if isinstance(value, str) and len(value) <= MAX_ID else ""
