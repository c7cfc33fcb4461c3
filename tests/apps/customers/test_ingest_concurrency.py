"""Several senders at once, on connections of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from apps.customers.actions.ingest import Taken
from apps.customers.actions.upsert import upsert_customers
from apps.customers.models import Customer, Event, HeldEvent
from apps.customers.policy.profile import CustomerIn
from tests.apps.customers.helpers import NOW, event, make_customer, sums, take

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_events_left() -> Iterator[None]:
    """Django does not empty the partitioned table, which it does not manage."""
    yield
    Event.objects.all().delete()


def at_once(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """Starts all together, each in a thread; their results in order. An exception is raised here."""
    barrier = Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        try:
            barrier.wait(10)
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_the_same_batch_sent_by_several_at_once_counts_once() -> None:
    for number in range(20):
        make_customer(f"c{number}")
    batch = [event(f"c{number % 20}", id=str(number), quantity=2) for number in range(400)]
    for turn in range(3):
        sent = [{**one, "id": f"{turn}-{one['id']}"} for one in batch]
        reordered = [sent, list(reversed(sent)), sent[200:] + sent[:200], sent]
        taken: list[Taken] = at_once([lambda mine=mine: take(mine) for mine in reordered])
        assert sum(one.accepted for one in taken) == 400
        assert sum(one.duplicates for one in taken) == 1200
    assert Event.objects.count() == 1200
    assert set(sums().values()) == {(120, 60)}


def test_a_customer_who_arrives_while_their_events_do_loses_none() -> None:
    for turn in range(12):
        name = f"new{turn}"
        sends = [
            lambda part=part, name=name: take([event(name, id=f"{part}-{number}") for number in range(20)])
            for part in range(3)
        ]
        at_once([*sends, lambda name=name: upsert_customers([CustomerIn(name)], NOW)])
        assert Customer.objects.filter(external_id=name).exists()
        assert HeldEvent.objects.count() == 0
        assert sums()[name, "2026-11-21", "login"] == (60, 60)


def test_overlapping_upserts_at_once_do_not_deadlock() -> None:
    rows = [CustomerIn(f"c{number}", name="x") for number in range(300)]
    orders = [rows, list(reversed(rows)), rows[150:] + rows[:150]]
    done = at_once([lambda mine=mine: upsert_customers(mine, NOW) for mine in orders])
    assert sum(one.created for one in done) == 300
    assert Customer.objects.count() == 300
