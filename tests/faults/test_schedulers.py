"""Two schedulers and two workers at once: each tick once, each effect once (ENG-2)."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.db.models import Count

from apps.core.clock import utc_now
from apps.messaging.models import OutboxMessage
from apps.runs.models import Batch, Run, Trigger
from peers.mailbox.server import Mailbox
from tests.faults import mails
from tests.faults.conftest import Report
from tests.faults.lab import Lab

pytestmark = [pytest.mark.slow, pytest.mark.faults]
# The engine's clock: two minutes a second, so that a quarter of an hour of ticks passes in seconds.
SPEED = 120
MINUTES = 20


def test_two_beats_and_two_workers(lab: Lab, mailbox: Mailbox, report: Report) -> None:
    epoch = time.time()
    now = utc_now()
    mails.queue("transactional", 120, due_at=[now + timedelta(minutes=n) for n in range(MINUTES - 4)])
    fast = {"LAB_SPEED": str(SPEED), "LAB_EPOCH": str(epoch), "LAB_TICK": "0.25"}
    for name in ("w1", "w2"):
        lab.worker(name, fast)
    for name in ("beat1", "beat2"):
        lab.beat(name, fast)
    ticks = Run.objects.filter(trigger=Trigger.SCHEDULE, automation="messaging.deliver")

    def all_sent() -> bool:
        return not OutboxMessage.objects.filter(status="queued").exists() and ticks.count() >= 8

    lab.until(all_sent, "mails were left over", ticks=False)
    slots = Run.objects.filter(trigger=Trigger.SCHEDULE).values("automation", "slot")
    doubled_slots = slots.annotate(runs=Count("id")).filter(runs__gt=1).count()
    bills = mails.tally(mailbox, "transactional")
    report("schedulers: two beats, two workers", times=ticks.count(), lost=bills.lost,
           doubled=bills.doubled + doubled_slots, note=f"{slots.count()} slots of all automations")  # fmt: skip
    assert (bills.arrived, bills.doubled, doubled_slots) == (120, 0, 0)
    assert all(slot.second == slot.microsecond == 0 for slot in slots.values_list("slot", flat=True))
    assert not Batch.objects.filter(run__trigger=Trigger.SCHEDULE, attempts__gt=1).exists()
    assert all("tick" in process.log.read_text() for process in lab.processes if "beat" in process.name)
