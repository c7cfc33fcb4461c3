"""The control API under ``/_peer/``: what a test or the demonstration may do to the peer. JSON in, JSON out.

POST faults    {"path": "/pay$", "method": "POST", "times": 1, "latency_ms": 0, "before": 500|503|429|"reset",
                "after": "drop"|500, "retry_after": 7, "garbage": true}; DELETE faults clears them
POST script    {"customer": "cus_…", "outcomes": ["insufficient_funds", "success"]}: one per attempt
POST card      {"customer": "cus_…", "card": "pm_card_visa"}: the customer changes the default card
POST bill      {"subscription": "sub_…"}: the renewal, with its first attempt; answers the invoice
POST event     {"type": "charge.refunded", "object": {…} or "ch_…"}: any event
POST object    {"kind": "dispute", "fields": {…}, "event": "charge.dispute.created"}
POST webhooks  {"url": …, "secret": …, "hold": true, "repeat": 2, "shuffle": true}; GET webhooks counts them
POST clock     {"ahead_seconds": 86400}: moves ``created`` times, never those of signatures
GET  ledger    every charge, decline, discount and plan change; GET health
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from peers.stripe.customers import attach
from peers.stripe.declines import KNOWN, SUCCESS
from peers.stripe.errors import bad_parameter
from peers.stripe.objects import Object
from peers.stripe.renewals import renew
from peers.stripe.world import World


def add_fault(world: World, body: Object) -> Object:
    return asdict(world.faults.add(**body))


def clear_faults(world: World, _body: Object) -> Object:
    world.faults.clear()
    return {"cleared": True}


def set_script(world: World, body: Object) -> Object:
    customer = world.find("customer", body["customer"])
    unknown = [outcome for outcome in body["outcomes"] if outcome != SUCCESS and outcome not in KNOWN]
    if unknown:
        raise bad_parameter(f"unknown outcomes: {unknown}; known: success, {', '.join(sorted(KNOWN))}")
    world.store.set(f"script:{customer['id']}", body["outcomes"])
    return {"customer": customer["id"], "outcomes": body["outcomes"]}


def change_card(world: World, body: Object) -> Object:
    """Attaches the card and makes it the default, as a customer does in the billing portal."""
    customer = world.find("customer", body["customer"])
    card = attach(world, body["card"], customer["id"])
    settings = {**customer["invoice_settings"], "default_payment_method": card["id"]}
    world.change(customer, "customer.updated", invoice_settings=settings)
    return {"customer": customer["id"], "payment_method": card["id"]}


def bill(world: World, body: Object) -> Object:
    return renew(world, body["subscription"])


def send_event(world: World, body: Object) -> Object:
    subject = body["object"]
    if isinstance(subject, str):
        subject = world.store.get(subject) or {}
    return world.emit(body["type"], subject)


def make_object(world: World, body: Object) -> Object:
    made = world.make(body["kind"], **body.get("fields", {}))
    return world.save(made, event=body.get("event"))


def steer_webhooks(world: World, body: Object) -> Object:
    for name in ("url", "secret", "hold", "repeat"):
        if name in body:
            world.store.set(f"webhook_{name}", body[name])
    if body.get("shuffle"):
        _shuffle(world)
    world.wake.set()
    return count_webhooks(world, {})


def _shuffle(world: World) -> None:
    db = world.store.db
    rows = db.execute("SELECT id, place FROM deliveries WHERE state='pending' ORDER BY id").fetchall()
    places = [place for _, place in rows]
    random.shuffle(places)
    db.executemany(
        "UPDATE deliveries SET place=? WHERE id=?",
        [(place, row[0]) for row, place in zip(rows, places, strict=True)],
    )


def count_webhooks(world: World, _body: Object) -> Object:
    rows = world.store.db.execute(
        "SELECT state, count(*), sum(attempts) FROM deliveries GROUP BY state"
    ).fetchall()
    counts = {state: number for state, number, _ in rows}
    return {
        "pending": counts.get("pending", 0),
        "delivered": counts.get("delivered", 0),
        "attempts": sum(attempts for _, _, attempts in rows),
        "held": world.store.setting("webhook_hold", False),
    }


def move_clock(world: World, body: Object) -> Object:
    world.store.set("clock_ahead", int(body["ahead_seconds"]))
    return {"now": world.now()}


def show_ledger(world: World, _body: Object) -> Object:
    return {"entries": world.store.ledger()}


def health(world: World, _body: Object) -> Object:
    return {"ok": True, "now": world.now()}


Control = Callable[[World, Object], Object]
CONTROL: Mapping[tuple[str, str], Control] = {
    ("POST", "faults"): add_fault,
    ("DELETE", "faults"): clear_faults,
    ("POST", "script"): set_script,
    ("POST", "card"): change_card,
    ("POST", "bill"): bill,
    ("POST", "event"): send_event,
    ("POST", "object"): make_object,
    ("POST", "webhooks"): steer_webhooks,
    ("GET", "webhooks"): count_webhooks,
    ("POST", "clock"): move_clock,
    ("GET", "ledger"): show_ledger,
    ("GET", "health"): health,
}


def steer(world: World, method: str, name: str, body: dict[str, Any]) -> Object:
    """Runs one control call as one transaction. Raises ApiFailure for what makes no sense."""
    handler = CONTROL.get((method, name))
    if handler is None:
        raise bad_parameter(f"no such control: {method} {name}; there are {sorted(CONTROL)}")
    with world.lock:
        world.key = world.request_id = None
        world.store.begin()
        try:
            answer = handler(world, body)
        except KeyError as absent:
            world.store.rollback()
            raise bad_parameter(f"missing or unknown: {absent}") from None
        except BaseException:
            world.store.rollback()
            raise
        world.store.commit()
    return answer
