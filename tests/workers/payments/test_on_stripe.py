"""End to end: the real SDK against the local Stripe, its webhooks through the real endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import stripe
from django.conf import settings
from pytest_django.live_server_helper import LiveServer

from apps.billing.actions import set_price
from apps.billing.models import StripeEvent
from apps.customers.models import Customer
from apps.messaging.models import OutboxMessage
from apps.payments.models import CaseState, RecoveryCase
from peers.stripe import StripePeer
from tests.workers.payments.world import WORKS
from workers.gateways.stripe import StripePayments
from workers.kernel.simulation import Simulation
from workers.kernel.testing import run_in, simulate

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "sk_test_end_to_end"


class Shop:
    """One subscriber at the local Stripe, its webhooks on their way to Apex."""

    def __init__(self, peer: StripePeer) -> None:
        self.peer = peer
        self.client = stripe.StripeClient(KEY, base_addresses={"api": peer.url}, max_network_retries=0)
        product = self.client.v1.products.create({"name": "Apex"}).id
        self.studio, self.free = (self._price(product, amount) for amount in (49_900, 0))
        set_price("studio", self.studio)
        set_price("free", self.free)
        self.customer = self.client.v1.customers.create(
            {
                "email": "ada@example.com",
                "payment_method": "pm_card_visa",
                "invoice_settings": {"default_payment_method": "pm_card_visa"},
            }
        ).id
        self.ada = Customer.objects.create(
            external_id="ada",
            name="Ada",
            email="ada@example.com",
            stripe_customer_id=self.customer,
            signed_up_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        made = self.client.v1.subscriptions.create(
            {"customer": self.customer, "items": [{"price": self.studio}]}
        )
        self.subscription = made.id
        gateway = StripePayments(KEY, peer.url, read_timeout=2)
        self.simulation: Simulation = simulate(WORKS, now=datetime.now(UTC), payments=gateway)

    def _price(self, product: str, amount: int) -> str:
        return self.client.v1.prices.create(
            {"product": product, "currency": "usd", "unit_amount": amount, "recurring": {"interval": "month"}}
        ).id

    def renew(self, *outcomes: str) -> str:
        self.peer.control("POST", "script", customer=self.customer, outcomes=list(outcomes))
        invoice = str(self.peer.control("POST", "bill", subscription=self.subscription)["id"])
        self.work()
        return invoice

    def work(self) -> None:
        """Webhooks first, then whatever they and the ladder made due, twice over."""
        for _ in range(2):
            assert self.peer.settled()
            self.simulation.drain()
            for work in WORKS:
                run_in(self.simulation, work.name)
            self.simulation.clock.now += timedelta(seconds=1)

    def days_later(self, days: int) -> None:
        later = self.simulation.clock.now + timedelta(days=days)
        self.simulation.clock.now = later.replace(hour=9, minute=0, second=0, microsecond=0)
        self.work()

    def charged(self, invoice: str) -> int:
        return sum(entry["invoice"] == invoice for entry in self.peer.ledger("charge"))


@pytest.fixture
def shop(live_server: LiveServer) -> Iterator[Shop]:
    url, secret = f"{live_server.url}/webhooks/stripe", settings.STRIPE_WEBHOOK_SECRET
    with StripePeer(webhook_url=url, webhook_secret=secret) as peer:
        yield Shop(peer)


def test_a_declined_renewal_is_recovered_by_the_ladder(shop: Shop) -> None:
    shop.ada.refresh_from_db()
    invoice = shop.renew("insufficient_funds", "insufficient_funds", "success")
    shop.ada.refresh_from_db()
    assert (shop.ada.plan, shop.ada.status) == ("studio", "past_due")
    case = RecoveryCase.objects.get()
    assert (case.failure_class, case.decline_code) == ("soft", "insufficient_funds")
    assert case.failed_card.startswith("pm_")
    for _ in range(4):
        shop.days_later(1)
    case.refresh_from_db()
    shop.ada.refresh_from_db()
    assert (case.state, case.recovered_minor, shop.ada.status) == (CaseState.RECOVERED, 49_900, "active")
    assert shop.charged(invoice) == 1
    assert list(OutboxMessage.objects.order_by("id").values_list("template", flat=True)) == [
        "payment_failed_1",
        "payment_recovered",
    ]


def test_stripe_failing_after_it_charged_is_one_charge(shop: Shop) -> None:
    """The answer to the charge is a 500, or never comes: the same key again, and one charge."""
    invoice = shop.renew("insufficient_funds", "success")
    shop.peer.control("POST", "faults", path="/pay$", method="POST", times=1, after="drop")
    shop.days_later(2)
    for _ in range(3):
        shop.simulation.clock.now += timedelta(hours=2)
        shop.simulation.tick()
        shop.work()
    assert shop.charged(invoice) == 1
    assert RecoveryCase.objects.get().state == CaseState.RECOVERED


def test_a_new_card_recovers_at_once_with_events_repeated_and_shuffled(shop: Shop) -> None:
    shop.peer.control("POST", "webhooks", repeat=3, shuffle=True)
    invoice = shop.renew("expired_card")
    assert RecoveryCase.objects.get().failure_class == "new_card"
    assert shop.charged(invoice) == 0
    shop.peer.control("POST", "card", customer=shop.customer, card="pm_card_mastercard")
    shop.work()
    assert shop.charged(invoice) == 1
    assert RecoveryCase.objects.get().state == CaseState.RECOVERED
    assert not StripeEvent.objects.filter(state__in=["failed", "malformed", "received"]).exists()


def test_the_end_of_the_grace_moves_to_the_free_price(shop: Shop) -> None:
    shop.renew("stolen_card")
    shop.days_later(9)
    moved = shop.client.v1.subscriptions.retrieve(shop.subscription)
    assert moved["items"]["data"][0]["price"]["id"] == shop.free
    shop.ada.refresh_from_db()
    assert shop.ada.plan == "free"
