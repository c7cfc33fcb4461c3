"""What only the real client on the local Stripe can show."""

from __future__ import annotations

import ast
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import stripe

from apps.billing.signature import BadSignature, verify
from peers.stripe.webhooks import signature
from tests.contracts.payments_worlds import Real, real
from workers.gateways import stripe as gateway_module
from workers.gateways.stripe import StripePayments
from workers.ports import Refused, Unavailable, Unknown

FIXTURES = Path(__file__).parents[2] / "peers" / "stripe" / "fixtures.json"


@pytest.fixture
def world() -> Iterator[Real]:
    with real() as found:
        yield found


@pytest.mark.parametrize("key", ["sk_live_wrong", "nonsense"])
def test_a_bad_key_is_the_operators_to_mend(world: Real, key: str) -> None:
    invoice = world.invoice("success")

    with pytest.raises(Unavailable, match="STRIPE_API_KEY"):
        StripePayments(key, world.peer.url).pay_invoice(invoice, key="k1")


def test_a_refused_connection_was_never_sent() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Unavailable, match="cannot be reached"):
            StripePayments("sk_test_x", url).pay_invoice("in_1", key="k1")


@pytest.mark.parametrize("fault", [{"before": 500}, {"before": 503}, {"garbage": True}, {"before": "reset"}])
def test_a_failed_read_is_never_in_doubt(world: Real, fault: dict[str, Any]) -> None:
    invoice = world.invoice("success")
    world.peer.control("POST", "faults", method="GET", **fault)

    with pytest.raises(Unavailable):
        world.payments.retrieve("invoice", invoice)


def test_a_failed_read_before_a_change_leaves_the_change_undone(world: Real) -> None:
    subscription, _, other = world.subscription()
    world.peer.control("POST", "faults", method="GET", path="/subscriptions/", before="reset")

    with pytest.raises(Unavailable):
        world.payments.change_plan(subscription, price_id=other, key="p1")

    assert world.peer.ledger("plan_change") == []


def test_a_coupon_that_could_not_be_made_leaves_the_discount_undone(world: Real) -> None:
    subscription, _, _ = world.subscription()
    world.peer.control("POST", "faults", method="POST", path="/coupons", before=500)

    with pytest.raises(Unavailable):
        world.payments.discount(subscription, percent=50, months=3, key="d1")

    assert world.payments.discount(subscription, percent=50, months=3, key="d1").percent == 50


def test_a_key_in_use_is_unknown_until_it_is_free(world: Real) -> None:
    invoice = world.invoice("success")
    assert world.peer.api.reserve("k1")  # another request under this key is being served

    with pytest.raises(Unknown, match="still being carried out"):
        world.payments.pay_invoice(invoice, key="k1")
    assert world.charges(invoice) == 0

    world.peer.api.release("k1")
    assert world.payments.pay_invoice(invoice, key="k1").paid


def test_an_attempt_whose_event_is_forgotten_stays_unknown(world: Real) -> None:
    invoice = world.invoice("insufficient_funds")
    world.payments.pay_invoice(invoice, key="k1")
    for event in world.client.v1.events.list({"type": "charge.failed"}):
        world.peer.world.store.delete(event.id)

    with pytest.raises(Unknown, match="no longer tell"):
        world.payments.charge_made(invoice, "k1")


def test_while_the_bank_is_asked_only_known_attempts_are_told(world: Real) -> None:
    invoice = world.invoice("insufficient_funds")
    intent = world.payments.pay_invoice(invoice, key="k1").payment_intent_id
    store = world.peer.world.store
    store.put({**(store.get(intent) or {}), "status": "requires_action"})

    told = world.payments.charge_made(invoice, "k1")
    assert told is not None
    assert told.decline_code == "insufficient_funds"
    with pytest.raises(Unknown, match="waits for"):
        world.payments.charge_made(invoice, "k2")


def test_nobody_has_a_card_is_a_decline_of_its_own(world: Real) -> None:
    customer = world.client.v1.customers.create({"name": "Cardless"}).id
    subscription = world.client.v1.subscriptions.create(
        {"customer": customer, "items": [{"price": world.prices[0]}], "trial_period_days": 14}
    )
    invoice = world.peer.control("POST", "bill", subscription=subscription.id)

    charge = world.payments.pay_invoice(invoice["id"], key="k1")

    assert (charge.paid, charge.decline_code) == (False, "payment_method_missing")


def test_the_advice_of_the_issuer_comes_along(world: Real) -> None:
    invoice = world.invoice("lost_card", "insufficient_funds")

    assert world.payments.pay_invoice(invoice, key="k1").advice_code == "do_not_try_again"
    assert world.payments.pay_invoice(invoice, key="k2").advice_code == "try_again_later"


def test_the_operators_own_discount_stays(world: Real) -> None:
    subscription, _, _ = world.subscription()
    world.client.v1.coupons.create({"id": "friend", "percent_off": 10, "duration": "forever"})
    world.client.v1.subscriptions.update(subscription, {"discounts": [{"coupon": "friend"}]})

    world.payments.discount(subscription, percent=50, months=3, key="d1")
    assert _coupons(world, subscription) == {"friend", "apex-50pct-3mo"}

    world.payments.end_discount(subscription, key="e1")
    assert _coupons(world, subscription) == {"friend"}


def _coupons(world: Real, subscription: str) -> set[str]:
    found: Any = world.payments.retrieve("subscription", subscription)
    return {discount["source"]["coupon"] for discount in found["discounts"]}


def test_a_subscription_of_several_prices_is_left_to_the_operator(world: Real) -> None:
    made = world.client.v1.subscriptions.create(
        {"customer": world.customer(), "items": [{"price": world.prices[0]}, {"price": world.prices[0]}]}
    )

    with pytest.raises(Refused, match="by hand"):
        world.payments.change_plan(made.id, price_id=world.prices[1], key="p1")


def test_retrieved_invoices_carry_the_reason_of_the_last_decline(world: Real) -> None:
    invoice = world.invoice("expired_card")
    world.payments.pay_invoice(invoice, key="k1")

    found: Any = world.payments.retrieve("invoice", invoice)

    json.dumps(found)
    intent = found["payments"]["data"][0]["payment"]["payment_intent"]
    assert intent["last_payment_error"]["decline_code"] == "expired_card"
    assert found["parent"]["subscription_details"]["subscription"].startswith("sub_")


@pytest.mark.parametrize("kind", ["dispute", "checkout.session"])
def test_disputes_and_checkouts_are_read(world: Real, kind: str) -> None:
    made = world.peer.control("POST", "object", kind=kind)

    assert world.payments.retrieve(kind, made["id"])["id"] == made["id"]


def test_an_unheard_of_kind_is_refused(world: Real) -> None:
    with pytest.raises(Refused, match="not read"):
        world.payments.retrieve("teapot", "t_1")


def _paths_read() -> set[str]:
    folder = Path(gateway_module.__file__).parent
    paths: set[str] = set()
    for name in ("stripe.py", "stripe_lookup.py", "stripe_reading.py"):
        for node in ast.walk(ast.parse((folder / name).read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "read":
                place = node.args[1]
                assert isinstance(place, ast.Constant), f"{name}: read() takes its path literally"
                paths.add(str(place.value))
    return paths


@pytest.mark.parametrize("path", sorted(_paths_read()))
def test_every_field_the_gateway_reads_is_in_stripes_examples(path: str) -> None:
    node: Any = json.loads(FIXTURES.read_text())["resources"]
    typed: Any = None
    for name in path.split("."):
        if isinstance(node, dict) and name in node:
            node = node[name]
        else:  # optional in the examples: then the SDK's own class must declare it
            typed = (
                stripe.InvoicePayment.Payment.__annotations__ if "invoice_payment.payment." in path else {}
            )
            assert name in typed, f"Stripe has no {path}"


def test_our_signature_check_agrees_with_stripes() -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    payload, secret = '{"id": "evt_1", "größe": "ü"}', "whsec_test"
    stamp = int(now.timestamp())
    theirs = stripe.WebhookSignature.generate_signature_header(payload, secret, stamp)

    assert signature(payload.encode(), secret, stamp) == theirs
    verify(payload.encode(), theirs, secret, now)
    with pytest.raises(BadSignature):
        verify(payload.encode() + b" ", theirs, secret, now)
    with pytest.raises(BadSignature):
        verify(payload.encode(), theirs, "whsec_other", now)
    with pytest.raises(BadSignature):
        verify(payload.encode(), theirs, secret, now + timedelta(seconds=301))
    verify(payload.encode(), theirs, secret, now + timedelta(seconds=300))
