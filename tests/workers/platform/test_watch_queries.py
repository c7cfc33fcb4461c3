"""Slow queries are found, looked into, and given the index that should help; a target that is away stops nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from apps.platform.models import SlowQuery
from apps.platform.policy import Column, Index, Table, index_name
from apps.runs.models import Alert, Run
from workers.gateways.absent import NotThere
from workers.gateways.scripted_target import ScriptedQuery, ScriptedTarget
from workers.kernel.testing import run_once
from workers.platform.watch_queries import WatchQueries
from workers.ports import Refused, Unavailable

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
BY_CUSTOMER = "SELECT sum(total) FROM orders WHERE customer_id = $1"
BY_BOTH = "SELECT * FROM orders WHERE customer_id = $1 AND placed_at > $2"


def shop(**changes: object) -> ScriptedTarget:
    columns = (Column("id", "bigint", 60_000), Column("customer_id", "bigint", 3000))
    described = {
        "rows": 60_000.0,
        "size_bytes": 6_000_000,
        "indexes": (Index("orders_pkey", ("id",)),),
        "columns": (*columns, Column("placed_at", "timestamp with time zone", 60_000)),
        **changes,
    }
    target = ScriptedTarget(tables={"orders": Table("public", "orders", **described)})  # type: ignore[arg-type]
    target.add(ScriptedQuery(1, BY_CUSTOMER, "orders", ("customer_id",)), calls=10)
    return target


def look(target: ScriptedTarget, minutes: int = 0) -> Run:
    return run_once(WatchQueries, now=NOON + timedelta(minutes=minutes), target=target)


def test_a_slow_query_gets_the_index_that_should_help() -> None:
    run = look(shop())
    row = SlowQuery.objects.get()
    assert (row.state, row.table_name, row.columns) == ("candidate", "orders", ["customer_id"])
    assert row.index_name == index_name("public", "orders", ["customer_id"])
    assert (row.cost_before, row.recent_ms, row.measured_ms) == (50_000, 2_000, 2_000)
    assert row.cost_after is not None
    assert row.cost_after < 25_000
    assert run.counts["candidates"] == run.counts["measured"] == 1


def test_looking_again_changes_nothing_and_measures_nothing_again() -> None:
    target = shop()
    look(target)
    before = SlowQuery.objects.values().get()
    run = look(target, 5)
    after = SlowQuery.objects.values().get()
    assert {k for k in before if before[k] != after[k]} == {"recent_calls"}
    assert run.counts["measured"] == 0


def test_the_recent_mean_is_that_of_the_calls_since_the_last_look() -> None:
    target = shop()
    look(target)
    target.queries[1].slow_ms = 5_000
    target.run(1, 2)
    look(target, 5)
    row = SlowQuery.objects.get()
    assert (row.calls, row.recent_calls, row.recent_ms) == (12, 2, 5_000)
    assert row.mean_ms == pytest.approx(2_500)


def test_after_a_reset_of_the_statistics_all_that_is_counted_is_recent() -> None:
    target = shop()
    look(target)
    target.queries[1].calls, target.queries[1].total_ms = 3, 4_500
    look(target, 5)
    row = SlowQuery.objects.get()
    assert (row.recent_calls, row.recent_ms) == (3, 1_500)


def test_a_query_that_got_fast_by_itself_is_let_go_and_taken_up_again() -> None:
    target = shop()
    look(target)
    target.queries[1].slow_ms = 10
    target.run(1, 5)
    look(target, 5)
    assert SlowQuery.objects.get().state == "fast"
    target.queries[1].slow_ms = 3_000
    target.run(1, 5)
    look(target, 10)
    assert SlowQuery.objects.get().state == "candidate"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"rows": 499.0}, "under 500"),
        ({"rows": -1.0}, "run ANALYZE"),
        ({"partitioned": True}, "partitioned"),
        ({"indexes": (Index("mine", ("customer_id", "id")),)}, "covered by mine"),
        ({"columns": (Column("customer_id", "jsonb", 3000),)}, "none that a B-tree"),
        ({"columns": (Column("customer_id", "bigint", 2),)}, "less than half"),
    ],
)
def test_where_no_index_helps_it_says_why(changes: dict[str, object], why: str) -> None:
    target = shop(**changes)
    query = target.queries[1]
    query.slow_cost, query.total_ms, query.helped_by = 1_500, 20_000, ("nothing",)
    look(target)
    row = SlowQuery.objects.get()
    assert (row.state, row.index_name) == ("watched", "")
    assert why in row.reason


def test_with_hypopg_its_cost_counts_and_not_the_estimate() -> None:
    target = shop()
    target.hypopg = True
    look(target)
    row = SlowQuery.objects.get()
    assert (row.cost_after, row.advice["hypothetical"]) == (60, True)


def test_one_wider_index_serves_two_queries() -> None:
    target = shop()
    target.add(ScriptedQuery(2, BY_BOTH, "orders", ("customer_id",)), calls=5)
    run = look(target)
    narrow, wide = SlowQuery.objects.get(query_id=1), SlowQuery.objects.get(query_id=2)
    assert (narrow.state, wide.state) == ("covered", "candidate")
    assert wide.columns == ["customer_id", "placed_at"]
    assert wide.index_name in narrow.reason
    assert run.counts["candidates"] == 1


def test_a_query_that_is_no_select_is_listed_with_the_reason() -> None:
    target = shop()
    target.add(ScriptedQuery(3, "UPDATE orders SET total = $1", "orders", ("total",)), calls=5)
    look(target)
    row = SlowQuery.objects.get(query_id=3)
    assert (row.state, row.reason) == ("watched", "it is not a SELECT")


def test_one_query_that_cannot_be_planned_does_not_stop_the_others() -> None:
    target = shop()
    target.add(ScriptedQuery(0, "SELECT * FROM gone WHERE id = $1", "gone", ("id",)), calls=50)
    look(target)
    assert SlowQuery.objects.get(query_id=0).state == "watched"
    assert SlowQuery.objects.get(query_id=1).state == "candidate"


def test_a_target_that_is_away_is_said_once_and_resolved_when_it_is_back() -> None:
    target = shop()
    target.fail.append(Unavailable("connection refused"))
    run = look(target)
    assert (run.state, run.counts) == ("done", {"unreachable": 1})
    target.fail.append(Unavailable("connection refused"))
    look(target, 5)
    alert = Alert.objects.get()
    assert (alert.times, alert.detail, alert.resolved_at) == (2, "connection refused", None)
    look(target, 10)
    alert.refresh_from_db()
    assert alert.resolved_by == "platform.watch_queries"
    assert SlowQuery.objects.get().state == "candidate"


def test_without_a_configured_target_it_waits_and_says_what_to_set() -> None:
    run = run_once(WatchQueries, now=NOON, target=NotThere("set TARGET_DATABASE_URL"))  # type: ignore[arg-type]
    assert run.state == "done"
    assert "TARGET_DATABASE_URL" in Alert.objects.get().detail


def test_a_candidate_that_cannot_be_run_is_not_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: ScriptedTarget, _query: str, *, runs: int = 3) -> float:
        raise Refused("not known what $1 usually is")

    monkeypatch.setattr(ScriptedTarget, "measure", refuse)
    target = shop()
    assert look(target).counts["measured"] == 1
    assert look(target, 5).counts["measured"] == 0
    assert SlowQuery.objects.get().measure_error == "not known what $1 usually is"
