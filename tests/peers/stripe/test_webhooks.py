"""Signed events: delivered until taken, repeated and reordered on demand, listed when they were missed."""

from __future__ import annotations

import stripe

from tests.contracts.payments_worlds import Real
from tests.peers.stripe.conftest import Receiver

SECRET = "whsec_peer"


def _listen(world: Real, receiver: Receiver, **steering: object) -> None:
    world.peer.control("POST", "webhooks", url=receiver.url, secret=SECRET, **steering)


def test_events_arrive_in_order_with_a_signature_stripe_accepts(world: Real, receiver: Receiver) -> None:
    _listen(world, receiver)
    invoice = world.invoice("success")
    world.payments.pay_invoice(invoice, key="k1")
    assert world.peer.settled()

    for _, body, header in receiver.got:
        assert stripe.WebhookSignature.verify_header(body, header, SECRET, 300)
    listed = [event.type for event in world.client.v1.events.list({"limit": 100})][::-1]
    assert receiver.types == listed[-len(receiver.types) :]
    paid = [event for event, _, _ in receiver.got if event["type"] == "invoice.paid"][-1]
    assert paid["request"]["idempotency_key"] == "k1"
    assert (paid["data"]["object"]["id"], paid["data"]["object"]["status"]) == (invoice, "paid")


def test_a_refused_delivery_comes_again_and_is_listed_until_then(world: Real, receiver: Receiver) -> None:
    receiver.refusals = 1
    _listen(world, receiver, hold=True)
    created = world.client.v1.customers.create({"name": "Ada"}).id
    missed = world.client.v1.events.list({"delivery_success": False})
    assert [event.type for event in missed] == ["customer.created"]

    world.peer.control("POST", "webhooks", hold=False)
    assert world.peer.settled()

    assert [event["data"]["object"]["id"] for event, _, _ in receiver.got] == [created]
    assert world.peer.control("GET", "webhooks")["attempts"] == 2
    assert world.client.v1.events.list({"delivery_success": False}).data == []


def test_each_event_repeated_on_demand(world: Real, receiver: Receiver) -> None:
    _listen(world, receiver, repeat=3)
    world.client.v1.customers.create({"name": "Ada"})
    assert world.peer.settled()

    assert len(receiver.got) == 3
    assert len({event["id"] for event, _, _ in receiver.got}) == 1


def test_held_events_can_be_shuffled_and_all_arrive(world: Real, receiver: Receiver) -> None:
    _listen(world, receiver, hold=True)
    sent = [world.client.v1.customers.create({"name": str(number)}).id for number in range(30)]

    world.peer.control("POST", "webhooks", shuffle=True, hold=False)
    assert world.peer.settled()

    got = [event["data"]["object"]["id"] for event, _, _ in receiver.got]
    assert sorted(got) == sorted(sent)
    assert got != sent  # by chance the same once in 30!


def test_any_event_can_be_sent(world: Real, receiver: Receiver) -> None:
    _listen(world, receiver)
    world.peer.control("POST", "event", type="made.up", object={"id": "x", "object": "thing"})
    world.peer.control("POST", "object", kind="dispute", fields={}, event="charge.dispute.created")
    assert world.peer.settled()

    assert receiver.types == ["made.up", "charge.dispute.created"]
