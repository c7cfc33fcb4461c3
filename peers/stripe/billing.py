"""Bills a subscription: an invoice with its lines, its payment intent, and what paying it changes."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime
from typing import Any

from peers.stripe.objects import Object, listing
from peers.stripe.world import World


def months_later(moment: int, months: int) -> int:
    """The same day ``months`` later, or the month's last; seconds since the epoch."""
    start = datetime.fromtimestamp(moment, UTC)
    count = start.month - 1 + months
    year, month = start.year + count // 12, count % 12 + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return int(start.replace(year=year, month=month, day=day).timestamp())


def period_end(start: int, price: Object) -> int:
    recurring = price["recurring"]
    count = int(recurring["interval_count"])
    days = {"day": 1, "week": 7}.get(recurring["interval"])
    if days:
        return start + days * count * 86_400
    return months_later(start, count * (12 if recurring["interval"] == "year" else 1))


def running_discounts(world: World, subscription: Object) -> list[Object]:
    found = (world.store.get(item) for item in subscription["discounts"])
    return [body for body in found if body and (body["end"] is None or body["end"] > world.now())]


def _line(world: World, subscription: Object, item: Object, percent: float, used: list[Object]) -> Object:
    amount = item["price"]["unit_amount"] * item["quantity"]
    off = round(amount * percent / 100)
    line = world.make(
        "line_item",
        amount=amount,
        currency=subscription["currency"],
        description=f"{item['quantity']} x {item['price']['nickname'] or item['price']['id']}",
        subscription=subscription["id"],
        subtotal=amount,
        quantity=item["quantity"],
        period={"start": item["current_period_start"], "end": item["current_period_end"]},
        discount_amounts=[{"amount": off, "discount": used[0]["id"]}] if off else [],
    )
    line["parent"] = {
        "type": "subscription_item_details",
        "invoice_item_details": None,
        "subscription_item_details": {
            "invoice_item": None,
            "proration": False,
            "proration_details": None,
            "subscription": subscription["id"],
            "subscription_item": item["id"],
        },
    }
    line["pricing"] = {
        "type": "price_details",
        "unit_amount_decimal": item["price"]["unit_amount_decimal"],
        "price_details": {"price": item["price"]["id"], "product": item["price"]["product"]},
    }
    return line


def create_invoice(world: World, subscription: Object, reason: str) -> Object:
    """An open, finalized invoice of the subscription's current period, with an intent if money is due."""
    customer = world.find("customer", subscription["customer"])
    used = running_discounts(world, subscription)
    percent = min(100.0, sum(_percent(world, body) for body in used))
    lines = [_line(world, subscription, item, percent, used) for item in subscription["items"]["data"]]
    subtotal = sum(line["amount"] for line in lines)
    total = subtotal - sum(cut["amount"] for line in lines for cut in line["discount_amounts"])
    now, number = world.now(), world.store.next_number(f"invoices:{customer['id']}")
    invoice = world.make(
        "invoice",
        customer=customer["id"],
        customer_email=customer["email"],
        customer_name=customer["name"],
        currency=subscription["currency"],
        billing_reason=reason,
        status="draft",
        number=f"{customer['invoice_prefix']}-{number:04}",
        discounts=[body["id"] for body in used],
        period_start=lines[0]["period"]["start"],
        period_end=lines[0]["period"]["end"],
        **_amounts(subtotal, total),
    )
    for line in lines:
        line["invoice"] = invoice["id"]
    invoice["lines"] = listing(f"/v1/invoices/{invoice['id']}/lines", lines)
    invoice["parent"] = {
        "type": "subscription_details",
        "quote_details": None,
        "subscription_details": {"subscription": subscription["id"], "metadata": subscription["metadata"]},
    }
    world.save(invoice, parent=subscription["id"], event="invoice.created")
    invoice.update(status="open", auto_advance=False, effective_at=now)
    invoice["hosted_invoice_url"] = f"https://invoice.stripe.com/i/{invoice['id']}"
    invoice["status_transitions"]["finalized_at"] = now
    if total:
        _request_payment(world, invoice)
    world.save(invoice, event="invoice.finalized")
    subscription["latest_invoice"] = invoice["id"]
    world.save(subscription)
    return invoice


def _percent(world: World, discount: Object) -> float:
    coupon = world.store.get(discount["source"]["coupon"])
    return float(coupon["percent_off"]) if coupon else 0.0


def _amounts(subtotal: int, total: int) -> dict[str, Any]:
    return {
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal,
        "total": total,
        "total_excluding_tax": total,
        "amount_due": total,
        "amount_paid": 0,
        "amount_remaining": total,
    }


def _request_payment(world: World, invoice: Object) -> None:
    intent = world.make(
        "payment_intent",
        amount=invoice["amount_due"],
        currency=invoice["currency"],
        customer=invoice["customer"],
        description="Subscription update",
        status="requires_payment_method",
    )
    intent["client_secret"] = f"{intent['id']}_secret_peer"
    world.save(intent, parent=invoice["id"], event="payment_intent.created")
    payment = world.make(
        "invoice_payment",
        invoice=invoice["id"],
        amount_requested=invoice["amount_due"],
        currency=invoice["currency"],
        is_default=True,
        livemode=False,
        status="open",
        payment={"type": "payment_intent", "payment_intent": intent["id"]},
    )
    world.save(payment, parent=invoice["id"])


def settle(world: World, invoice: Object, *, paid: int) -> Object:
    """Marks the invoice paid and the subscription good again."""
    now = world.now()
    invoice.update(
        status="paid",
        attempted=True,
        amount_paid=paid,
        amount_remaining=0,
        next_payment_attempt=None,
    )
    invoice["status_transitions"]["paid_at"] = now
    world.save(invoice)
    for payment in world.store.select("invoice_payment", "parent=?", (invoice["id"],)):
        state = "paid" if paid else "canceled"
        payment.update(status=state, amount_paid=paid or None)
        payment["status_transitions"]["paid_at" if paid else "canceled_at"] = now
        world.save(payment)
    world.emit("invoice.paid", invoice)
    world.emit("invoice.payment_succeeded", invoice)
    follow_subscription(world, invoice, good=True)
    return invoice


def subscription_of(invoice: Object) -> str:
    details = (invoice["parent"] or {}).get("subscription_details") or {}
    return str(details.get("subscription") or "")


def follow_subscription(world: World, invoice: Object, *, good: bool) -> None:
    """What the latest invoice's fate makes of the subscription: active, past_due; incomplete stays so."""
    subscription = world.store.get(subscription_of(invoice))
    if subscription is None or subscription["status"] in ("canceled", "incomplete_expired", "paused"):
        return
    if good and subscription["status"] in ("past_due", "incomplete", "unpaid"):
        if subscription["latest_invoice"] == invoice["id"]:
            world.change(subscription, "customer.subscription.updated", status="active")
    elif not good and subscription["status"] in ("active", "trialing"):
        world.change(subscription, "customer.subscription.updated", status="past_due")
