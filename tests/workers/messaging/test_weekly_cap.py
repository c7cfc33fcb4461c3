"""At most so many marketing messages a week to one customer, however they are queued; every non-send has its reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from apps.customers.models import Customer
from apps.messaging.actions import NewMail, queue_mail
from apps.messaging.models import OutboxMessage
from workers.gateways.scripted_mail import ScriptedMail
from workers.kernel.testing import run_in, simulate
from workers.messaging.deliver_outbox import DeliverOutbox
from workers.messaging.hold_back import HoldBack

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
WEEK = timedelta(days=7)


@pytest.fixture
def customer(settings: Settings) -> Customer:
    settings.MARKETING_PER_WEEK = 3
    return Customer.objects.create(
        external_id="c", name="Ada", email="ada@example.com", marketing_consent=True, signed_up_at=NOW
    )


def queue(customer: Customer, keys: list[str], now: datetime, message_class: str = "marketing") -> None:
    template = "engagement_tips" if message_class == "marketing" else "welcome"
    queue_mail([NewMail(template, customer.id, customer.email, {}, key, message_class) for key in keys], now)


def work(now: datetime) -> list[str]:
    """Delivers and holds back at ``now``; returns the dedupe keys of what was sent so far."""
    simulation = simulate([DeliverOutbox, HoldBack], now=now, mail=ScriptedMail())
    run_in(simulation, "messaging.deliver")
    run_in(simulation, "messaging.hold_back")
    return list(
        OutboxMessage.objects.filter(status="sent").order_by("id").values_list("dedupe_key", flat=True)
    )


def test_five_at_once_are_three_sent_and_two_with_a_reason(customer: Customer) -> None:
    queue(customer, ["a", "b", "c", "d", "e"], NOW)
    assert work(NOW) == ["a", "b", "c"]
    held = OutboxMessage.objects.filter(status="suppressed")
    assert set(held.values_list("reason", flat=True)) == {"weekly cap: 3 marketing messages in seven days"}
    assert held.count() == 2


def test_the_week_ends_seven_days_later_not_before(customer: Customer) -> None:
    queue(customer, ["a", "b", "c"], NOW)
    work(NOW)
    before = NOW + WEEK - timedelta(seconds=1)
    queue(customer, ["d"], before)
    assert work(before) == ["a", "b", "c"]
    queue(customer, ["e"], NOW + WEEK)
    assert work(NOW + WEEK) == ["a", "b", "c", "e"]


def test_receipts_are_not_counted_and_not_held_back(customer: Customer) -> None:
    queue(customer, ["r1", "r2", "r3", "r4"], NOW, "transactional")
    queue(customer, ["a"], NOW)
    assert work(NOW) == ["r1", "r2", "r3", "r4", "a"]
