"""The view system_health_dashboard, and predictive_alerts, as psql sees them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from apps.core.modes import Mode, RunMode
from apps.runs.actions import emergency_stop, raise_alert, resolve_alerts
from apps.runs.dashboard_queries import standing
from apps.runs.health import health
from apps.runs.models import (
    Alert,
    AutomationEntry,
    Batch,
    Effect,
    Heartbeat,
    Observation,
    Run,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> datetime:
    """The database's own moment: the view reads its clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        moment: datetime = cursor.fetchone()[0]
        return moment


def dashboard() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM system_health_dashboard")
        rows = cursor.fetchall()
        assert len(rows) == 1
        return dict(zip([column[0] for column in cursor.description], rows[0], strict=True))


def run(automation: str, state: str, at: datetime, *, mode: RunMode = RunMode.LIVE) -> Run:
    return Run.objects.create(automation=automation, slot=at, mode=mode, state=state, created_at=at)


def effect(key: str, state: str, at: datetime) -> None:
    Effect.objects.create(
        key=key, automation="a", subject_id=1, state=state, receipt={}, claimed_at=at, lease_until=at
    )


def test_an_empty_system_has_one_row_and_no_invented_rates() -> None:
    row = dashboard()
    assert (row["health_score"], row["active_incidents"], row["warnings"]) == (60, 0, 0)
    assert row["pending_approvals"] == 0
    for rate in (
        "auto_resolution_rate",
        "optimization_success_rate",
        "run_failure_rate",
        "api_p95_ms",
        "error_rate",
    ):
        assert row[rate] is None
    assert row["last_tick_age_seconds"] is None


@pytest.mark.parametrize("tick", [0, 179, 181, 599, 601, None])
@pytest.mark.parametrize("stopped", [False, True])
def test_the_score_is_that_of_the_home_page_by_tick(now: datetime, tick: int | None, stopped: bool) -> None:
    if tick is not None:
        Heartbeat.objects.create(name="tick", at=now - timedelta(seconds=tick))
    if stopped:
        emergency_stop("ann", now)
    assert dashboard()["health_score"] == health(standing(now, stopped), now).score


@pytest.mark.parametrize("many", [1, 3, 7])
def test_the_score_is_that_of_the_home_page_in_trouble(now: datetime, many: int) -> None:
    Heartbeat.objects.create(name="tick", at=now)
    AutomationEntry.objects.create(name="a", mode=Mode.LIVE, queue="money", known_since=now)
    for number in range(many):
        raise_alert("k", f"medium{number}", "t", "", "medium", now)
        effect(f"dead{number}", "dead", now)
        effect(f"doubt{number}", "doubt", now)
        run(f"failing{number}", "failed", now - timedelta(hours=number))
    raise_alert("k", "high", "t", "", "high", now)
    raise_alert("k", "critical", "t", "", "critical", now)
    run("recovered", "failed", now - timedelta(hours=2))
    run("recovered", "done", now - timedelta(hours=1))
    run("long ago", "failed", now - timedelta(days=2))
    waiting = run("a", "running", now)
    for number, minutes in enumerate((4, 6, 60)):
        due = now - timedelta(minutes=minutes)
        Batch.objects.create(run=waiting, number=number, due_at=due, sent_at=due)
    row = dashboard()
    assert row["health_score"] == health(standing(now, False), now).score
    assert row["health_score"] < 60
    assert (row["active_incidents"], row["warnings"]) == (1, many + 1)


def test_rates_count_what_was_decided_in_thirty_days(now: datetime) -> None:
    AutomationEntry.objects.create(name="platform.watch_queries", mode=Mode.LIVE, known_since=now)
    for number, (by, days) in enumerate([("platform.watch_queries", 1), ("ann", 2), ("ann", 40)]):
        raise_alert("k", f"a{number}", "t", "", "high", now - timedelta(days=days, hours=1))
        resolve_alerts(f"a{number}", by, now - timedelta(days=days))
    for number, state in enumerate(["success", "success", "rolled_back", "inconclusive", "watching"]):
        Observation.objects.create(
            effect_key=f"e{number}",
            automation="a",
            change_type="index",
            state=state,
            applied_at=now,
            due_at=now,
            until=now,
            decided_at=None if state == "watching" else now,
        )
    run("a", "failed", now)
    for number in range(1, 8):
        run("a", "done", now - timedelta(minutes=number))
    run("a", "failed", now, mode=RunMode.DRY_RUN)
    row = dashboard()
    assert row["auto_resolution_rate"] == 50
    assert float(row["optimization_success_rate"]) == pytest.approx(66.7)
    assert row["run_failure_rate"] == 12.5
    assert Alert.objects.filter(resolved_at=None).count() == 0


def test_predictive_alerts_by_plain_sql(now: datetime) -> None:
    insert = (
        "INSERT INTO predictive_alerts (metric, predicted_for, confidence, description)"
        " VALUES (%s, now() + %s::interval, %s, 'full')"
    )
    with connection.cursor() as cursor:
        cursor.executemany(insert, [("disk", "9 days", 0.8), ("cpu", "7 days", 0.6)])
        cursor.execute(
            "SELECT metric FROM predictive_alerts WHERE status = 'pending' ORDER BY predicted_for ASC"
        )
        assert cursor.fetchall() == [("cpu",), ("disk",)]
        for metric, confidence in [("disk", 0.5), ("memory", 1.1)]:
            with pytest.raises(IntegrityError), transaction.atomic():
                cursor.execute(insert, (metric, "1 day", confidence))
        with pytest.raises(IntegrityError), transaction.atomic():
            cursor.execute("UPDATE predictive_alerts SET status = 'seen'")
    assert dashboard()["predictive_alerts"] == 2
