"""Every app's lines on the Monday page: none when there is nothing to say, and the numbers when there is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from apps.billing.models import StripeEvent
from apps.messaging.models import OutboxMessage
from apps.platform.models import SlowQuery
from apps.runs.weekly import summary, troubles

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
WEEK_AGO = NOW - timedelta(days=7)


def mail(number: int, **fields: object) -> OutboxMessage:
    return OutboxMessage.objects.create(
        dedupe_key=f"m{number}", message_class="transactional", template="welcome", to="ann@example.com",
        message_id=f"<{number}@example.com>", due_at=NOW, **fields,
    )  # fmt: skip


def test_a_quiet_week_has_no_lines() -> None:
    assert (summary(WEEK_AGO, NOW), troubles(WEEK_AGO, NOW)) == ([], [])


def test_mails_sent_this_week_are_counted_by_class() -> None:
    mail(1, status="sent", sent_at=NOW)
    mail(2, status="sent", sent_at=WEEK_AGO)
    mail(3, status="sent", sent_at=WEEK_AGO + timedelta(seconds=1))
    (line,) = summary(WEEK_AGO, NOW)
    assert (line.title, line.value, line.detail) == ("E-mails sent", "2", "2 transactional")


def test_what_ended_badly_is_said() -> None:
    mail(1, status="failed", settled_at=NOW, reason="550")
    StripeEvent.objects.create(
        event_id="evt_1",
        type="",
        created=NOW,
        received_at=NOW,
        state="malformed",
        raw_body="{",
        error="not JSON",
    )
    told = {line.title: (line.value, line.tone) for line in troubles(WEEK_AGO, NOW)}
    assert told == {"E-mails": ("1", "warning"), "Stripe events": ("1", "warning")}


def test_an_index_is_told_with_its_gain() -> None:
    SlowQuery.objects.create(
        query_id=1, query="SELECT 1", calls=1, total_ms=1, mean_ms=1400, recent_ms=12, before_ms=1400, first_seen=NOW,
        last_seen=NOW, indexed_at=NOW, state="indexed", schema_name="public", table_name="orders", columns=["email"],
        index_name="apex_orders_email", cost_before=9000, cost_after=8,
    )  # fmt: skip
    (line,) = summary(WEEK_AGO, NOW)
    assert (line.title, line.value, line.tone) == ("Index on orders (email)", "1,400 → 12 ms", "good")
