"""What the database itself refuses, and the queries the operator types."""

from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from apps.runs.actions import log_operator_change, raise_alert, resolve_alerts
from apps.runs.models import Alert, Proposal

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def sql(statement: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE evolution_log SET success = true",
        "DELETE FROM evolution_log",
        "DELETE FROM evolution_log WHERE id = 1 OR true",
    ],
)
def test_the_log_refuses_to_be_changed(statement: str) -> None:
    log_operator_change("switch", "test", "ann", NOW, way_back="")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        sql(statement)
    assert sql("SELECT count(*) FROM evolution_log") == [(1,)]


def test_the_log_refuses_to_be_emptied() -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        sql("TRUNCATE evolution_log")


def proposal(**fields: object) -> Proposal:
    given = {
        "automation": "a.b", "change_type": "b", "effect_key": "k", "subject_id": 1, "title": "t", "reason": "r",
        "waits_because": "w", "facts": {}, "decision": {},
    }  # fmt: skip
    return Proposal.objects.create(**{**given, **fields})


def test_one_open_proposal_for_one_effect() -> None:
    proposal()
    with pytest.raises(IntegrityError), transaction.atomic():
        proposal()
    sql("UPDATE optimization_queue SET status = 'rejected', review_notes = 'no'")
    proposal()


@pytest.mark.parametrize("column", ["confidence_score", "risk_score"])
def test_scores_are_probabilities(column: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        proposal(**{column: 1.01})


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM system_health_dashboard",
        "SELECT * FROM growth_metrics_dashboard",
        (
            "SELECT * FROM optimization_queue WHERE status = 'pending' AND confidence_score < 0.8"
            " ORDER BY confidence_score DESC"
        ),
        "UPDATE optimization_queue SET status = 'approved' WHERE id = '00000000-0000-0000-0000-000000000000'",
        (
            "UPDATE optimization_queue SET status = 'rejected', review_notes = 'no'"
            " WHERE id = '00000000-0000-0000-0000-000000000000'"
        ),
        "SELECT * FROM predictive_alerts WHERE status = 'pending' ORDER BY predicted_for ASC",
        (
            "SELECT change_type, COUNT(*) FILTER (WHERE success = true) * 100.0 / COUNT(*) AS success_rate,"
            " COUNT(*) AS total_changes FROM evolution_log"
            " WHERE timestamp > NOW() - INTERVAL '7 days' GROUP BY change_type"
        ),
        "SELECT * FROM evolution_log ORDER BY timestamp DESC LIMIT 10",
        "SELECT * FROM evolution_log WHERE success = false AND description LIKE '%OpenAI%'",
        "SELECT COUNT(*) FROM customer_health_scores WHERE calculated_at > NOW() - INTERVAL '24 hours'",
    ],
)
def test_the_operators_queries_work_as_written(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            statement.replace("%", "%%") if "%" in statement else statement, [] if "%" in statement else None
        )
        assert cursor.statusmessage is not None


def test_an_alert_is_raised_once_while_it_is_open() -> None:
    for _ in range(3):
        raise_alert("k", "key", "Title", "detail", "high", NOW)
    assert (Alert.objects.count(), Alert.objects.get().times) == (1, 3)
    assert resolve_alerts("key", "ann", NOW) == 1
    raise_alert("k", "key", "Title", "detail", "high", NOW)
    assert Alert.objects.filter(resolved_at=None).count() == 1
