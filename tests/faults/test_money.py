"""DUN-8: never charged twice, by Stripe's own books: a worker killed at each boundary of a charge, answers
lost, two workers with every message doubled, a payment made meanwhile."""

from __future__ import annotations

import os
import signal

import pytest

from apps.messaging.models import OutboxMessage
from apps.payments.models import PaymentAttempt
from peers.mailbox.server import Mailbox
from peers.stripe.server import StripePeer
from tests.faults import mails, money
from tests.faults.conftest import Report
from tests.faults.lab import Lab

pytestmark = [pytest.mark.slow, pytest.mark.faults]
INVOICES = 20


@pytest.mark.parametrize(
    "trap",
    [
        "after_claim:payments.retry_charge:1:worker",
        "before_call:payments.retry_charge:7:worker",
        "after_call:payments.retry_charge:7:worker",
        "after_close:payments.retry_charge:7:worker",
        "after_call:payments.retry_charge:3:child",
    ],
)
def test_a_dead_worker_charges_nobody_twice(
    lab: Lab, stripe: StripePeer, mailbox: Mailbox, report: Report, trap: str
) -> None:
    business = money.fail_invoices(stripe, INVOICES)
    business.tell(lab)
    worker = lab.worker("w1", trap=trap)
    if trap.endswith(":worker"):
        lab.until_broken(worker)
        lab.flush()
        lab.pass_time()
        lab.worker("w2")
    else:
        lab.until(lab.flag.exists, "the trap was not sprung")
    lab.settle(lambda: money.recovered(business) and mails.settled(), "cases stayed open")
    report(f"charge: {trap}", times=1, lost=business.lost, doubled=business.doubled,
           note=f"{INVOICES} invoices of {money.PRICE} cents")  # fmt: skip
    money.assert_recovered_once(business)
    assert mails.tally(mailbox, "transactional").lost == 0
    assert OutboxMessage.objects.filter(template="payment_recovered").count() == INVOICES


def test_a_rung_is_tried_once_though_its_worker_died_after_the_decline(
    lab: Lab, stripe: StripePeer, report: Report
) -> None:
    business = money.fail_invoices(stripe, 12, outcomes=["insufficient_funds", "success"])
    business.tell(lab)
    worker = lab.worker("w1", trap="after_call:payments.retry_charge:5:worker")
    lab.until_broken(worker)
    lab.flush()
    lab.pass_time()
    lab.worker("w2")
    tried = PaymentAttempt.objects.filter(origin="dunning", outcome="declined")
    lab.settle(lambda: tried.count() == 12 and mails.settled(), "attempts were not recorded")
    again = sum(business.declines().values()) - 12
    report("charge: killed after a decline", times=1, lost=12 - len(business.declines()), doubled=again)
    assert business.declines() == dict.fromkeys(business.owners, 1)
    assert OutboxMessage.objects.filter(template="payment_failed_1").count() == 12


def test_answers_lost_by_two_workers_are_one_charge_each(
    lab: Lab, stripe: StripePeer, report: Report
) -> None:
    business = money.fail_invoices(stripe, 12)
    stripe.control("POST", "faults", method="POST", path="/pay$", after="drop", times=4)
    stripe.control("POST", "faults", method="POST", path="/pay$", before="reset", times=2)
    lab.copies = 2
    business.tell(lab)
    lab.worker("w1", {"LAB_TWICE": "1"})
    lab.worker("w2", {"LAB_TWICE": "1"})
    lab.settle(lambda: money.recovered(business) and mails.settled(), "cases stayed open")
    report("charge: answer lost, two workers", times=6, lost=business.lost, doubled=business.doubled)
    money.assert_recovered_once(business)


def test_a_payment_made_between_the_claim_and_the_charge(
    lab: Lab, stripe: StripePeer, report: Report
) -> None:
    business = money.fail_invoices(stripe, 6, outcomes=["success", "success"])
    business.tell(lab)
    lab.worker("w1", trap="before_call:payments.retry_charge:1:pause")
    lab.until(lab.flag.exists, "the trap was not sprung")
    for invoice in business.owners:
        business.client.v1.invoices.pay(invoice)
    os.kill(int(lab.flag.read_text()), signal.SIGCONT)
    lab.settle(lambda: money.recovered(business), "cases stayed open")
    report("charge: paid by the customer meanwhile", times=6, lost=business.lost, doubled=business.doubled)
    money.assert_recovered_once(business)
    assert not PaymentAttempt.objects.filter(origin="dunning").exists()
    assert not OutboxMessage.objects.filter(template="new_card_needed").exists()
