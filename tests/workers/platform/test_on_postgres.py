"""The whole way on a real PostgreSQL: a slow query is seen, its index asked for, built, measured, kept or dropped."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings as django_settings

from apps.platform.models import SlowQuery
from apps.runs.actions import approve
from apps.runs.models import Confidence, Observation, Proposal
from tests.contracts.target_worlds import QUERY, Real
from tests.workers.platform.test_watch_queries import NOON
from workers.kernel.simulation import Simulation
from workers.kernel.testing import run_in, simulate
from workers.platform.create_index import CreateIndex
from workers.platform.watch_queries import WatchQueries

pytestmark = pytest.mark.django_db

OURS = "SELECT indexname FROM pg_indexes WHERE schemaname = 'shop' AND indexname LIKE 'apex%'"


@pytest.fixture
def simulation(real: Real, monkeypatch: pytest.MonkeyPatch) -> Simulation:
    # A sequential scan of 60,000 rows takes milliseconds, a look-up takes tens of microseconds.
    monkeypatch.setattr(django_settings, "SLOW_QUERY_MS", 0.5, raising=False)
    made = simulate([WatchQueries, CreateIndex], now=NOON, target=real.target)
    run_in(made, WatchQueries.name)
    return made


def built(simulation: Simulation) -> SlowQuery:
    proposal = Proposal.objects.get(evidence__query=QUERY)
    approve([proposal.id], "ann", NOON)
    simulation.drain()
    proposal.refresh_from_db()
    assert proposal.status == "applied"
    return SlowQuery.objects.get(query=QUERY)


def look_again(simulation: Simulation) -> Observation:
    simulation.clock.now += timedelta(minutes=11)
    simulation.tick()
    return Observation.objects.get()


def test_an_index_that_helps_is_kept(simulation: Simulation, real: Real) -> None:
    row = built(simulation)
    assert row.columns == ["customer_id"]
    assert row.measured_ms is not None
    assert real.sql(OURS) == [(row.index_name,)]
    real.run(6)
    observation = look_again(simulation)
    assert observation.state == "success", observation.note
    assert Confidence.objects.get().successes == 1
    run_in(simulation, WatchQueries.name)
    row.refresh_from_db()
    assert row.before_ms is not None
    assert row.recent_calls == 6
    assert row.recent_ms < row.before_ms


def test_an_index_that_does_not_help_is_dropped_again(simulation: Simulation, real: Real) -> None:
    built(simulation)
    # The product does not use it, and its table has grown to three times the size meanwhile.
    for times in (1, 2):
        real.sql(
            f"INSERT INTO shop.orders SELECT id + {times} * 1000000, customer_id, placed_at, total_cents"  # noqa: S608
            "  FROM shop.orders WHERE id <= 60000"
        )
    with real.connect() as connection:
        connection.execute("SET enable_indexscan = off")
        connection.execute("SET enable_bitmapscan = off")
        for _ in range(6):
            connection.execute("SELECT sum(total_cents) FROM shop.orders WHERE customer_id = 7")
    observation = look_again(simulation)
    assert observation.state == "rolled_back", observation.note
    assert real.sql(OURS) == []
    assert Confidence.objects.get().failures == 1
