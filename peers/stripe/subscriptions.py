"""Subscriptions: items, discounts, trial, pause, cancelling, and the renewal that bills one."""

from __future__ import annotations

from typing import Any

from peers.stripe.billing import create_invoice, period_end
from peers.stripe.customers import attach
from peers.stripe.discounts import delete_discount, discounts_after
from peers.stripe.errors import invalid, missing
from peers.stripe.objects import Object, listing
from peers.stripe.params import BOOL, INT, MAP, STR, Spec, Unset
from peers.stripe.payments import method_for
from peers.stripe.renewals import collect
from peers.stripe.routes import LIST, ONE, Route, page
from peers.stripe.world import World, merged

DAY = 86_400


def _item(world: World, subscription: str, wanted: Object, start: int, end: int | None) -> Object:
    price = world.referred("price", wanted["price"], "items[0][price]")
    if price["recurring"] is None:
        raise invalid(
            f"The price specified is set to `type=one_time` but this field only accepts prices with "
            f"`type=recurring`. ({price['id']})",
            param="items[0][price]",
        )
    item = world.make(
        "subscription_item",
        price=price,
        quantity=wanted.get("quantity", 1),
        subscription=subscription,
        metadata=wanted.get("metadata", {}),
        current_period_start=start,
        current_period_end=end or period_end(start, price),
    )
    return {**item, "plan": _plan(price)}


def _plan(price: Object) -> Object:
    """The old name of a price, which items still carry."""
    shared = (
        "id",
        "active",
        "billing_scheme",
        "created",
        "currency",
        "livemode",
        "metadata",
        "nickname",
        "product",
    )
    return {
        **{name: price[name] for name in shared},
        "object": "plan",
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "interval": price["recurring"]["interval"],
        "interval_count": price["recurring"]["interval_count"],
        "usage_type": price["recurring"]["usage_type"],
        "meter": None,
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": None,
    }


def create(world: World, params: Object) -> Object:
    """With a trial: trialing, no invoice to pay. Without: the first invoice is tried at once; a decline
    leaves the subscription incomplete (Stripe's default, allow_incomplete)."""
    customer = world.referred("customer", params["customer"], "customer")
    now, trial = world.now(), params.get("trial_period_days", 0)
    body = world.make("subscription", customer=customer["id"], metadata=params.get("metadata", {}))
    end = now + trial * DAY if trial else None
    items = [_item(world, body["id"], wanted, now, end) for wanted in params["items"]]
    body["items"] = listing(f"/v1/subscription_items?subscription={body['id']}", items)
    body.update(
        currency=items[0]["price"]["currency"],
        status="trialing" if trial else "incomplete",
        start_date=now,
        billing_cycle_anchor=end or now,
        trial_start=now if trial else None,
        trial_end=end,
    )
    if card := params.get("default_payment_method"):
        body["default_payment_method"] = attach(world, card, customer["id"], param="default_payment_method")[
            "id"
        ]
    body["discounts"] = discounts_after(world, body, params.get("discounts") or [])
    world.save(body, event="customer.subscription.created")
    if not trial:
        invoice = create_invoice(world, body, "subscription_create")
        if invoice["amount_due"]:
            method_for(world, invoice, None)  # Stripe refuses to begin without a card
        collect(world, invoice)
    return world.find("subscription", body["id"])


def _live(world: World, subscription: str) -> Object:
    body = world.find("subscription", subscription, param="id")
    if body["status"] in ("canceled", "incomplete_expired"):
        raise invalid("A canceled subscription can only update its cancellation_details and metadata.")
    return body


def update(world: World, params: Object, subscription: str) -> Object:
    body = _live(world, subscription)
    fields: dict[str, Any] = {}
    if "metadata" in params:
        fields["metadata"] = merged(body["metadata"], params["metadata"])
    for name in ("cancel_at_period_end", "pause_collection", "default_payment_method"):
        if name in params:
            fields[name] = params[name]
    if pause := fields.get("pause_collection"):
        pause.setdefault("resumes_at", None)
    if "discounts" in params:
        fields["discounts"] = discounts_after(world, body, params["discounts"] or [])
    if "items" in params:
        fields["items"] = {**body["items"], "data": _changed_items(world, body, params["items"])}
    return world.change(body, "customer.subscription.updated", **fields)


def _changed_items(world: World, body: Object, wanted: list[Object]) -> list[Object]:
    items = {item["id"]: dict(item) for item in body["items"]["data"]}
    for place, entry in enumerate(wanted):
        item = items.get(entry.get("id", ""))
        if item is None:
            raise missing("subscription_item", entry.get("id", ""), param=f"items[{place}][id]", status=400)
        if "price" in entry and entry["price"] != item["price"]["id"]:
            price = world.referred("price", entry["price"], f"items[{place}][price]")
            world.store.book(
                "plan_change",
                subscription=body["id"],
                before=item["price"]["id"],
                after=price["id"],
                key=world.key,
                at=world.now(),
            )
            item.update(price=price, plan=_plan(price))
        item["quantity"] = entry.get("quantity", item["quantity"])
    return list(items.values())


def cancel(world: World, params: Object, subscription: str) -> Object:
    body = world.find("subscription", subscription, param="id")
    if body["status"] == "canceled":
        raise missing("subscription", subscription)
    details = {
        **body["cancellation_details"],
        "reason": "cancellation_requested",
        **params.get("cancellation_details", {}),
    }
    now = world.now()
    body.update(status="canceled", canceled_at=now, ended_at=now, cancellation_details=details)
    return world.save(body, event="customer.subscription.deleted")


def list_subscriptions(world: World, params: Object) -> Object:
    """Without ``status`` the canceled ones are left out, as Stripe does; ``all`` shows everything."""
    where, values = ["1"], list[Any]()
    if "customer" in params:
        where.append("customer = ?")
        values.append(params["customer"])
    status = params.get("status")
    if status is None:
        where.append("status != 'canceled'")
    elif status != "all":
        where.append("status = ?")
        values.append(status)
    return page(world, "subscription", "/v1/subscriptions", params, where, values)


_STATUS = (
    "all",
    "active",
    "past_due",
    "trialing",
    "canceled",
    "incomplete",
    "incomplete_expired",
    "unpaid",
    "paused",
    "ended",
)
_NEW_ITEM: Spec = {"price!": STR, "quantity": INT, "metadata": MAP}
_OLD_ITEM: Spec = {"id": STR, "price": STR, "quantity": INT, "metadata": MAP}
_DISCOUNTS = Unset([{"coupon": STR, "discount": STR}])
_CREATE: Spec = {
    "customer!": STR,
    "items!": [_NEW_ITEM],
    "metadata": MAP,
    "trial_period_days": INT,
    "default_payment_method": STR,
    "discounts": _DISCOUNTS,
    "off_session": BOOL,
    "payment_behavior": ("allow_incomplete",),
    "expand": [STR],
}
_UPDATE: Spec = {
    "metadata": MAP,
    "items": [_OLD_ITEM],
    "discounts": _DISCOUNTS,
    "proration_behavior": ("none", "create_prorations", "always_invoice"),
    "cancel_at_period_end": BOOL,
    "pause_collection": Unset(
        {"behavior!": ("keep_as_draft", "mark_uncollectible", "void"), "resumes_at": INT}
    ),
    "default_payment_method": STR,
    "expand": [STR],
}
_CANCEL: Spec = {
    "cancellation_details": {"comment": STR, "feedback": STR},
    "invoice_now": BOOL,
    "prorate": BOOL,
    "expand": [STR],
}


def retrieve(world: World, _params: Object, subscription: str) -> Object:
    return world.find("subscription", subscription)


ROUTES = [
    Route("POST", "/v1/subscriptions", create, _CREATE, "SubscriptionCreateParams"),
    Route(
        "GET",
        "/v1/subscriptions",
        list_subscriptions,
        {**LIST, "customer": STR, "status": _STATUS},
        "SubscriptionListParams",
    ),
    Route("GET", "/v1/subscriptions/{}", retrieve, ONE, "SubscriptionRetrieveParams"),
    Route("POST", "/v1/subscriptions/{}", update, _UPDATE, "SubscriptionUpdateParams"),
    Route("DELETE", "/v1/subscriptions/{}", cancel, _CANCEL, "SubscriptionCancelParams"),
    Route("DELETE", "/v1/subscriptions/{}/discount", delete_discount, {}, "SubscriptionDeleteDiscountParams"),
]
