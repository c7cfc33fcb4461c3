"""Stripe's own doings on a subscription: the renewal and the first attempt at its invoice."""

from __future__ import annotations

from copy import deepcopy

from peers.stripe.billing import create_invoice, follow_subscription, period_end, settle
from peers.stripe.errors import ApiFailure, invalid
from peers.stripe.objects import Object
from peers.stripe.payments import attempt, method_for
from peers.stripe.world import World


def collect(world: World, invoice: Object) -> Object:
    """Stripe's own first attempt at an invoice; a failure is told by events, not by the answer."""
    if invoice["amount_due"] == 0:
        return settle(world, invoice, paid=0)
    try:
        method_for(world, invoice, None)
    except ApiFailure:  # no card at all: nothing to attempt, the invoice failed all the same
        invoice.update(attempted=True, attempt_count=1)
        world.save(invoice, event="invoice.payment_failed")
        follow_subscription(world, invoice, good=False)
        return invoice
    try:
        return attempt(world, invoice, scheduled=True)
    except ApiFailure as declined:
        if declined.status != 402:
            raise
    return world.find("invoice", invoice["id"])


def renew(world: World, subscription: str) -> Object:
    """A new period begins: invoice, first attempt. Returns the invoice."""
    body = world.find("subscription", subscription)
    if body["status"] in ("canceled", "incomplete", "incomplete_expired", "paused"):
        raise invalid(f"A subscription that is {body['status']} is not billed.")
    items = deepcopy(body["items"])
    for item in items["data"]:
        item["current_period_start"] = min(world.now(), item["current_period_end"])
        item["current_period_end"] = period_end(item["current_period_start"], item["price"])
    status = "active" if body["status"] == "trialing" else body["status"]
    world.change(body, "customer.subscription.updated", status=status, items=items)
    return collect(world, create_invoice(world, body, "subscription_cycle"))
