"""The outbox, filled and drained through the kernel in a scratch database."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from types import TracebackType
from typing import cast

from django.db import connection
from django.test.utils import setup_databases, teardown_databases

from apps.core.types import Window
from apps.customers.models import Customer
from apps.messaging.actions import NewMail, queue_mail
from apps.messaging.building import build
from apps.messaging.models import OutboxMessage
from apps.messaging.queries import due_messages
from workers.gateways.smtp import SmtpMail
from workers.kernel.testing import run_in, simulate
from workers.messaging.deliver_outbox import DeliverOutbox

CONTEXT = {"amount": "499.00 USD", "next_try_on": "on 24 November", "pay_url": "https://pay.example.com/in_1"}


class Bench:
    """``receipts`` is how many receipts are committed together; 0 takes what the automation declares."""

    def __init__(self, url: str, receipts: int) -> None:
        self._mail = SmtpMail(url, per_connection=1_000_000)
        if receipts:
            DeliverOutbox.receipts_at_once = receipts
        self.receipts = DeliverOutbox.receipts_at_once
        self._queued = 0

    def __enter__(self) -> Bench:
        os.environ.setdefault("DATABASE_URL", "postgres://apex@127.0.0.1:5432/apex")
        self._databases = setup_databases(verbosity=0, interactive=False)
        now = datetime.now(UTC)
        Customer.objects.bulk_create(
            Customer(
                external_id=str(n),
                name=f"Ada {n}",
                email=f"ada{n}@example.com",
                plan="studio",
                signed_up_at=now,
            )
            for n in range(1000)
        )
        self._customers = list(Customer.objects.order_by("id").values_list("id", "email"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._mail.close()
        teardown_databases(self._databases, verbosity=0)

    def queue(self, count: int, now: datetime) -> None:
        first, self._queued = self._queued, self._queued + count
        queue_mail(
            [
                NewMail("payment_failed_1", *self._customers[n % 1000], CONTEXT, f"bench:{n}")
                for n in range(first, first + count)
            ],
            now,
        )

    def sample_bytes(self) -> bytes:
        now = datetime.now(UTC)
        self.queue(1, now)
        raw = build(due_messages(Window(limit=1), now=now)[0], now=now).raw
        OutboxMessage.objects.all().delete()
        return raw

    def deliver(self, count: int, now: datetime) -> float:
        """Messages a second, from the run's request to its end, everything recorded."""
        self.queue(count, now)
        simulation = simulate([DeliverOutbox], now=now, mail=self._mail)
        start = time.perf_counter()
        run = run_in(simulation, DeliverOutbox.name)
        seconds = time.perf_counter() - start
        sent = OutboxMessage.objects.filter(status="sent").count()
        if run.acted != count or sent != self._queued - 1:
            raise RuntimeError(f"{run.acted} of {count} acted, {sent} of {self._queued - 1} recorded")
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM runs_effect WHERE state <> 'done'")
            if cast(tuple[int], cursor.fetchone())[0]:
                raise RuntimeError("effects are open")
        return count / seconds
