"""A worker killed with -9 at each boundary of sending an e-mail (MSG-1, ENG-5)."""

from __future__ import annotations

import pytest

from apps.messaging.models import OutboxMessage
from peers.mailbox.server import Mailbox
from tests.faults import mails
from tests.faults.conftest import Report
from tests.faults.lab import Lab
from workers.messaging.deliver_outbox import DeliverOutbox

pytestmark = [pytest.mark.slow, pytest.mark.faults]
EACH = 300


@pytest.mark.parametrize(
    "trap",
    [
        "after_claim:messaging.deliver:1:worker",
        "after_claim:messaging.deliver:5:worker",
        "before_call:messaging.deliver:437:worker",
        "after_call:messaging.deliver:342:worker",
        "after_close:messaging.deliver:20:worker",
        "after_call:messaging.deliver:77:child",
    ],
)
def test_no_bill_is_lost_and_no_advert_doubled(lab: Lab, mailbox: Mailbox, report: Report, trap: str) -> None:
    mails.queue("transactional", EACH)
    mails.queue("marketing", EACH)
    worker = lab.worker("w1", trap=trap, concurrency=1)
    if trap.endswith(":worker"):
        lab.until_broken(worker)
        lab.flush()  # an acknowledgement that never comes is given back after the visibility time-out only
        lab.pass_time()
        lab.worker("w2")
    else:
        lab.until(lab.flag.exists, "the trap was not sprung")
    lab.settle(mails.settled, "mails were left over")

    bills, adverts = mails.tally(mailbox, "transactional"), mails.tally(mailbox, "marketing")
    bound = DeliverOutbox.receipts_at_once
    report(
        f"mail: {trap}", times=1, lost=bills.lost + adverts.lost, doubled=bills.doubled + adverts.doubled,
        note=f"{bills.arrived}+{adverts.arrived} of {EACH}+{EACH}, {adverts.unknown} adverts left by rule",
    )  # fmt: skip
    assert (bills.lost, bills.unknown, bills.arrived) == (0, 0, EACH)
    assert bills.doubled <= bound
    assert (adverts.lost, adverts.doubled) == (0, 0)
    assert adverts.unknown <= bound
    assert adverts.arrived >= EACH - bound
    assert not OutboxMessage.objects.exclude(status__in=["sent", "unknown"]).exists()
    assert not OutboxMessage.objects.filter(status="unknown", reason="").exists()
