"""Payments through the real Stripe SDK. The kernel retries, so the SDK never does.

Every change carries the effect's key as Stripe's idempotency key: repeated within 24 hours it answers as it did the
first time. Where metadata are allowed the key is left there too, and read first: a repeat stays harmless for longer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import stripe

from apps.core.types import JsonObject
from workers.gateways.stripe_errors import translated
from workers.gateways.stripe_lookup import attempt_under
from workers.gateways.stripe_reading import (
    Body,
    coupon_id_of,
    declined_charge,
    discount_of,
    discounts_of,
    key_of,
    licensed_items,
    no_card,
    paid_charge,
    plain,
    read,
)
from workers.ports import Charge, Discount, PlanChange, Refused, Unknown

CONNECT_TIMEOUT, READ_TIMEOUT = 5.0, 20.0  # seconds
_OURS = "apex-"  # ids of the coupons made here
_NO_CARD = ("default_payment_method", "default payment method", "no active card")


class StripePayments:
    """``Payments`` on an account of Stripe's, or on the local peer by ``base_url``."""

    def __init__(
        self, api_key: str, base_url: str | None = None, *, read_timeout: float = READ_TIMEOUT
    ) -> None:
        http = stripe.RequestsClient(timeout=(CONNECT_TIMEOUT, read_timeout))
        self._client = stripe.StripeClient(
            api_key,
            http_client=http,
            max_network_retries=0,
            base_addresses={"api": base_url} if base_url else None,
        )
        one = self._client.v1
        self._readers: Mapping[str, Callable[[str], stripe.StripeObject]] = {
            "customer": one.customers.retrieve,
            "subscription": lambda found: one.subscriptions.retrieve(found, {"expand": ["discounts"]}),
            "invoice": lambda found: one.invoices.retrieve(
                found, {"expand": ["payments.data.payment.payment_intent"]}
            ),
            "payment_intent": one.payment_intents.retrieve,
            "payment_method": one.payment_methods.retrieve,
            "charge": one.charges.retrieve,
            "dispute": one.disputes.retrieve,
            "checkout.session": one.checkout.sessions.retrieve,
        }

    def retrieve(self, kind: str, object_id: str) -> JsonObject:
        """Invoices come with ``payments`` and their payment intents (there ``last_payment_error`` has the
        decline code), subscriptions with their discounts as objects."""
        reader = self._readers.get(kind)
        if reader is None:
            raise Refused(f"{kind!r} is not read from Stripe; known: {', '.join(self._readers)}")
        with translated(sending=False):
            return plain(reader(object_id))

    # --- charges -----------------------------------------------------------------------------

    def pay_invoice(self, invoice_id: str, *, key: str) -> Charge:
        """``invoices.pay`` takes no metadata: the idempotency key is the mark it leaves, on its events."""
        try:
            with translated(sending=True, declines=True):
                invoice = self._client.v1.invoices.pay(
                    invoice_id, {"off_session": True, "expand": ["payments"]}, {"idempotency_key": key}
                )
                return paid_charge(plain(invoice))
        except stripe.CardError as declined:
            return declined_charge(invoice_id, declined)
        except Refused as refused:
            if any(words in str(refused) for words in _NO_CARD):
                return no_card(invoice_id, str(refused))
            raise

    def charge_made(self, invoice_id: str, key: str) -> Charge | None:
        """Raises Unknown where Stripe itself can no longer, or not yet, tell."""
        with translated(sending=False):
            return attempt_under(self._client, invoice_id, key)

    # --- subscriptions -----------------------------------------------------------------------

    def discount(self, subscription_id: str, *, percent: int, months: int, key: str) -> Discount:
        """Redeems the coupon ``apex-{percent}pct-{months}mo``, made when missing. Other discounts of the
        subscription stay. A subscription marked with ``key`` already has it and is not touched."""
        coupon = f"{_OURS}{percent}pct-{months}mo"
        before = self._subscription(subscription_id)
        if key_of(before, "apex_discount_key") == key:
            for running in discounts_of(before):
                if coupon_id_of(running) == coupon:
                    return discount_of(subscription_id, running, percent=percent, months=months)
        self._ensure_coupon(coupon, percent, months)
        wanted: list[Any] = [{"discount": kept} for kept in _not_ours(before)]
        after = self._update(
            subscription_id,
            {
                "discounts": [*wanted, {"coupon": coupon}],
                "metadata": {"apex_discount_key": key},
                "expand": ["discounts"],
            },
            key,
        )
        for running in discounts_of(after):
            if coupon_id_of(running) == coupon:
                return discount_of(subscription_id, running, percent=percent, months=months)
        raise Unknown(f"Stripe took the discount for {subscription_id} but does not show it")

    def _ensure_coupon(self, coupon: str, percent: int, months: int) -> None:
        one = self._client.v1
        try:
            with translated(sending=False):
                one.coupons.retrieve(coupon)
        except Refused as refused:
            if not _is(refused, "resource_missing"):
                raise
        else:
            return
        try:
            # Failing here, the discount has certainly not been given. The coupon's own id makes a second
            # one impossible, so the call needs no key, and a stored failure cannot come back by it.
            with translated(sending=False):
                one.coupons.create(
                    {
                        "id": coupon,
                        "percent_off": float(percent),
                        "duration": "repeating",
                        "duration_in_months": months,
                        "name": f"{percent}% off for {months} months",
                    }
                )
        except Refused as refused:
            # Another worker was faster: the coupon is there, which is all that is wanted.
            if not _is(refused, "resource_already_exists"):
                raise

    def end_discount(self, subscription_id: str, *, key: str) -> None:
        """Ends the discounts given by Apex and leaves the operator's own. None running: nothing to do."""
        before = self._subscription(subscription_id)
        kept = _not_ours(before)
        if len(kept) == len(discounts_of(before)):
            return
        wanted: Any = [{"discount": found} for found in kept] or ""
        self._update(subscription_id, {"discounts": wanted, "metadata": {"apex_discount_key": ""}}, key)

    def change_plan(self, subscription_id: str, *, price_id: str, key: str) -> PlanChange:
        before = self._subscription(subscription_id)
        items = licensed_items(before)
        if len(items) != 1:
            raise Refused(
                f"{subscription_id} has {len(items)} fixed prices; change its plan by hand in Stripe"
            )
        item = items[0]
        after = before
        if read(item, "subscription_item.price.id") != price_id:
            after = self._update(
                subscription_id,
                {
                    "items": [{"id": str(read(item, "subscription_item.id")), "price": price_id}],
                    "proration_behavior": "none",
                    "metadata": {"apex_key": key},
                },
                key,
            )
        return PlanChange(subscription_id, price_id, str(read(after, "subscription.status")))

    def _subscription(self, subscription_id: str) -> Body:
        with translated(sending=False):
            return plain(self._client.v1.subscriptions.retrieve(subscription_id, {"expand": ["discounts"]}))

    def _update(self, subscription_id: str, params: stripe.params.SubscriptionUpdateParams, key: str) -> Body:
        with translated(sending=True):
            found = self._client.v1.subscriptions.update(subscription_id, params, {"idempotency_key": key})
            return plain(found)


def _not_ours(subscription: Body) -> list[str]:
    return [
        str(read(running, "discount.id"))
        for running in discounts_of(subscription)
        if not coupon_id_of(running).startswith(_OURS)
    ]


def _is(refused: Refused, code: str) -> bool:
    cause = refused.__cause__
    return isinstance(cause, stripe.StripeError) and cause.code == code
