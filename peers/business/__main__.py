"""``python -m peers.business prices`` makes what is sold, ``… begin`` the past, and ``… go-on`` lives on.

``go-on`` runs from day to day until it is ended.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from typing import Any

from peers.business.clients import Apex, Stripe
from peers.business.people import PRICES, Person, day_of_usage, everybody

DAYS = 60
NEW_CARD_TURN = 6
FAILED_AGO = timedelta(days=2, hours=6)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["prices", "begin", "go-on"])
    parser.add_argument("--apex-url", required=True)
    parser.add_argument("--stripe-url", required=True)
    parser.add_argument("--stripe-key", required=True)
    options = parser.parse_args()
    apex = Apex(options.apex_url, os.environ["APEX_API_KEY"])
    stripe = Stripe(options.stripe_url, options.stripe_key)
    if options.what == "prices":
        print(json.dumps(prices_of(stripe)))
    elif options.what == "begin":
        begin(apex, stripe)
        print("{}")
    else:
        go_on(apex, stripe)


def begin(apex: Apex, stripe: Stripe) -> None:
    """Customers with paid subscriptions, sixty days of usage, and a renewal two days ago at which some cards
    failed. Doing it twice changes nothing."""
    people, now = everybody(), datetime.now(UTC)
    stripe.steer("webhooks", hold=True)
    stripe.steer("clock", ahead_seconds=-int(timedelta(days=32).total_seconds()))
    prices = prices_of(stripe)
    accounts = {person.number: _account(stripe, person, prices) for person in people}
    _tell_customers(apex, people, accounts, now)
    events = [
        event for person in people for ago in range(DAYS, -1, -1) for event in day_of_usage(person, now, ago)
    ]
    for some in _chunks(events, 1000):
        apex.post("events/", {"events": some})
    stripe.steer("clock", ahead_seconds=-int(FAILED_AGO.total_seconds()))
    for person in people:
        customer, subscription = accounts[person.number]
        if person.card:
            stripe.steer("script", customer=customer, outcomes=list(person.card))
            stripe.steer("bill", subscription=subscription)
    stripe.steer("clock", ahead_seconds=0)
    stripe.steer("webhooks", hold=False)
    while stripe.look("webhooks")["pending"]:
        time.sleep(0.5)


def go_on(apex: Apex, stripe: Stripe, every: float = 20.0) -> None:
    """A little usage now and then, so that the pages move; and after two minutes somebody whose card has
    expired gives a new one."""
    people = everybody()
    lively = [person for person in people if person.mood in ("steady", "growing")]
    draw = random.Random()
    for turn in count():
        now = datetime.now(UTC)
        some = draw.sample(lively, 5)
        apex.post("events/", {"events": [_moment(person, now, draw) for person in some]})
        if turn == NEW_CARD_TURN:
            _give_new_card(stripe, next(person for person in people if "expired_card" in person.card))
        time.sleep(every)


def _give_new_card(stripe: Stripe, person: Person) -> None:
    customer = stripe.create("customers", _customer(person), f"demo-customer-{person.number}")
    stripe.steer("card", customer=customer["id"], card="pm_card_visa")


def _moment(person: Person, now: datetime, draw: random.Random) -> dict[str, Any]:
    return {
        "customer": person.external_id,
        "kind": draw.choice(["impression", "api_call", "dashboard_view"]),
        "quantity": draw.randint(1, 50),
        "occurred_at": now.isoformat(),
        "id": f"live-{person.external_id}-{now:%Y%m%d%H%M%S%f}",
    }


def prices_of(stripe: Stripe) -> dict[str, str]:
    """The Stripe price that sells each plan; made once."""
    prices = {}
    for plan, amount in {"free": 0, **PRICES}.items():
        product = stripe.create("products", {"name": plan.title()}, f"demo-product-{plan}")
        price = stripe.create(
            "prices",
            {
                "product": product["id"],
                "unit_amount": amount,
                "currency": "usd",
                "recurring": {"interval": "month"},
                "nickname": plan,
            },
            f"demo-price-{plan}",
        )
        prices[plan] = price["id"]
    return prices


def _customer(person: Person) -> dict[str, Any]:
    return {
        "name": person.name,
        "email": person.email,
        "payment_method": "pm_card_visa",
        "invoice_settings": {"default_payment_method": "pm_card_visa"},
        "metadata": {"external_id": person.external_id},
    }


def _account(stripe: Stripe, person: Person, prices: dict[str, str]) -> tuple[str, str]:
    customer = stripe.create("customers", _customer(person), f"demo-customer-{person.number}")
    subscription = stripe.create(
        "subscriptions",
        {"customer": customer["id"], "items": [{"price": prices[person.plan]}]},
        f"demo-subscription-{person.number}",
    )
    return customer["id"], subscription["id"]


def _tell_customers(
    apex: Apex, people: list[Person], accounts: dict[int, tuple[str, str]], now: datetime
) -> None:
    rows = []
    for person in people:
        signed_up = now - timedelta(days=30 * person.months - 25 if person.months > 1 else 5)
        rows.append(
            {
                "external_id": person.external_id,
                "name": person.name,
                "email": person.email,
                "company": person.company,
                "plan": person.plan,
                "base_price_minor": PRICES[person.plan],
                "currency": "USD",
                "status": "active",
                "country": person.country,
                "marketing_consent": person.number % 9 != 0,
                "stripe_customer_id": accounts[person.number][0],
                "signed_up_at": signed_up.isoformat(),
                "activated_at": (signed_up + timedelta(days=1)).isoformat(),
                "acquisition_channel": ["search", "friend", "blog", "conference"][person.number % 4],
            }
        )
    apex.post("customers/", {"customers": rows})


def _chunks(rows: list[dict[str, object]], size: int) -> Iterator[list[dict[str, object]]]:
    rest = iter(rows)
    while some := list(islice(rest, size)):
        yield some


if __name__ == "__main__":
    main()
