"""Applying one fetched object to the mirror, its row locked; an older fetch never overwrites a newer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from apps.billing.actions import apply_customers, apply_invoices, apply_payments
from apps.billing.actions.mirror import DONE, Answer
from apps.billing.policy.fields import MalformedObject, Object


def apply(kind: str, obj: Object, since: datetime, now: datetime) -> Answer:
    """``since`` is a moment before the object was asked for. Must run in a transaction.
    Raises MalformedObject for an object that lacks what its kind has."""
    handler = _HANDLERS.get(kind)
    if handler is None:
        raise MalformedObject(f"Nothing is kept of a {kind}.")
    if obj.get("deleted") is True and kind != "customer":
        return DONE
    return handler(obj, since, now)


_HANDLERS: dict[str, Callable[[Object, datetime, datetime], Answer]] = {
    "subscription": apply_customers.subscription,
    "invoice": apply_invoices.invoice,
    "payment_intent": apply_payments.payment_intent,
    "charge": apply_payments.charge,
    "dispute": apply_payments.dispute,
    "customer": apply_customers.account,
    "checkout.session": apply_customers.checkout_session,
}
