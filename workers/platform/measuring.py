"""What became of an index: real calls since the build, or our own runs where nobody calls."""

from __future__ import annotations

from datetime import datetime

import msgspec

from apps.core.types import Json, JsonObject
from apps.platform.conf import index_watch
from apps.platform.policy import IndexFacts, Measured, Table, Worth, judge_index
from workers.ports import IndexSpec, OutsideError, TargetSource


def spec_of(facts: IndexFacts, receipt: JsonObject) -> IndexSpec:
    """The index as it was built, which may be the operator's edit of what was proposed."""
    columns = msgspec.convert(receipt["columns"], tuple[str, ...])
    return IndexSpec(str(receipt["index_name"]), facts.schema, facts.table, columns)


def calls_so_far(target: TargetSource, query_id: int) -> tuple[int | None, float | None]:
    """Calls and their total time until now; None where they cannot be read: the index stands all the same,
    and is then judged by our own runs."""
    try:
        stat = target.query_stat(query_id)
    except OutsideError:
        return None, None
    return (stat.calls, stat.total_ms) if stat is not None else (0, 0.0)


def judge(
    target: TargetSource, facts: IndexFacts, receipt: JsonObject, *, now: datetime
) -> tuple[Worth, str, dict[str, Json]]:
    """The verdict on a built index, its sentence and its figures. Raises an OutsideError where the database
    cannot be asked."""
    spec = spec_of(facts, receipt)
    table = msgspec.convert(target.table_stat(spec.table, schema=spec.schema), Table)
    calls, after_ms = since(target, facts.query_id, receipt)
    last_look = now >= datetime.fromisoformat(str(receipt["built_at"])) + index_watch()[2]
    measured = Measured(
        before_ms=facts.mean_ms,
        calls=calls,
        after_ms=after_ms,
        own_before_ms=facts.measured_ms,
        own_after_ms=_own_run(target, facts.query) if last_look else None,
        valid=any(index.name == spec.name and index.valid for index in table.indexes),
        last_look=last_look,
    )
    worth, note = judge_index(measured)
    return worth, f"{spec.name}: {note}", {"before_ms": facts.mean_ms, "after_ms": after_ms, "calls": calls}


def since(target: TargetSource, query_id: int, receipt: JsonObject) -> tuple[int, float | None]:
    """How often the query ran since the index was built, and its mean time in milliseconds."""
    calls_then, total_then = receipt["calls_then"], receipt["total_ms_then"]
    stat = target.query_stat(query_id)
    if stat is None or not isinstance(calls_then, int) or not isinstance(total_then, (int, float)):
        return 0, None
    if stat.calls < calls_then:  # the statistics were reset since
        calls_then, total_then = 0, 0.0
    calls = stat.calls - calls_then
    return calls, max(0.0, stat.total_ms - total_then) / calls if calls else None


def _own_run(target: TargetSource, query: str) -> float | None:
    try:
        return target.measure(query)
    except OutsideError:
        return None
