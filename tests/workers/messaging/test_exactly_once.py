"""Whatever happens between the states: transactional mail is never lost, marketing is never doubled."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.customers.models import Customer
from apps.messaging.actions import NewMail, queue_mail
from apps.messaging.models import OutboxMessage
from workers.gateways.scripted_mail import AnswerLost, ScriptedMail
from workers.kernel.testing import simulate
from workers.messaging.deliver_outbox import DeliverOutbox
from workers.messaging.hold_back import HoldBack
from workers.ports import Handover, Message, OutsideError, Unavailable, Unknown

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Killed(BaseException):
    """Stands for a kill -9: nothing in the process may catch it."""


class MortalMail(ScriptedMail):
    """Kills the process before or after the server took the message over, where the script says so."""

    def __init__(self) -> None:
        super().__init__()
        self.deaths: list[str] = []

    def send(self, message: Message, *, key: str) -> Handover:
        death = self.deaths.pop(0) if self.deaths else ""
        if death == "before":
            raise Killed
        handover = super().send(message, key=key)
        if death == "after":
            raise Killed
        return handover


ANSWERS: list[OutsideError | None] = [
    None,
    None,
    Unavailable("RCPT: 451 later"),
    AnswerLost("after DATA: cut"),
    Unknown("after DATA: cut"),
]


def mails(customer: Customer, count: int) -> list[NewMail]:
    """Half about the account, half marketing, every one to an address of its own."""
    return [
        NewMail("welcome", customer.id, f"t{n}@example.com", {}, f"t{n}")
        if n % 2
        else NewMail("engagement_tips", customer.id, f"m{n}@example.com", {}, f"m{n}", "marketing")
        for n in range(count)
    ]


# At most seven troubles: the eighth try of a message is its last, after which it is given up in plain sight.
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    count=st.integers(1, 9),
    answers=st.lists(st.sampled_from(ANSWERS), max_size=4),
    deaths=st.lists(st.sampled_from(["", "", "before", "after"]), max_size=3),
    queued_again=st.integers(1, 3),
)
def test_transactional_lost_none_marketing_doubled_none(
    count: int, answers: list[OutsideError | None], deaths: list[str], queued_again: int
) -> None:
    with transaction.atomic():
        _play(count, answers, deaths, queued_again)
        transaction.set_rollback(True)


def _play(count: int, answers: list[OutsideError | None], deaths: list[str], queued_again: int) -> None:
    ada = Customer.objects.create(external_id="c", name="Ada", marketing_consent=True, signed_up_at=START)
    new = [queue_mail(mails(ada, count), START) for _ in range(queued_again)]
    assert new == [count] + [0] * (queued_again - 1)
    server = MortalMail()
    server.next_answers(*answers)
    server.deaths = list(deaths)
    simulation = simulate([DeliverOutbox, HoldBack], now=START, mail=server)
    for _ in range(40):
        if not OutboxMessage.objects.filter(status="queued").exists():
            break
        simulation.clock.now += timedelta(hours=1)
        simulation.append(DeliverOutbox.name, "wake", "")
        try:
            simulation.tick()
        except Killed:
            simulation.todo.clear()
    _check(server)


def _check(server: ScriptedMail) -> None:
    arrived = Counter(one.message.to for one in server.deliveries)
    ids: dict[str, set[str]] = {}
    for one in server.deliveries:
        ids.setdefault(one.message.to, set()).add(one.message.message_id)
    for row in OutboxMessage.objects.all():
        if row.message_class == "transactional":
            assert row.status == "sent", (row, row.reason)
            assert arrived[row.to] >= 1
            assert ids[row.to] == {row.message_id}
        else:
            assert arrived[row.to] <= 1
            assert row.status in ("sent", "unknown")
            assert row.status != "sent" or arrived[row.to] == 1


@given(
    batches=st.lists(st.lists(st.integers(0, 6), max_size=8), max_size=6),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_dedupe_key_is_queued_once_however_it_comes(batches: list[list[int]]) -> None:
    with transaction.atomic():
        total = sum(
            queue_mail([NewMail("welcome", None, f"a{n}@x.co", {}, f"k{n}") for n in batch], START)
            for batch in batches
        )
        keys = {n for batch in batches for n in batch}
        assert total == len(keys) == OutboxMessage.objects.count()
        transaction.set_rollback(True)


@pytest.mark.parametrize("fields", [{"dedupe_key": ""}, {"dedupe_key": "x" * 201}, {"message_class": "spam"}])
def test_a_message_without_a_usable_key_or_class_is_refused(fields: dict[str, Any]) -> None:
    values: dict[str, Any] = {"customer_id": None, "to": "a@b.co", "dedupe_key": "k", **fields}
    with pytest.raises(ValueError, match=r"dedupe key|transactional or marketing"):
        queue_mail([NewMail("welcome", **values)], START)
    assert not OutboxMessage.objects.exists()


@pytest.mark.parametrize("value", ["a\x00b", "\ud800", "{{ name }}", "x" * 100_000])
def test_any_text_can_be_queued_and_sent(value: str) -> None:
    queue_mail([NewMail("payment_recovered", None, "a@b.co", {"amount": value}, "k")], START)
    server = ScriptedMail()
    simulation = simulate([DeliverOutbox], now=START, mail=server)
    simulation.append(DeliverOutbox.name, "wake", "")
    simulation.tick()
    assert len(server.deliveries) == 1
