"""Failed invoices at the local Stripe, and what became of them by Stripe's own books."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import stripe as sdk
from django.conf import settings
from django.test import Client

from apps.billing.actions import set_price
from apps.billing.models import StripeEvent
from apps.core.clock import utc_now
from apps.customers.models import Customer
from apps.payments.models import CaseState, PaymentAttempt, RecoveryCase
from peers.stripe.server import StripePeer
from peers.stripe.webhooks import signature
from tests.faults.lab import Lab

PRICE = 49_900  # cents
TELLING = ("customer.created", "customer.subscription.updated", "invoice.payment_failed")
FAILED_AGO = timedelta(days=3)  # the first retry is due by now, the second not before a day after it


@dataclass
class Business:
    """``owners`` maps each failed invoice to its customer at Stripe."""

    peer: StripePeer
    client: sdk.StripeClient
    owners: dict[str, str]

    def bodies(self) -> list[bytes]:
        """Every event so far, oldest first, as Stripe posts it."""
        with self.peer.world.lock:
            events = list(self.peer.world.store.select("event", order="seq"))
        return [json.dumps(event).encode() for event in events]

    def post(self, bodies: Sequence[bytes]) -> None:
        """To the real view, signed."""
        client = Client()
        for body in bodies:
            headers = {"Stripe-Signature": signed(body)}
            answer = client.post("/webhooks/stripe", body, "application/json", headers=headers)
            assert answer.status_code == 200, answer.content

    def tell(self, lab: Lab) -> None:
        """What a case is opened from, with one ring of the bell at the end."""
        with lab.quiet():
            self.post([body for body in self.bodies() if json.loads(body)["type"] in TELLING])
        lab.ring("billing.process_events")

    def charges(self) -> Mapping[str, list[int]]:
        """Amounts taken, by invoice; only of the failed ones, as their subscriptions' first was paid long ago."""
        taken: dict[str, list[int]] = {invoice: [] for invoice in self.owners}
        for entry in self.peer.ledger("charge"):
            if entry["invoice"] in taken:
                taken[entry["invoice"]].append(entry["amount"])
        return taken

    def declines(self) -> Counter[str]:
        """Of our own attempts, by invoice: Stripe's first attempt carries no key."""
        return Counter(entry["invoice"] for entry in self.peer.ledger("decline") if entry["key"])

    @property
    def lost(self) -> int:
        return sum(not taken for taken in self.charges().values())

    @property
    def doubled(self) -> int:
        return sum(max(0, len(taken) - 1) for taken in self.charges().values())


def signed(body: bytes) -> str:
    return signature(body, settings.STRIPE_WEBHOOK_SECRET, int(time.time()))


def fail_invoices(peer: StripePeer, number: int, *, outcomes: Sequence[str] = ("success",)) -> Business:
    """So many renewals whose card was declined three days ago; ``outcomes`` are those of the next attempts."""
    client = sdk.StripeClient(
        settings.STRIPE_API_KEY, base_addresses={"api": peer.url}, max_network_retries=0
    )
    peer.control("POST", "clock", ahead_seconds=-int(timedelta(days=33).total_seconds()))
    product = client.v1.products.create({"name": "Studio"}).id
    prices = [
        client.v1.prices.create(
            {"product": product, "currency": "usd", "unit_amount": amount, "recurring": {"interval": "month"}}
        ).id
        for amount in (PRICE, 0)
    ]
    set_price("studio", prices[0])
    set_price("free", prices[1])
    subscriptions = [_subscribe(client, n, prices[0]) for n in range(number)]
    peer.control("POST", "clock", ahead_seconds=-int(FAILED_AGO.total_seconds()))
    owners = {}
    for customer, subscription in subscriptions:
        peer.control("POST", "script", customer=customer, outcomes=["insufficient_funds", *outcomes])
        owners[str(peer.control("POST", "bill", subscription=subscription)["id"])] = customer
    peer.control("POST", "clock", ahead_seconds=0)
    return Business(peer, client, owners)


def _subscribe(client: sdk.StripeClient, number: int, price: str) -> tuple[str, str]:
    card = {
        "payment_method": "pm_card_visa",
        "invoice_settings": {"default_payment_method": "pm_card_visa"},
    }
    details: Any = {"name": f"Ada {number}", "email": f"ada{number}@example.com", **card}
    account = client.v1.customers.create(details).id
    Customer.objects.create(
        external_id=f"ada{number}",
        name=f"Ada {number}",
        email=f"ada{number}@example.com",
        plan="studio",
        stripe_customer_id=account,
        signed_up_at=utc_now() - timedelta(days=60),
    )
    return account, client.v1.subscriptions.create({"customer": account, "items": [{"price": price}]}).id


def recovered(business: Business) -> bool:
    return RecoveryCase.objects.filter(state=CaseState.RECOVERED).count() == len(business.owners)


def inbox_empty() -> bool:
    return not StripeEvent.objects.filter(state__in=["received", "failed"]).exists()


def assert_recovered_once(business: Business) -> None:
    """Stripe's books and ours: one charge an invoice, one paid attempt a case, equal to the cent."""
    assert business.charges() == {invoice: [PRICE] for invoice in business.owners}
    cases = RecoveryCase.objects.values_list("invoice__stripe_id", "state", "recovered_minor", "currency")
    expected = [(invoice, CaseState.RECOVERED, PRICE, "USD") for invoice in business.owners]
    assert sorted(cases) == sorted(expected)
    paid = PaymentAttempt.objects.filter(outcome="paid")
    assert set(paid.values_list("amount_minor", "currency")) <= {(PRICE, "USD")}
    assert paid.count() == paid.values("case").distinct().count()


def disorder(bodies: Sequence[bytes], *, times: int, seed: int) -> list[bytes]:
    mixed = list(bodies) * times
    random.Random(seed).shuffle(mixed)
    return mixed
