"""Forgetting history that nobody needs any more, in bites that do not hold locks for long."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

BITE = 5_000  # runs at a time
MOST_BITES = 100  # a night

_PARTS = (
    "DELETE FROM runs_batch WHERE run_id IN (SELECT id FROM old)",
    "DELETE FROM runs_step WHERE run_id IN (SELECT id FROM old)",
    "DELETE FROM runs_run WHERE id IN (SELECT id FROM old)",
)
# Kept: a run that waits for the operator or is in doubt, for the facts it was decided from; and the newest
# scheduled run of each automation, by which the schedule knows what has been run.
_FIND = """
CREATE TEMPORARY TABLE old ON COMMIT DROP AS
SELECT r.id FROM runs_run r
 WHERE r.created_at < %(before)s AND r.state <> 'running'
   AND (NOT %(empty)s OR (r.trigger = 'wake' AND r.seen = 0 AND r.error = ''))
   AND NOT EXISTS (SELECT 1 FROM runs_step s JOIN runs_effect e ON e.key = s.effect_key
                    WHERE s.run_id = r.id AND e.state IN ('claimed', 'waiting', 'doubt'))
   AND (r.trigger <> 'schedule'
        OR EXISTS (SELECT 1 FROM runs_run n
                    WHERE n.automation = r.automation AND n.trigger = 'schedule' AND n.slot > r.slot))
 ORDER BY r.created_at LIMIT %(bite)s
"""


def forget_old_runs(before: datetime) -> int:
    """Runs older than ``before`` with their pages and steps; returns how many."""
    return _forget(before, empty=False)


def forget_empty_runs(before: datetime) -> int:
    """Runs outside the schedule that saw nothing: somebody was woken for work that another had taken."""
    return _forget(before, empty=True)


def forget_settled_alerts(before: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM runs_alert WHERE resolved_at < %s", [before])
        return int(cursor.rowcount)


def _forget(before: datetime, *, empty: bool) -> int:
    forgotten = 0
    for _ in range(MOST_BITES):
        bite = _forget_bite(before, empty=empty)
        forgotten += bite
        if bite < BITE:
            break
    return forgotten


@transaction.atomic
def _forget_bite(before: datetime, *, empty: bool) -> int:
    deleted = 0
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS old")
        cursor.execute(_FIND, {"before": before, "empty": empty, "bite": BITE})
        for statement in _PARTS:
            cursor.execute(statement)
            deleted = int(cursor.rowcount)
        cursor.execute("DROP TABLE old")
    return deleted
