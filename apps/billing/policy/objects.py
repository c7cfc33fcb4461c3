"""Stripe's objects (API 2026-10-28.endive) as the few facts Apex keeps. Amounts in minor units, times UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.billing.policy.fields import Object, amount, currency, mapping, moment, required, text
from apps.billing.policy.routes import reference


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a charge failed, as the payment intent tells it. ``code`` is '' where none is known."""

    code: str = ""
    advice: str = ""
    card: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceState:
    stripe_id: str
    stripe_customer_id: str
    subscription_id: str
    status: str
    currency: str
    amount_due_minor: int
    amount_paid_minor: int
    amount_remaining_minor: int
    attempt_count: int
    collection_method: str
    number: str
    hosted_url: str
    created: datetime | None
    paid_at: datetime | None
    next_attempt_at: datetime | None
    payment_intent_id: str
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class PaymentState:
    stripe_id: str
    stripe_customer_id: str
    status: str
    currency: str
    amount_minor: int
    failure: Failure | None
    created: datetime | None


@dataclass(frozen=True, slots=True)
class ChargeState:
    payment_id: str  # of the payment intent, or of the charge itself where it has none
    stripe_customer_id: str
    status: str
    currency: str
    amount_minor: int
    refunded_minor: int
    failure: Failure | None
    created: datetime | None


@dataclass(frozen=True, slots=True)
class DisputeState:
    stripe_id: str
    payment_id: str
    status: str
    reason: str
    currency: str
    amount_minor: int
    due_by: datetime | None


@dataclass(frozen=True, slots=True)
class AccountState:
    """A Stripe customer. ``default_card`` is what its invoices are charged to."""

    stripe_customer_id: str
    deleted: bool
    default_card: str
    delinquent: bool
    balance_minor: int


@dataclass(frozen=True, slots=True)
class SessionState:
    stripe_id: str
    stripe_customer_id: str
    client_reference_id: str


def invoice(obj: Object) -> InvoiceState:
    details = mapping(mapping(obj.get("parent")).get("subscription_details"))
    moments = mapping(obj.get("status_transitions"))
    intent = _default_payment(obj)
    return InvoiceState(
        stripe_id=required(obj, "id"),
        stripe_customer_id=required(obj, "customer"),
        subscription_id=reference(details.get("subscription")),
        status=required(obj, "status"),
        currency=currency(obj),
        amount_due_minor=amount(obj, "amount_due"),
        amount_paid_minor=amount(obj, "amount_paid"),
        amount_remaining_minor=amount(obj, "amount_remaining"),
        attempt_count=amount(obj, "attempt_count", 0),
        collection_method=text(obj.get("collection_method")) or "charge_automatically",
        number=text(obj.get("number")),
        hosted_url=text(obj.get("hosted_invoice_url"), 2000),
        created=moment(obj.get("created")),
        paid_at=moment(moments.get("paid_at")),
        next_attempt_at=moment(obj.get("next_payment_attempt")),
        payment_intent_id=reference(intent),
        failure=failure_of(intent) if isinstance(intent, Mapping) else None,
    )


def _default_payment(obj: Object) -> Any:
    """The payment intent of the invoice's default payment, as an id or expanded; None without one."""
    payments = mapping(obj.get("payments")).get("data")
    rows = [row for row in payments if isinstance(row, Mapping)] if isinstance(payments, list) else []
    rows.sort(key=lambda row: row.get("is_default") is not True)
    return mapping(rows[0].get("payment")).get("payment_intent") if rows else None


def failure_of(intent: Object) -> Failure | None:
    """From ``last_payment_error``; an intent that waits for the customer's authentication failed as such."""
    if intent.get("status") in ("succeeded", "processing"):
        return None
    error = mapping(intent.get("last_payment_error"))
    code = text(error.get("decline_code")) or text(error.get("code"))
    if intent.get("status") == "requires_action":
        code = code or "authentication_required"
    if not code and not error:
        return None
    card = reference(error.get("payment_method")) or reference(intent.get("payment_method"))
    return Failure(code=code, advice=text(error.get("advice_code")), card=card)


def payment_intent(obj: Object) -> PaymentState:
    return PaymentState(
        stripe_id=required(obj, "id"),
        stripe_customer_id=reference(obj.get("customer")),
        status=required(obj, "status"),
        currency=currency(obj),
        amount_minor=amount(obj, "amount"),
        failure=failure_of(obj),
        created=moment(obj.get("created")),
    )


def charge(obj: Object) -> ChargeState:
    outcome = mapping(obj.get("outcome"))
    failed = obj.get("status") == "failed"
    code = text(outcome.get("reason")) or text(obj.get("failure_code"))
    return ChargeState(
        payment_id=reference(obj.get("payment_intent")) or required(obj, "id"),
        stripe_customer_id=reference(obj.get("customer")),
        status=required(obj, "status"),
        currency=currency(obj),
        amount_minor=amount(obj, "amount"),
        refunded_minor=amount(obj, "amount_refunded", 0),
        failure=Failure(code, text(outcome.get("advice_code")), reference(obj.get("payment_method")))
        if failed
        else None,
        created=moment(obj.get("created")),
    )


def dispute(obj: Object) -> DisputeState:
    return DisputeState(
        stripe_id=required(obj, "id"),
        payment_id=reference(obj.get("payment_intent")) or required(obj, "charge"),
        status=required(obj, "status"),
        reason=text(obj.get("reason")),
        currency=currency(obj),
        amount_minor=amount(obj, "amount"),
        due_by=moment(mapping(obj.get("evidence_details")).get("due_by")),
    )


def customer(obj: Object) -> AccountState:
    default = mapping(obj.get("invoice_settings")).get("default_payment_method")
    return AccountState(
        stripe_customer_id=required(obj, "id"),
        deleted=obj.get("deleted") is True,
        default_card=reference(default) or reference(obj.get("default_source")),
        delinquent=obj.get("delinquent") is True,
        balance_minor=amount(obj, "balance", 0),
    )


def checkout_session(obj: Object) -> SessionState:
    return SessionState(
        stripe_id=required(obj, "id"),
        stripe_customer_id=reference(obj.get("customer")),
        client_reference_id=text(obj.get("client_reference_id"), 200),
    )
