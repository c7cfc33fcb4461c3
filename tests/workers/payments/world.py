"""A business with one customer at a scripted Stripe: events go through the inbox, time is set by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from apps.billing.actions import receive, set_price
from apps.core.types import Window
from apps.customers.models import Customer
from apps.messaging.models import OutboxMessage
from apps.payments.models import PaymentAttempt, RecoveryCase
from workers.billing.process_events import ProcessEvents
from workers.gateways.scripted_payments import ScriptedPayments
from workers.kernel.automation import FindContext
from workers.kernel.simulation import Simulation
from workers.kernel.testing import run_in, simulate
from workers.payments.ask_for_card import AskForCard
from workers.payments.close_cases import CloseCases
from workers.payments.downgrade import Downgrade
from workers.payments.open_cases import OpenCases
from workers.payments.restrict_service import RestrictService
from workers.payments.retry_charge import RetryCharge

FAILED = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
# In the order of a tick. Wake-ups bring them up in other orders as well.
WORKS = (ProcessEvents, OpenCases, CloseCases, AskForCard, RetryCharge, RestrictService, Downgrade)
PRICE, FREE = "price_studio", "price_free"
INVOICE, SUBSCRIPTION, CUSTOMER, CARD = "in_1", "sub_1", "cus_1", "pm_1"


class StripeWorld(ScriptedPayments):
    """Answers ``retrieve`` in Stripe's shapes from what was scripted. Faults hit changing calls only."""

    def __init__(self) -> None:
        super().__init__(FAILED)
        self.default_card = CARD
        self.failure: dict[str, Any] | None = None
        self.retrieved = 0

    def retrieve(self, kind: str, object_id: str) -> dict[str, Any]:
        self.retrieved += 1
        readers = {"customer": self._account, "subscription": self._plan, "invoice": self._bill}
        return readers[kind](object_id)

    def _account(self, object_id: str) -> dict[str, Any]:
        settings = {"default_payment_method": self.default_card or None}
        return {"id": object_id, "object": "customer", "invoice_settings": settings, "balance": 0}

    def _plan(self, object_id: str) -> dict[str, Any]:
        found = self.subscriptions[object_id]
        price = {"id": found.price_id, "unit_amount": 49_900, "recurring": {"interval": "month"}}
        item = {"price": price, "quantity": 1, "current_period_end": int(FAILED.timestamp()) + 86400 * 30}
        return {
            "id": object_id,
            "object": "subscription",
            "customer": CUSTOMER,
            "status": found.status,
            "currency": "usd",
            "items": {"data": [item]},
        }

    def _bill(self, object_id: str) -> dict[str, Any]:
        found = self.invoices[object_id]
        paid = found.status == "paid"
        intent = {
            "id": f"pi_{object_id}",
            "status": "succeeded" if paid else "requires_payment_method",
            "last_payment_error": None if paid else self.failure,
        }
        return {
            "id": object_id,
            "object": "invoice",
            "customer": CUSTOMER,
            "status": found.status,
            "currency": found.currency,
            "amount_due": found.amount_minor,
            "amount_paid": found.amount_minor if paid else 0,
            "amount_remaining": 0 if paid else found.amount_minor,
            "attempt_count": 1,
            "collection_method": "charge_automatically",
            "hosted_invoice_url": f"https://pay.example.com/{object_id}",
            "parent": {"subscription_details": {"subscription": SUBSCRIPTION}},
            "payments": {"data": [{"is_default": True, "payment": {"payment_intent": intent}}]},
        }


@dataclass
class Business:
    """``play(day)`` goes to 09:00 of that ladder day and lets everything due happen."""

    stripe: StripeWorld = field(default_factory=StripeWorld)
    sent: int = 0
    simulation: Simulation = field(init=False)
    customer: Customer = field(init=False)

    def __post_init__(self) -> None:
        self.customer = Customer.objects.create(
            external_id="ada",
            name="Ada",
            email="ada@example.com",
            stripe_customer_id=CUSTOMER,
            signed_up_at=FAILED,
        )
        set_price("studio", PRICE)
        set_price("free", FREE)
        self.stripe.subscription(SUBSCRIPTION, PRICE)
        self.simulation = simulate(WORKS, now=FAILED, payments=self.stripe)

    def fail(self, code: str, *later: str, advice: str = "") -> None:
        """The renewal's first charge fails with ``code``; ``later`` are the outcomes of our attempts."""
        self.stripe.invoice(INVOICE, 49_900, outcomes=later or ["success"])
        self.stripe.subscriptions[SUBSCRIPTION].status = "past_due"
        self.stripe.failure = {
            "code": "card_declined",
            "decline_code": code,
            "advice_code": advice,
            "payment_method": {"id": CARD},
        }
        self.event("customer.updated", CUSTOMER)
        self.event("customer.subscription.updated", SUBSCRIPTION)
        self.event("invoice.payment_failed", INVOICE)
        self.settle()

    def event(self, event_type: str, object_id: str, event_id: str = "") -> None:
        self.sent += 1
        now = self.simulation.clock.now
        body = {
            "id": event_id or f"evt_{self.sent}",
            "type": event_type,
            "created": int(now.timestamp()),
            "data": {"object": {"id": object_id, "customer": CUSTOMER}},
        }
        receive(json.dumps(body).encode(), now)

    def settle(self) -> None:
        """Everything due at this moment, until nothing is announced any more. A run that would find nothing
        is left out: most days of a ladder are empty."""
        self.simulation.drain()
        now, engine = self.simulation.clock.now, self.simulation.engine
        for work in WORKS:
            automation = engine.registry.automation(work.name)
            if any(True for _ in automation.find(FindContext(now, now, Window(), engine.sources))):
                run_in(self.simulation, work.name)

    def play(self, day: int, hour: int = 9) -> None:
        self.simulation.clock.now = FAILED.replace(hour=hour, minute=0) + timedelta(days=day)
        self.stripe.now = self.simulation.clock.now
        self.settle()

    def play_to(self, day: int) -> None:
        """Every day from today on, as the tick does."""
        today = (self.simulation.clock.now - FAILED.replace(hour=0, minute=0)).days
        for each in range(today + 1, day + 1):
            self.play(each)

    @property
    def case(self) -> RecoveryCase:
        return RecoveryCase.objects.get()

    @property
    def charges(self) -> list[str]:
        return [key for method, _, key in self.stripe.calls if method == "pay_invoice"]

    @property
    def mails(self) -> list[str]:
        return list(OutboxMessage.objects.order_by("id").values_list("template", flat=True))

    @property
    def attempts(self) -> Sequence[tuple[str, str]]:
        return list(PaymentAttempt.objects.order_by("id").values_list("origin", "outcome"))
