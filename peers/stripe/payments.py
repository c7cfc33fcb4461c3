"""One attempt to pay an invoice: which card, what comes of it, who is told. Never repeats by itself."""

from __future__ import annotations

from peers.stripe.billing import follow_subscription, settle, subscription_of
from peers.stripe.customers import behaves
from peers.stripe.declines import AUTHENTICATION, SUCCESS, Decline, decline
from peers.stripe.errors import ApiFailure, invalid
from peers.stripe.objects import Object
from peers.stripe.world import World


def method_for(world: World, invoice: Object, asked: str | None) -> Object:
    """The card that is tried: asked for, the invoice's, the subscription's, the customer's default."""
    customer = world.find("customer", invoice["customer"])
    subscription = world.store.get(subscription_of(invoice)) or {}
    chosen = (
        asked
        or invoice["default_payment_method"]
        or subscription.get("default_payment_method")
        or customer["invoice_settings"]["default_payment_method"]
    )
    if chosen is None:
        raise invalid(
            "There is no `default_payment_method` set on this Customer or Invoice. "
            "Please set a `default_payment_method`."
        )
    body = world.referred("payment_method", chosen, "payment_method")
    if body["customer"] != customer["id"]:
        raise invalid("The payment method must be attached to the customer.", param="payment_method")
    return body


def _outcome(world: World, customer: str, card: Object) -> str:
    script: list[str] = world.store.setting(f"script:{customer}", [])
    if script:
        world.store.set(f"script:{customer}", script[1:])
        return script[0]
    return behaves(world, card["id"])


def attempt(world: World, invoice: Object, asked: str | None = None, *, scheduled: bool = False) -> Object:
    """Pays the invoice or raises the 402. ``attempt_count`` follows Stripe: the first attempt counts,
    afterwards only those of its own schedule, so manual attempts leave it alone."""
    card = method_for(world, invoice, asked)
    payment = next(world.store.select("invoice_payment", "parent=?", (invoice["id"],)))
    intent = world.find("payment_intent", payment["payment"]["payment_intent"])
    outcome = _outcome(world, invoice["customer"], card)
    if scheduled or invoice["attempt_count"] == 0:
        invoice["attempt_count"] += 1
    invoice["attempted"] = True
    charge = _charge(world, intent, card, None if outcome == SUCCESS else decline(outcome))
    world.store.book(
        "charge" if outcome == SUCCESS else "decline",
        invoice=invoice["id"],
        customer=invoice["customer"],
        charge=charge["id"],
        payment_intent=intent["id"],
        amount=invoice["amount_due"],
        currency=invoice["currency"],
        outcome=outcome,
        key=world.key,
        metadata=invoice["metadata"],
        at=world.now(),
    )
    if outcome == SUCCESS:
        return _succeeded(world, invoice, intent, charge)
    raise _declined(world, invoice, intent, charge, card, decline(outcome))


def _charge(world: World, intent: Object, card: Object, failed: Decline | None) -> Object:
    paid = failed is None
    body = world.make(
        "charge",
        amount=intent["amount"],
        amount_captured=intent["amount"] if paid else 0,
        captured=paid,
        currency=intent["currency"],
        customer=intent["customer"],
        description=intent["description"],
        paid=paid,
        status="succeeded" if paid else "failed",
        payment_intent=intent["id"],
        payment_method=card["id"],
        metadata=dict(intent["metadata"]),
        balance_transaction=None,
        failure_code=failed.code if failed else None,
        failure_message=failed.message if failed else None,
    )
    body["billing_details"] = card["billing_details"]
    shown = body["payment_method_details"]["card"]
    shown.update(brand=card["card"]["brand"], last4=card["card"]["last4"])
    network = "approved_by_network" if paid else "declined_by_network"
    body["outcome"] = {
        "advice_code": failed.advice_code if failed else None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": network if paid or (failed and failed.by_network) else "not_sent_to_network",
        "reason": failed.decline_code if failed else None,
        "seller_message": "Payment complete." if paid else "The bank did not return any further details.",
        "type": "authorized" if paid else ("issuer_declined" if failed and failed.by_network else "blocked"),
    }
    return world.save(body, parent=intent["id"])


def _succeeded(world: World, invoice: Object, intent: Object, charge: Object) -> Object:
    intent.update(
        status="succeeded",
        amount_received=intent["amount"],
        latest_charge=charge["id"],
        last_payment_error=None,
        payment_method=charge["payment_method"],
    )
    world.emit("charge.succeeded", charge)
    world.save(intent, event="payment_intent.succeeded")
    return settle(world, invoice, paid=invoice["amount_due"])


def _declined(
    world: World, invoice: Object, intent: Object, charge: Object, card: Object, failed: Decline
) -> ApiFailure:
    error = {
        "advice_code": failed.advice_code,
        "charge": charge["id"],
        "code": failed.code,
        "decline_code": failed.decline_code,
        "message": failed.message,
        "payment_method": card,
        "type": "card_error",
    }
    intent.update(
        status="requires_payment_method",
        latest_charge=charge["id"],
        last_payment_error=dict(error),
        payment_method=None,
    )
    world.emit("charge.failed", charge)
    world.save(intent, event="payment_intent.payment_failed")
    world.save(invoice, event="invoice.payment_failed")
    if failed.decline_code == AUTHENTICATION:
        world.emit("invoice.payment_action_required", invoice)
    follow_subscription(world, invoice, good=False)
    fields = {name: value for name, value in error.items() if name not in ("message", "type") and value}
    return ApiFailure(402, "card_error", failed.message, payment_intent=intent, **fields)
