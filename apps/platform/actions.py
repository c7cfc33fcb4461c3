"""Writes of the platform app. Each runs in the caller's transaction or in one of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from apps.core.types import JsonObject
from apps.platform.models import QUERY_CHARS, PredictiveAlert, SlowQuery, SlowQueryState
from apps.platform.policy import Advice, Table, fingerprint, index_name, merge
from apps.platform.queries import observations
from apps.runs.models import ObservationState

# recent_*: what happened between this look and the one before. A smaller number of calls than before
# means that the statistics were reset; then everything counted is recent.
_SEEN = """
INSERT INTO platform_slow_query AS q (query_id, fingerprint, query, calls, total_ms, mean_ms, recent_calls,
    recent_ms, first_seen, last_seen, state, reason, schema_name, table_name, columns, index_name, advice,
    effect_key, measure_error)
SELECT s.query_id, s.fingerprint, s.query, s.calls, s.total_ms, s.total_ms / greatest(s.calls, 1), s.calls,
       s.total_ms / greatest(s.calls, 1), %(now)s, %(now)s, 'watched', '', '', '', '{}', '', '{}', '', ''
  FROM unnest(%(ids)s::bigint[], %(fingerprints)s::text[], %(queries)s::text[], %(calls)s::bigint[],
              %(totals)s::float8[]) AS s(query_id, fingerprint, query, calls, total_ms)
ON CONFLICT (query_id) DO UPDATE SET
    calls = excluded.calls, total_ms = excluded.total_ms, mean_ms = excluded.mean_ms,
    recent_calls = CASE WHEN excluded.calls > q.calls THEN excluded.calls - q.calls
                        WHEN excluded.calls < q.calls THEN excluded.calls ELSE 0 END,
    recent_ms = CASE WHEN excluded.calls > q.calls
                     THEN greatest(excluded.total_ms - q.total_ms, 0) / (excluded.calls - q.calls)
                     WHEN excluded.calls < q.calls THEN excluded.mean_ms ELSE q.recent_ms END,
    last_seen = CASE WHEN excluded.calls <> q.calls THEN excluded.last_seen ELSE q.last_seen END
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """One row of the statistics, as read from the watched database."""

    query_id: int
    query: str
    calls: int
    total_ms: float


def note_statistics(seen: Sequence[Seen], *, now: datetime) -> int:
    """Stores what the statistics say now, new queries and known ones; returns how many."""
    if seen:
        with connection.cursor() as cursor:
            cursor.execute(
                _SEEN,
                {
                    "now": now,
                    "ids": [s.query_id for s in seen],
                    "fingerprints": [fingerprint(s.query) for s in seen],
                    "queries": [s.query.replace("\0", "")[:QUERY_CHARS] for s in seen],
                    "calls": [s.calls for s in seen],
                    "totals": [s.total_ms for s in seen],
                },
            )
    return len(seen)


def note_fast(slow_ms: float) -> int:
    """Queries that are under the line again; those with an index of ours stay with it."""
    return (
        SlowQuery.objects.filter(recent_ms__lt=slow_ms)
        .exclude(state__in=[SlowQueryState.FAST, SlowQueryState.INDEXED])
        .update(state=SlowQueryState.FAST, reason="Its mean time is under the line again.")
    )


def note_no_advice(row: SlowQuery, reason: str, plan: JsonObject | None = None) -> None:
    row.state, row.reason = SlowQueryState.WATCHED, reason
    row.plan = dict(plan) if plan is not None else None
    row.schema_name = row.table_name = row.index_name = ""
    row.columns, row.advice, row.cost_before, row.cost_after = [], {}, None, None
    row.save()


def note_advice(row: SlowQuery, advice: Advice, table: Table, plan: JsonObject) -> None:
    """Keeps the index that should help. The row counts as covered until ``settle`` has compared it with
    the other ones."""
    row.state, row.reason, row.plan = SlowQueryState.COVERED, "", dict(plan)
    row.schema_name, row.table_name = advice.schema, advice.table
    row.columns = list(advice.columns)
    row.index_name = index_name(advice.schema, advice.table, advice.columns)
    row.cost_before, row.cost_after = advice.before, advice.after
    row.advice = {
        "share": advice.share,
        "hypothetical": advice.hypothetical,
        "rows": table.rows,
        "size_bytes": table.size_bytes,
        "writes_per_second": table.writes_per_second,
        "hot_updates_per_second": table.hot_updates_per_second,
    }
    row.save()


@transaction.atomic
def settle() -> int:
    """Of all advice only what no other index covers stays a candidate; returns how many do."""
    rows = SlowQuery.objects.select_for_update().filter(
        state__in=[SlowQueryState.CANDIDATE, SlowQueryState.COVERED]
    )
    known = {row.pk: row for row in rows.only("id", "schema_name", "table_name", "columns", "index_name")}
    covered = merge({pk: (r.schema_name, r.table_name, tuple(r.columns)) for pk, r in known.items()})
    for pk, leader in covered.items():
        SlowQuery.objects.filter(pk=pk).update(
            state=SlowQueryState.COVERED,
            reason=f"The index {known[leader].index_name} helps this one as well.",
        )
    return SlowQuery.objects.filter(pk__in=known.keys() - covered.keys()).update(
        state=SlowQueryState.CANDIDATE, reason=""
    )


@dataclass(frozen=True, slots=True)
class Built:
    """An index as it was built; ``columns`` may be the operator's edit of what was proposed."""

    slow_query: int
    schema: str
    table: str
    columns: tuple[str, ...]
    index_name: str
    before_ms: float
    effect_key: str


def note_built(built: Sequence[Built], *, now: datetime) -> None:
    """Queries that the same index covers are advised afresh at the next look."""
    for index in built:
        SlowQuery.objects.filter(pk=index.slow_query).update(
            state=SlowQueryState.INDEXED,
            reason="The index was built and is being measured.",
            schema_name=index.schema,
            table_name=index.table,
            columns=list(index.columns),
            index_name=index.index_name,
            before_ms=index.before_ms,
            indexed_at=now,
            effect_key=index.effect_key,
        )


def note_refused(refused: Mapping[int, str]) -> None:
    """``refused``: slow query → why its index will not be built."""
    for pk, why in refused.items():
        SlowQuery.objects.filter(pk=pk).update(state=SlowQueryState.WATCHED, reason=f"Not built: {why}")


def note_outcomes() -> int:
    """Takes over what became of built indexes; returns how many were dropped again."""
    rows = list(SlowQuery.objects.filter(state=SlowQueryState.INDEXED).defer("plan"))
    dropped = 0
    for pk, observation in observations(rows).items():
        if observation.state == ObservationState.ROLLED_BACK:
            dropped += SlowQuery.objects.filter(pk=pk).update(
                state=SlowQueryState.WATCHED,
                reason=f"Tried and dropped again: {observation.note}",
                indexed_at=None,
            )
        elif observation.note:
            said = "Being measured" if observation.state == ObservationState.WATCHING else "Kept"
            SlowQuery.objects.filter(pk=pk).update(reason=f"{said}: {observation.note}")
    return dropped


def note_measured(pk: int, measured_ms: float | None, error: str = "") -> None:
    SlowQuery.objects.filter(pk=pk).update(measured_ms=measured_ms, measure_error=error)


def acknowledge(ident: Any, by: str, now: datetime) -> bool:
    """True when this call acknowledged the predictive alert."""
    changed = PredictiveAlert.objects.filter(Q(pk=ident, status=PredictiveAlert.Status.PENDING)).update(
        status=PredictiveAlert.Status.ACKNOWLEDGED, acknowledged_at=now, acknowledged_by=by
    )
    return bool(changed)
