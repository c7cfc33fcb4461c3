"""Subscriptions, renewals, attempts and what they tell."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import stripe

from peers.stripe import StripePeer
from peers.stripe.billing import months_later
from tests.contracts.payments_worlds import KEY, PRICE, Real


def _types(world: Real, since: int = 0) -> list[str]:
    events = world.client.v1.events.list({"limit": 100}).data
    return [str(event.type) for event in events][::-1][since:]


def test_a_new_subscription_is_paid_and_active(world: Real) -> None:
    subscription, _, _ = world.subscription()

    assert world.client.v1.subscriptions.retrieve(subscription).status == "active"
    assert [entry["amount"] for entry in world.peer.ledger("charge")] == [PRICE]
    assert {"customer.subscription.created", "invoice.paid", "payment_intent.succeeded"} <= set(_types(world))


def test_a_subscription_without_a_card_is_refused_and_leaves_nothing(world: Real) -> None:
    customer = world.client.v1.customers.create({"name": "Cardless"}).id

    with pytest.raises(stripe.InvalidRequestError, match="default_payment_method"):
        world.client.v1.subscriptions.create({"customer": customer, "items": [{"price": world.prices[0]}]})

    assert world.client.v1.invoices.list({"customer": customer}).data == []
    assert "customer.subscription.created" not in _types(world)


def test_a_first_invoice_that_is_declined_leaves_it_incomplete(world: Real) -> None:
    customer = world.customer("pm_card_decline_do_not_honor")
    made = world.client.v1.subscriptions.create({"customer": customer, "items": [{"price": world.prices[0]}]})

    assert made.status == "incomplete"


def test_a_declined_renewal_is_told_once_each_and_never_tried_again(world: Real) -> None:
    subscription, _, _ = world.subscription()
    customer = str(world.client.v1.subscriptions.retrieve(subscription).customer)
    before = len(_types(world))
    world.script(customer, ["insufficient_funds"])

    invoice = world.peer.control("POST", "bill", subscription=subscription)

    told = _types(world, before)
    assert [told.count(kind) for kind in ("charge.failed", "payment_intent.payment_failed")] == [1, 1]
    assert told.count("invoice.payment_failed") == 1
    assert (invoice["status"], invoice["attempt_count"], invoice["next_payment_attempt"]) == ("open", 1, None)
    assert world.client.v1.subscriptions.retrieve(subscription).status == "past_due"
    assert len(world.peer.ledger("decline")) == 1


def test_manual_attempts_do_not_count_as_stripes_own(world: Real) -> None:
    invoice = world.invoice("insufficient_funds", "success")

    world.payments.pay_invoice(invoice, key="k1")
    found = world.client.v1.invoices.retrieve(invoice)
    assert (found.attempt_count, len(world.peer.ledger("decline"))) == (1, 2)

    world.payments.pay_invoice(invoice, key="k2")
    subscription = str(found.to_dict()["parent"]["subscription_details"]["subscription"])
    assert world.client.v1.subscriptions.retrieve(subscription).status == "active"


def test_a_new_card_is_told_and_used(world: Real) -> None:
    invoice = world.invoice()
    customer = str(world.client.v1.invoices.retrieve(invoice).customer)
    card = world.peer.control("POST", "card", customer=customer, card="pm_card_mastercard")["payment_method"]

    assert _types(world)[-2:] == ["payment_method.attached", "customer.updated"]
    assert world.payments.pay_invoice(invoice, key="k1").paid
    charge = world.client.v1.charges.list({"customer": customer}).data[0]
    assert (charge.payment_method, charge.status) == (card, "succeeded")


def test_a_discount_makes_the_next_invoices_cheaper_until_it_ends(world: Real) -> None:
    subscription, _, _ = world.subscription()
    world.payments.discount(subscription, percent=50, months=3, key="d1")

    assert world.peer.control("POST", "bill", subscription=subscription)["amount_paid"] == PRICE // 2
    world.peer.control("POST", "clock", ahead_seconds=100 * 86_400)
    assert world.peer.control("POST", "bill", subscription=subscription)["amount_paid"] == PRICE


def test_a_free_plan_is_billed_without_a_payment(world: Real) -> None:
    subscription, _, free = world.subscription()
    world.payments.change_plan(subscription, price_id=free, key="p1")

    invoice = world.peer.control("POST", "bill", subscription=subscription)

    assert (invoice["status"], invoice["amount_due"]) == ("paid", 0)
    assert len(world.peer.ledger("charge")) == 1
    assert [entry["after"] for entry in world.peer.ledger("plan_change")] == [free]


def test_deleting_the_discount_as_the_operator_does(world: Real) -> None:
    subscription, _, _ = world.subscription()
    world.payments.discount(subscription, percent=50, months=3, key="d1")

    world.client.v1.subscriptions.delete_discount(subscription)

    assert world.client.v1.subscriptions.retrieve(subscription).discounts == []
    with pytest.raises(stripe.InvalidRequestError):
        world.client.v1.subscriptions.delete_discount(subscription)


def test_a_canceled_subscription_is_neither_billed_nor_changed(world: Real) -> None:
    subscription, _, other = world.subscription()
    world.client.v1.subscriptions.cancel(subscription)

    with pytest.raises(stripe.InvalidRequestError, match="canceled"):
        world.client.v1.subscriptions.update(subscription, {"metadata": {"a": "b"}})
    assert world.client.v1.subscriptions.list().data == []
    assert [found.id for found in world.client.v1.subscriptions.list({"status": "all"})] == [subscription]
    assert other


def test_a_restart_continues_with_everything(tmp_path: Path) -> None:
    with StripePeer(tmp_path) as peer:
        world = Real(peer)
        invoice = world.invoice("insufficient_funds", "success")
        declined = world.payments.pay_invoice(invoice, key="k1")
    with StripePeer(tmp_path) as peer:
        world.peer, world.payments = peer, type(world.payments)(KEY, peer.url)

        assert world.payments.pay_invoice(invoice, key="k1") == declined
        assert world.payments.pay_invoice(invoice, key="k2").paid
        assert world.charges(invoice) == 1


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ((2026, 1, 31), 1, (2026, 2, 28)),
        ((2026, 11, 30), 3, (2027, 2, 28)),
        ((2028, 1, 31), 1, (2028, 2, 29)),
    ],
)
def test_months_end_on_the_last_day_where_the_day_is_missing(
    start: tuple[int, int, int], months: int, end: tuple[int, int, int]
) -> None:
    moment = int(datetime(*start, tzinfo=UTC).timestamp())

    assert months_later(moment, months) == int(datetime(*end, tzinfo=UTC).timestamp())
