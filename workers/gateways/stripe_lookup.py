"""Which attempt on an invoice was made under a key, from what Stripe itself records.

``invoices.pay`` takes no metadata, but every attempt becomes a charge of the payment intent, and the
event that tells of a charge names the idempotency key of the request that made it (``event.request``). So the
invoice's few charges are listed, and for each the events around its moment: exact, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator

import stripe

from workers.gateways.stripe_reading import Body, plain, read, recorded_charge
from workers.ports import Charge, Unknown

ATTEMPT_WINDOW = 300  # seconds between a charge and the event that tells of it
_TOLD_BY = ("charge.succeeded", "charge.failed", "charge.pending")
_UNDECIDED = ("requires_action", "processing")


def attempt_under(client: stripe.StripeClient, invoice_id: str, key: str) -> Charge | None:
    """The attempt, None if there was none. Raises Unknown where an attempt's event is gone (Stripe keeps them
    30 days), or one waits for the customer or the bank: that one may be ours and leaves no charge."""
    unclear = ""
    for intent in _intents(client, invoice_id):
        if read(intent, "payment_intent.status") in _UNDECIDED:
            unclear = f"the payment of {invoice_id} waits for the customer or the bank"
        for charge in _charges(client, str(read(intent, "payment_intent.id"))):
            found = _key_of(client, charge)
            if found == key:
                return recorded_charge(invoice_id, charge)
            if found is None:
                unclear = f"Stripe's events no longer tell which request made an attempt on {invoice_id}"
    if unclear:
        raise Unknown(unclear)
    return None


def _intents(client: stripe.StripeClient, invoice_id: str) -> Iterator[Body]:
    payments = client.v1.invoice_payments.list({"invoice": invoice_id, "limit": 100})
    for payment in payments.auto_paging_iter():
        intent = read(plain(payment), "invoice_payment.payment.payment_intent")
        if intent:
            yield plain(client.v1.payment_intents.retrieve(str(intent)))


def _charges(client: stripe.StripeClient, intent: str) -> Iterator[Body]:
    for charge in client.v1.charges.list({"payment_intent": intent, "limit": 100}).auto_paging_iter():
        yield plain(charge)


def _key_of(client: stripe.StripeClient, charge: Body) -> str | None:
    """The key of the request that made this charge, "" if it had none, None if that is forgotten."""
    made = int(read(charge, "charge.created"))
    events = client.v1.events.list(
        {"types": list(_TOLD_BY), "created": {"gte": made, "lte": made + ATTEMPT_WINDOW}, "limit": 100}
    )
    for event in events.auto_paging_iter():
        body = plain(event)
        if read(read(body, "event.data.object"), "charge.id") == read(charge, "charge.id"):
            return str(read(body, "event.request.idempotency_key") or "")
    return None
