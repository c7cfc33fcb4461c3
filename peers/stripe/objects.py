"""Objects built from Stripe's published examples: a copy, emptied of the example's accidents, then filled."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from peers.stripe.errors import bad_parameter
from peers.stripe.store import Store

API_VERSION = "2026-10-28.endive"
Object = dict[str, Any]

_FIXTURES: dict[str, Object] = json.loads(Path(__file__).with_name("fixtures.json").read_text())["resources"]
_ALPHABET = string.ascii_letters + string.digits
_PREFIX = {
    "customer": "cus",
    "payment_method": "pm",
    "product": "prod",
    "price": "price",
    "coupon": "",
    "discount": "di",
    "subscription": "sub",
    "subscription_item": "si",
    "invoice": "in",
    "line_item": "il",
    "invoice_payment": "inpay",
    "payment_intent": "pi",
    "charge": "ch",
    "event": "evt",
    "dispute": "du",
    "checkout.session": "cs_test",
    "refund": "re",
}
# What the examples show only to show that it can be there.
_EMPTIED: dict[str, Object] = {
    "customer": {"discount": None, "shipping": None, "currency": None},
    "product": {"package_dimensions": None, "default_price": None, "description": None},
    "price": {"custom_unit_amount": None, "transform_quantity": None},
    "coupon": {"redeem_by": None, "duration_in_months": None, "percent_off": None, "currency": None},
    "discount": {"end": None},
    "payment_method": {"metadata": {}, "customer": None},
    "subscription": {
        "billing_cycle_anchor_config": None,
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "ended_at": None,
        "managed_payments": None,
        "next_pending_invoice_item_invoice": None,
        "pause_collection": None,
        "pending_invoice_item_interval": None,
        "pending_update": None,
        "transfer_data": None,
        "trial_end": None,
        "trial_start": None,
    },
    "subscription_item": {"billing_thresholds": None},
    "invoice": {
        "amount_overpaid": 0,
        "customer_shipping": None,
        "due_date": None,
        "effective_at": None,
        "from_invoice": None,
        "last_finalization_error": None,
        "next_payment_attempt": None,
        "shipping_cost": None,
        "shipping_details": None,
        "webhooks_delivered_at": None,
    },
    "payment_intent": {
        "canceled_at": None,
        "last_payment_error": None,
        "managed_payments": None,
        "next_action": None,
        "processing": None,
        "shipping": None,
        "transfer_data": None,
    },
    "charge": {"receipt_url": None, "shipping": None, "source": None, "transfer_data": None},
    "line_item": {"quantity_decimal": "1"},
    "checkout.session": {},
}
# Gone from the API long ago, though the examples still carry it.
_REMOVED = {"invoice": ("subscription",)}


def new_id(kind: str) -> str:
    token = "".join(secrets.choice(_ALPHABET) for _ in range(24))
    prefix = _PREFIX[kind]
    return f"{prefix}_{token}" if prefix else token[:8].upper()


def make(kind: str, *, now: int, **fields: Any) -> Object:
    """A new object of ``kind`` with Stripe's shape. ``fields`` replace; ``id`` is made when not given."""
    body = deepcopy(_FIXTURES[kind])
    body.update(deepcopy(_EMPTIED.get(kind, {})))
    for name in _REMOVED.get(kind, ()):
        body.pop(name, None)
    if "created" in body:
        body["created"] = now
    body["id"] = fields.pop("id", None) or new_id(kind)
    unknown = [name for name in fields if name not in body]
    if unknown:
        raise KeyError(f"Stripe's example of {kind} has no {unknown}")
    body.update(fields)
    return body


def listing(url: str, data: Sequence[Object], *, has_more: bool = False) -> Object:
    return {"object": "list", "url": url, "has_more": has_more, "data": list(data)}


def expanded(store: Store, body: Object, paths: Sequence[str]) -> Object:
    """``body`` with the asked-for references replaced by their objects; 400 for what is no reference."""
    out = deepcopy(body)
    for path in paths:
        parts = path.split(".")
        if len(parts) > 4:
            raise bad_parameter(f"You cannot expand more than 4 levels of a property: {path}", param="expand")
        _expand(store, out, parts, path)
    return out


def _expand(store: Store, node: Any, parts: list[str], path: str) -> None:
    if isinstance(node, list):
        for item in node:
            _expand(store, item, parts, path)
        return
    name, rest = parts[0], parts[1:]
    if isinstance(node, dict) and name == "payments" and node.get("object") == "invoice":
        node.setdefault("payments", payments_of(store, node["id"]))
    if not isinstance(node, dict) or name not in node:
        raise bad_parameter(f"This property cannot be expanded ({path}).", param="expand")
    node[name] = _resolved(store, node[name], path, final=not rest)
    if rest and node[name] is not None:
        _expand(store, node[name], rest, path)


def _resolved(store: Store, value: Any, path: str, *, final: bool) -> Any:
    if isinstance(value, list):
        return [_resolved(store, item, path, final=final) for item in value]
    if isinstance(value, str):
        found = store.get(value)
        if found is None:
            raise bad_parameter(f"This property cannot be expanded ({path}).", param="expand")
        return found
    if final and isinstance(value, (int, float)):
        raise bad_parameter(f"This property cannot be expanded ({path}).", param="expand")
    return value


def payments_of(store: Store, invoice_id: str) -> Object:
    found = store.select("invoice_payment", "parent=?", (invoice_id,))
    return listing(f"/v1/invoice_payments?invoice={invoice_id}", list(found))
