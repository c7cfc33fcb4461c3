"""The two worlds of the payments contract: the scripted gateway, the real client on the local Stripe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Literal, Protocol

import stripe

from peers.stripe import StripePeer
from workers.gateways.scripted_payments import ScriptedPayments
from workers.gateways.stripe import StripePayments
from workers.ports import Payments, Refused, Unavailable, Unknown

KEY = "sk_test_contract"
PRICE = 9900  # minor units of every invoice here
Breakage = Literal[
    "slow_down", "server_error", "lost_answer", "acted_then_failed", "garbage", "timeout", "reset"
]


class World(Protocol):
    """What a contract test needs beside the gateway itself."""

    @property
    def payments(self) -> Payments: ...

    def invoice(self, *outcomes: str) -> str:
        """An open invoice whose attempts will end as told."""
        ...

    def settle(self, invoice: str, status: str) -> None:
        """Makes the invoice ``paid`` or ``void`` behind the gateway's back."""
        ...

    def subscription(self) -> tuple[str, str, str]:
        """(subscription, its price, another price)."""
        ...

    def breaks(self, how: Breakage) -> None:
        """The next changing call goes wrong."""
        ...

    def charges(self, invoice: str) -> int: ...

    def discounts(self, subscription: str) -> int: ...

    def price_of(self, subscription: str) -> str: ...


class Scripted:
    def __init__(self) -> None:
        self.payments = ScriptedPayments(datetime(2026, 11, 21, tzinfo=UTC))
        self._number = 0

    def invoice(self, *outcomes: str) -> str:
        self._number += 1
        return self.payments.invoice(f"in_{self._number}", PRICE, outcomes=outcomes).invoice_id

    def settle(self, invoice: str, status: str) -> None:
        self.payments.invoices[invoice].status = status

    def subscription(self) -> tuple[str, str, str]:
        self._number += 1
        made = self.payments.subscription(f"sub_{self._number}", "price_a")
        return made.subscription_id, "price_a", "price_b"

    def breaks(self, how: Breakage) -> None:
        if how == "slow_down":
            self.payments.fault(Unavailable("slow down", 7))
        elif how == "server_error":
            self.payments.fault(Unknown("500"), stored=True)
        elif how == "acted_then_failed":
            self.payments.fault(Unknown("500"), acts=True, stored=True)
        elif how == "reset":
            self.payments.fault(Unknown(how))
        else:
            self.payments.fault(Unknown(how), acts=True)

    def charges(self, invoice: str) -> int:
        return sum(charge.invoice_id == invoice for charge in self.payments.charges)

    def discounts(self, subscription: str) -> int:
        return int(self.payments.subscriptions[subscription].discount is not None)

    def price_of(self, subscription: str) -> str:
        return self.payments.subscriptions[subscription].price_id


class Real:
    """The real SDK over a socket. ``client`` is a second, plain client: the operator's own doings."""

    def __init__(self, peer: StripePeer) -> None:
        self.peer = peer
        self.payments = StripePayments(KEY, peer.url, read_timeout=0.5)
        self.client = stripe.StripeClient(KEY, base_addresses={"api": peer.url}, max_network_retries=0)
        product = self.client.v1.products.create({"name": "Apex"}).id
        self.prices = [self._price(product, amount) for amount in (PRICE, 0)]

    def _price(self, product: str, amount: int) -> str:
        return self.client.v1.prices.create(
            {"product": product, "currency": "usd", "unit_amount": amount, "recurring": {"interval": "month"}}
        ).id

    def customer(self, card: str = "pm_card_visa") -> str:
        return self.client.v1.customers.create(
            {
                "name": "Ada",
                "email": "ada@example.com",
                "payment_method": card,
                "invoice_settings": {"default_payment_method": card},
            }
        ).id

    def subscription(self) -> tuple[str, str, str]:
        made = self.client.v1.subscriptions.create(
            {"customer": self.customer(), "items": [{"price": self.prices[0]}]}
        )
        return made.id, self.prices[0], self.prices[1]

    def invoice(self, *outcomes: str) -> str:
        """Opened by a renewal whose own first attempt is declined."""
        subscription, _, _ = self.subscription()
        customer = str(self.client.v1.subscriptions.retrieve(subscription).customer)
        self.script(customer, ["insufficient_funds", *outcomes])
        return str(self.peer.control("POST", "bill", subscription=subscription)["id"])

    def script(self, customer: str, outcomes: Sequence[str]) -> None:
        self.peer.control("POST", "script", customer=customer, outcomes=list(outcomes))

    def settle(self, invoice: str, status: str) -> None:
        if status == "void":
            self.client.v1.invoices.void_invoice(invoice)
        else:
            self.client.v1.invoices.pay(invoice, {"paid_out_of_band": True})

    def breaks(self, how: Breakage) -> None:
        faults: dict[str, dict[str, object]] = {
            "slow_down": {"before": 429, "retry_after": 7},
            "server_error": {"before": 500},
            "lost_answer": {"after": "drop"},
            "acted_then_failed": {"after": 500},
            "garbage": {"garbage": True},
            "timeout": {"latency_ms": 1500},
            "reset": {"before": "reset"},
        }
        # Changes only: what is read beforehand is left alone.
        self.peer.control("POST", "faults", method="POST", path="invoices|subscriptions", **faults[how])

    def charges(self, invoice: str) -> int:
        return len([entry for entry in self.peer.ledger("charge") if entry["invoice"] == invoice])

    def discounts(self, subscription: str) -> int:
        return self._booked("discount", subscription) - self._booked("discount_ended", subscription)

    def _booked(self, kind: str, subscription: str) -> int:
        return len([entry for entry in self.peer.ledger(kind) if entry["subscription"] == subscription])

    def price_of(self, subscription: str) -> str:
        return str(self.client.v1.subscriptions.retrieve(subscription)["items"].data[0].price.id)


@contextmanager
def real() -> Iterator[Real]:
    with StripePeer() as peer:
        yield Real(peer)


__all__ = ["PRICE", "Breakage", "Real", "Refused", "Scripted", "World", "real"]
