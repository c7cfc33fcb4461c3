"""Reads Stripe's objects as plain JSON. Every path below names its object first; tests hold the paths against
Stripe's published examples, so that no field is read that Stripe does not have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import stripe

from apps.core.types import JsonObject
from workers.ports import Charge, Discount, Unknown

Body = Mapping[str, Any]

MISSING_CARD = "payment_method_missing"  # ours: there was no card to try
AUTHENTICATION = "authentication_required"


def plain(found: stripe.StripeObject) -> dict[str, Any]:
    """The object as JSON, decimals as strings."""
    return found.to_dict(for_json=True)


def read(body: Body, path: str) -> Any:
    """``read(charge, "charge.outcome.reason")``: the value, None where something on the way is null."""
    value: Any = body
    for name in path.split(".")[1:]:
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise Unknown(f"Stripe's answer has no {path}")
        value = value.get(name)
    return value


def paid_charge(invoice: Body) -> Charge:
    """The answer to a successful ``invoices.pay``; ``payments`` is expanded."""
    payments: Sequence[Body] = (invoice.get("payments") or {}).get("data", ())
    intents = [read(payment, "invoice_payment.payment.payment_intent") for payment in payments]
    return Charge(
        invoice_id=str(read(invoice, "invoice.id")),
        paid=read(invoice, "invoice.status") == "paid",
        amount_minor=int(read(invoice, "invoice.amount_paid")),
        currency=str(read(invoice, "invoice.currency")),
        payment_intent_id=next((str(intent) for intent in intents if intent), ""),
    )


def declined_charge(invoice_id: str, error: stripe.CardError) -> Charge:
    """The answer in a 402. Off session, a bank that wants the customer present declines or asks for action:
    both are ``authentication_required``."""
    told: Body = plain(error.error) if error.error else {}
    intent: Body = told.get("payment_intent") or {}
    code = str(told.get("code") or error.code or "")
    decline = str(told.get("decline_code") or code or "generic_decline")
    if code == "invoice_payment_intent_requires_action":
        decline = AUTHENTICATION
    return Charge(
        invoice_id=invoice_id,
        paid=False,
        amount_minor=int(read(intent, "payment_intent.amount") or 0),
        currency=str(read(intent, "payment_intent.currency") or ""),
        payment_intent_id=str(read(intent, "payment_intent.id") or ""),
        decline_code=decline,
        advice_code=str(told.get("advice_code") or ""),
        message=str(told.get("message") or ""),
    )


def no_card(invoice_id: str, message: str) -> Charge:
    return Charge(invoice_id, False, 0, "", decline_code=MISSING_CARD, message=message)


def recorded_charge(invoice_id: str, charge: Body) -> Charge:
    """An attempt as Stripe's own record of it, the charge object, tells it."""
    paid = read(charge, "charge.status") == "succeeded"
    reason = read(charge, "charge.outcome.reason") or read(charge, "charge.failure_code") or "generic_decline"
    return Charge(
        invoice_id=invoice_id,
        paid=paid,
        amount_minor=int(read(charge, "charge.amount")),
        currency=str(read(charge, "charge.currency")),
        payment_intent_id=str(read(charge, "charge.payment_intent") or ""),
        decline_code="" if paid else str(reason),
        advice_code=str(read(charge, "charge.outcome.advice_code") or ""),
        message=str(read(charge, "charge.failure_message") or ""),
    )


def discount_of(subscription_id: str, body: Body, *, percent: int, months: int) -> Discount:
    ends = read(body, "discount.end")
    return Discount(
        discount_id=str(read(body, "discount.id")),
        coupon_id=coupon_id_of(body),
        subscription_id=subscription_id,
        percent=percent,
        months=months,
        ends_at=None if ends is None else datetime.fromtimestamp(ends, UTC),
    )


def coupon_id_of(discount: Body) -> str:
    """The coupon's id, whether it is expanded or not."""
    coupon = read(discount, "discount.source.coupon")
    return str(read(coupon, "coupon.id") if isinstance(coupon, Mapping) else coupon)


def discounts_of(subscription: Body) -> list[Body]:
    """The running discounts; ``discounts`` is expanded."""
    return [body for body in read(subscription, "subscription.discounts") or () if isinstance(body, Mapping)]


def key_of(subscription: Body, name: str) -> str:
    metadata: JsonObject = read(subscription, "subscription.metadata") or {}
    return str(metadata.get(name) or "")


def licensed_items(subscription: Body) -> list[Body]:
    """Items with a fixed price, without those billed by usage."""
    items: Sequence[Body] = read(subscription, "subscription.items")["data"]
    return [
        item for item in items if read(item, "subscription_item.price.recurring.usage_type") == "licensed"
    ]
