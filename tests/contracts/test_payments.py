"""What every payments gateway must do: one suite for the scripted one and for the real client."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.contracts.payments_worlds import PRICE, Breakage, Scripted, World, real
from workers.ports import Refused, Unavailable, Unknown

DECLINES = [
    "insufficient_funds", "do_not_honor", "generic_decline", "expired_card", "incorrect_cvc", "lost_card",
    "stolen_card", "highest_risk_level", "authentication_required", "processing_error",
    "revocation_of_authorization",
]  # fmt: skip
LOST: list[Breakage] = ["lost_answer", "garbage", "timeout"]


@pytest.fixture(params=["scripted", "real"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "scripted":
        yield Scripted()
        return
    with real() as found:
        yield found


def test_a_good_card_pays_the_invoice(world: World) -> None:
    invoice = world.invoice("success")

    charge = world.payments.pay_invoice(invoice, key="k1")

    assert (charge.invoice_id, charge.paid, charge.amount_minor, charge.currency) == (
        invoice,
        True,
        PRICE,
        "usd",
    )
    assert charge.payment_intent_id
    assert charge.decline_code == ""
    assert world.charges(invoice) == 1


@pytest.mark.parametrize("code", DECLINES)
def test_a_decline_is_an_answer_with_its_code(world: World, code: str) -> None:
    invoice = world.invoice(code)

    charge = world.payments.pay_invoice(invoice, key="k1")

    assert (charge.paid, charge.decline_code, charge.amount_minor) == (False, code, PRICE)
    assert charge.message
    assert world.charges(invoice) == 0


@pytest.mark.parametrize("status", ["paid", "void"])
def test_what_is_paid_or_void_is_refused(world: World, status: str) -> None:
    invoice = world.invoice("success")
    world.settle(invoice, status)

    with pytest.raises(Refused):
        world.payments.pay_invoice(invoice, key="k1")

    assert world.charges(invoice) == 0


def test_an_unknown_invoice_is_refused(world: World) -> None:
    with pytest.raises(Refused):
        world.payments.pay_invoice("in_nowhere", key="k1")


def test_the_same_key_charges_once_and_answers_the_same(world: World) -> None:
    invoice = world.invoice("success")

    first = world.payments.pay_invoice(invoice, key="k1")

    assert world.payments.pay_invoice(invoice, key="k1") == first
    assert world.charges(invoice) == 1


def test_the_same_key_repeats_yesterdays_decline_and_a_new_key_tries_again(world: World) -> None:
    invoice = world.invoice("insufficient_funds", "success")

    assert not world.payments.pay_invoice(invoice, key="k1").paid
    assert not world.payments.pay_invoice(invoice, key="k1").paid
    assert world.payments.pay_invoice(invoice, key="k2").paid


def test_a_key_used_for_something_else_is_refused(world: World) -> None:
    first, second = world.invoice("success"), world.invoice("success")
    world.payments.pay_invoice(first, key="k1")

    with pytest.raises(Refused):
        world.payments.pay_invoice(second, key="k1")

    assert world.charges(second) == 0


@pytest.mark.parametrize("how", LOST)
def test_a_lost_answer_is_unknown_and_the_repeat_charges_nothing_more(world: World, how: Breakage) -> None:
    invoice = world.invoice("success")
    world.breaks(how)
    with pytest.raises(Unknown):
        world.payments.pay_invoice(invoice, key="k1")

    repeat = _until_known(world, invoice)

    assert repeat
    assert world.charges(invoice) == 1


def _until_known(world: World, invoice: str) -> bool:
    """A slow request still under way answers 409, which is Unknown as well: the kernel would come again."""
    for _ in range(1000):
        try:
            return world.payments.pay_invoice(invoice, key="k1").paid
        except Unknown:
            time.sleep(0.01)
    raise AssertionError("the repeat never got an answer")


def test_a_connection_reset_is_unknown_and_the_repeat_does_it(world: World) -> None:
    invoice = world.invoice("success")
    world.breaks("reset")
    with pytest.raises(Unknown):
        world.payments.pay_invoice(invoice, key="k1")
    assert world.charges(invoice) == 0

    assert world.payments.pay_invoice(invoice, key="k1").paid
    assert world.charges(invoice) == 1


@pytest.mark.parametrize(("how", "charged"), [("server_error", 0), ("acted_then_failed", 1)])
def test_a_server_error_is_unknown_replayed_and_told_by_the_look_up(
    world: World, how: Breakage, charged: int
) -> None:
    invoice = world.invoice("success")
    world.breaks(how)

    for _ in range(2):
        with pytest.raises(Unknown):
            world.payments.pay_invoice(invoice, key="k1")

    assert world.charges(invoice) == charged
    told = world.payments.charge_made(invoice, "k1")
    assert (told is not None and told.paid) == bool(charged)


def test_being_asked_to_slow_down_did_nothing_and_says_when_to_come_back(world: World) -> None:
    invoice = world.invoice("success")
    world.breaks("slow_down")

    with pytest.raises(Unavailable) as caught:
        world.payments.pay_invoice(invoice, key="k1")

    assert caught.value.retry_after == 7
    assert world.charges(invoice) == 0
    assert world.payments.pay_invoice(invoice, key="k1").paid


def test_charge_made_tells_each_attempt_from_the_others(world: World) -> None:
    invoice = world.invoice("insufficient_funds", "success")
    assert world.payments.charge_made(invoice, "k1") is None
    world.payments.pay_invoice(invoice, key="k1")
    world.payments.pay_invoice(invoice, key="k2")

    declined, paid = world.payments.charge_made(invoice, "k1"), world.payments.charge_made(invoice, "k2")

    assert declined is not None
    assert (declined.paid, declined.decline_code) == (False, "insufficient_funds")
    assert paid is not None
    assert (paid.paid, paid.amount_minor) == (True, PRICE)
    assert world.payments.charge_made(invoice, "k3") is None


def test_a_discount_is_given_once(world: World) -> None:
    subscription, _, _ = world.subscription()

    given = world.payments.discount(subscription, percent=50, months=3, key="d1")
    again = world.payments.discount(subscription, percent=50, months=3, key="d1")

    assert again == given
    assert (given.coupon_id, given.percent, given.months) == ("apex-50pct-3mo", 50, 3)
    assert given.ends_at is not None
    assert world.discounts(subscription) == 1


@pytest.mark.parametrize("how", ["lost_answer", "garbage"])
def test_a_discount_whose_answer_was_lost_is_not_given_twice(world: World, how: Breakage) -> None:
    subscription, _, _ = world.subscription()
    world.breaks(how)
    with pytest.raises(Unknown):
        world.payments.discount(subscription, percent=50, months=3, key="d1")

    world.payments.discount(subscription, percent=50, months=3, key="d1")

    assert world.discounts(subscription) == 1


def test_two_subscriptions_share_the_coupon(world: World) -> None:
    first, second = world.subscription()[0], world.subscription()[0]

    one = world.payments.discount(first, percent=20, months=1, key="d1")
    two = world.payments.discount(second, percent=20, months=1, key="d2")

    assert one.coupon_id == two.coupon_id
    assert one.discount_id != two.discount_id


def test_a_discount_ends_and_ending_nothing_is_harmless(world: World) -> None:
    subscription, _, _ = world.subscription()
    world.payments.discount(subscription, percent=50, months=3, key="d1")

    world.payments.end_discount(subscription, key="e1")
    world.payments.end_discount(subscription, key="e2")

    assert world.discounts(subscription) == 0


def test_the_plan_changes_and_a_repeat_changes_nothing(world: World) -> None:
    subscription, _, other = world.subscription()

    first = world.payments.change_plan(subscription, price_id=other, key="p1")
    second = world.payments.change_plan(subscription, price_id=other, key="p1")

    assert first == second
    assert (first.price_id, first.status) == (other, "active")
    assert world.price_of(subscription) == other


def test_an_unknown_subscription_is_refused(world: World) -> None:
    with pytest.raises(Refused):
        world.payments.change_plan("sub_nowhere", price_id="price_x", key="p1")
    with pytest.raises(Refused):
        world.payments.discount("sub_nowhere", percent=50, months=3, key="d1")


def test_what_is_not_there_cannot_be_retrieved(world: World) -> None:
    with pytest.raises(Refused):
        world.payments.retrieve("invoice", "in_nowhere")
