"""Discounts on a subscription: redeemed from coupons, kept, ended; each booked in the ledger."""

from __future__ import annotations

from peers.stripe.billing import months_later
from peers.stripe.errors import invalid, missing
from peers.stripe.objects import Object
from peers.stripe.world import World


def discounts_after(world: World, subscription: Object, wanted: list[Object]) -> list[str]:
    """Ids of the discounts after the change: those kept by ``discount``, new ones from ``coupon``."""
    kept: list[str] = []
    for place, entry in enumerate(wanted):
        if "discount" in entry:
            if entry["discount"] not in subscription["discounts"]:
                raise missing(
                    "discount", entry["discount"], param=f"discounts[{place}][discount]", status=400
                )
            kept.append(entry["discount"])
        else:
            kept.append(_redeem(world, subscription, entry["coupon"], place))
    for gone in set(subscription["discounts"]) - set(kept):
        _drop(world, subscription, gone)
    return kept


def _redeem(world: World, subscription: Object, coupon_id: str, place: int) -> str:
    coupon = world.referred("coupon", coupon_id, f"discounts[{place}][coupon]")
    if not coupon["valid"]:
        raise invalid(f"Coupon expired: {coupon_id}", code="coupon_expired")
    now, months = world.now(), coupon["duration_in_months"]
    discount = world.make(
        "discount",
        customer=subscription["customer"],
        subscription=subscription["id"],
        start=now,
        end=months_later(now, months) if months else None,
        source={"type": "coupon", "coupon": coupon_id},
    )
    world.save(discount, event="customer.discount.created")
    coupon["times_redeemed"] += 1
    world.save(coupon)
    world.store.book(
        "discount",
        subscription=subscription["id"],
        coupon=coupon_id,
        discount=discount["id"],
        key=world.key,
        at=now,
    )
    return str(discount["id"])


def _drop(world: World, subscription: Object, discount_id: str) -> Object:
    gone = world.find("discount", discount_id)
    world.store.delete(discount_id)
    world.store.book(
        "discount_ended",
        subscription=subscription["id"],
        discount=discount_id,
        coupon=gone["source"]["coupon"],
        key=world.key,
        at=world.now(),
    )
    world.emit("customer.discount.deleted", gone)
    return gone


def delete_discount(world: World, _params: Object, subscription: str) -> Object:
    body = world.find("subscription", subscription, param="subscription")
    if not body["discounts"]:
        raise missing("discount", subscription, param="subscription")
    gone = [_drop(world, body, found) for found in body["discounts"]][-1]
    world.change(body, "customer.subscription.updated", discounts=[])
    return {**{name: value for name, value in gone.items() if name != "end"}, "deleted": True}
