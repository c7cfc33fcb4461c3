"""A queue of mails, and what became of them by the mailbox's own count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.core.clock import utc_now
from apps.customers.models import Customer
from apps.messaging.actions import NewMail, queue_mail
from apps.messaging.models import MessageStatus, OutboxMessage
from apps.runs.models import Batch, Effect
from peers.mailbox.server import Mailbox

TEMPLATES = {"transactional": "payment_failed_1", "marketing": "win_back_discount"}


def queue(message_class: str, number: int, *, due_at: Sequence[datetime] = ()) -> None:
    """So many mails to customers who agree to marketing, through the app's own action."""
    now = utc_now()
    customers = Customer.objects.bulk_create(
        Customer(
            external_id=f"{message_class}-{n}",
            name=f"Ada {n}",
            email=f"{message_class}-{n}@example.com",
            plan="studio",
            marketing_consent=True,
            signed_up_at=now,
        )
        for n in range(number)
    )
    letters = [
        NewMail(
            template=TEMPLATES[message_class],
            customer_id=one.id,
            to=one.email,
            context={"amount": "99.00 USD"} if message_class == "transactional" else {},
            dedupe_key=f"fault:{one.external_id}",
            message_class=message_class,
            due_at=due_at[n % len(due_at)] if due_at else None,
        )
        for n, one in enumerate(customers)
    ]
    queue_mail(letters, now)


def settled() -> bool:
    """No mail waits, no effect and no page is open."""
    return not (
        OutboxMessage.objects.filter(status=MessageStatus.QUEUED).exists()
        or Effect.objects.filter(state__in=["claimed", "waiting", "doubt"]).exists()
        or Batch.objects.filter(state__in=["queued", "running"]).exists()
    )


@dataclass(frozen=True)
class Tally:
    """Of one class. ``doubled`` counts copies beyond the first, ``unknown`` those left by rule."""

    queued: int
    arrived: int
    doubled: int
    lost: int
    unknown: int


def tally(mailbox: Mailbox, message_class: str) -> Tally:
    """By Message-ID: a copy that came under another one would be a stranger, and fails."""
    mailbox.store.flush()
    copies = Counter(row[0] for row in mailbox.store._rows("SELECT message_id FROM message"))
    rows = OutboxMessage.objects.filter(message_class=message_class)
    known = dict(rows.values_list("message_id", "status"))
    everybody = set(OutboxMessage.objects.values_list("message_id", flat=True))
    assert set(copies) <= everybody, "a mail arrived that nobody queued"
    return Tally(
        queued=len(known),
        arrived=sum(ident in copies for ident in known),
        doubled=sum(copies[ident] - 1 for ident in known if ident in copies),
        lost=sum(ident not in copies and status != "unknown" for ident, status in known.items()),
        unknown=sum(status == "unknown" for status in known.values()),
    )
