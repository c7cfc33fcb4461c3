"""PostgreSQL and Redis go away in mid-run: work waits, resumes, and nothing is lost or doubled (ENG-4)."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable

import pytest
from django.db import connection

from apps.billing.models import StripeEvent
from apps.messaging.models import MessageStatus, OutboxMessage
from apps.runs.models import Alert
from peers.mailbox.server import Mailbox
from peers.stripe.server import StripePeer
from tests.faults import mails, money
from tests.faults.conftest import Report
from tests.faults.lab import Lab
from workers.messaging.deliver_outbox import DeliverOutbox

pytestmark = [pytest.mark.slow, pytest.mark.faults]
PAGES = {"LAB_PAGE": "messaging.deliver:20"}


def some_arrived(mailbox: Mailbox, number: int) -> Callable[[], bool]:
    return lambda: mailbox.store.stats()["total"] >= number


def waiting() -> bool:
    return OutboxMessage.objects.filter(status=MessageStatus.QUEUED).exists()


def assert_whole(mailbox: Mailbox, *, breaks: int) -> tuple[mails.Tally, mails.Tally]:
    """``breaks``: how many workers' children may have been stopped between two receipts."""
    bills, adverts = mails.tally(mailbox, "transactional"), mails.tally(mailbox, "marketing")
    bound = DeliverOutbox.receipts_at_once * breaks
    assert (bills.lost, bills.unknown) == (0, 0)
    assert bills.doubled <= bound
    assert (adverts.lost, adverts.doubled) == (0, 0)
    assert adverts.unknown <= bound
    assert not OutboxMessage.objects.exclude(status__in=[MessageStatus.SENT, MessageStatus.UNKNOWN]).exists()
    return bills, adverts


def test_every_message_twice_and_redis_flushed(lab: Lab, mailbox: Mailbox, report: Report) -> None:
    mails.queue("transactional", 300)
    mails.queue("marketing", 100)
    lab.copies = 2
    lab.worker("w1", {"LAB_TWICE": "1", **PAGES})
    lab.worker("w2", {"LAB_TWICE": "1", **PAGES})
    for arrived in (40, 120, 240):
        lab.until(some_arrived(mailbox, arrived), "the workers stood still")
        assert waiting(), "the fault came too late to prove anything"
        lab.flush()
    lab.settle(mails.settled, "mails were left over")
    bills, adverts = assert_whole(mailbox, breaks=0)
    report("redis: flushed, every message twice", times=3, lost=bills.lost + adverts.lost,
           doubled=bills.doubled + adverts.doubled)  # fmt: skip
    assert (bills.arrived, adverts.arrived) == (300, 100)


def test_redis_killed_and_started_empty_under_a_busy_worker(
    lab: Lab, mailbox: Mailbox, stripe: StripePeer, report: Report
) -> None:
    business = money.fail_invoices(stripe, 3)
    events = business.bodies()
    mails.queue("transactional", 400)
    mails.queue("marketing", 200)
    address = lab.web()
    worker = lab.worker("w1", PAGES)
    lab.until(lambda: post(address, b"{}") == 400, "the web did not come up", ticks=False)
    lab.until(some_arrived(mailbox, 60), "the worker stood still")
    assert waiting(), "the fault came too late to prove anything"
    with lab.no_redis():
        answers = [post(address, body) for body in events]
    lab.supervise()
    with_mails = 600 + len(business.owners)  # each recovered customer is thanked
    lab.settle(
        lambda: money.recovered(business) and mails.settled() and OutboxMessage.objects.count() == with_mails,
        "work was left over",
    )
    bills, adverts = assert_whole(mailbox, breaks=2)
    report(
        "redis: killed, started empty; webhooks meanwhile", times=1,
        lost=bills.lost + adverts.lost + answers.count(200) - len(events) + business.lost,
        doubled=bills.doubled + adverts.doubled + business.doubled,
        note=f"{len(events)} events taken, {adverts.unknown} adverts left by rule, worker starts: {worker.starts}",
    )  # fmt: skip
    assert answers == [200] * len(events)
    assert StripeEvent.objects.filter(source="stripe").count() == len({json.loads(e)["id"] for e in events})
    money.assert_recovered_once(business)


def post(address: str, body: bytes) -> int:
    request = urllib.request.Request(  # noqa: S310 - the laboratory's own address
        f"{address}/webhooks/stripe",
        data=body,
        headers={"Content-Type": "application/json", "Stripe-Signature": money.signed(body)},
    )
    if body == b"{}":
        request.remove_header("Stripe-signature")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code
    except OSError:
        return 0


def test_postgresql_restarted_under_two_busy_workers(
    lab: Lab, mailbox: Mailbox, stripe: StripePeer, report: Report
) -> None:
    business = money.fail_invoices(stripe, 20)
    business.tell(lab)
    mails.queue("transactional", 400)
    mails.queue("marketing", 200)
    lab.worker("w1", PAGES)
    lab.worker("w2", PAGES)
    for arrived in (80, 300):
        lab.until(some_arrived(mailbox, arrived), "the workers stood still")
        assert waiting(), "the fault came too late to prove anything"
        connection.close()
        lab.servers.stop_postgres()
        lab.servers.start_postgres()
    lab.settle(
        lambda: money.recovered(business) and mails.settled() and OutboxMessage.objects.count() == 620,
        "work was left over",
    )
    # Two restarts, each met by two workers of two children.
    bills, adverts = assert_whole(mailbox, breaks=2 * 2 * 2)
    report(
        "postgresql: restarted under two workers", times=2,
        lost=bills.lost + adverts.lost + business.lost,
        doubled=bills.doubled + adverts.doubled + business.doubled,
        note=f"{bills.doubled} bills doubled, {adverts.unknown} adverts left by rule",
    )  # fmt: skip
    money.assert_recovered_once(business)
    assert not Alert.objects.filter(kind="effect_dead").exists()
