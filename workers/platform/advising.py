"""Looking into slow queries: their statistics, their plans, and the index that should help."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from apps.platform import actions, queries
from apps.platform.models import SlowQuery
from apps.platform.policy import (
    Advice,
    Table,
    advise,
    index_name,
    levels,
    passes,
    single_select,
    table_names,
    uses,
    with_hypothetical,
)
from workers.ports import IndexSpec, OutsideError, QueryStat, Refused, TargetSource

MOST_SLOW = 50  # queries taken from the statistics at one look
MOST_KNOWN = 100  # known ones asked for beside those
MOST_MEASURED = 2  # run at one look: each costs the product's database a few seconds
MOST_TABLES = 8  # a query over more tables is not looked into


def read_statistics(target: TargetSource, slow_ms: float) -> Sequence[QueryStat]:
    """What is slow now, and how those do that were slow before."""
    found = {stat.query_id: stat for stat in target.slow_queries(min_mean_ms=slow_ms, limit=MOST_SLOW)}
    for query_id in queries.known_queries(MOST_KNOWN):
        if query_id not in found and (stat := target.query_stat(query_id)) is not None:
            found[query_id] = stat
    return list(found.values())


def advise_row(target: TargetSource, row: SlowQuery) -> None:
    """Keeps the best index for one query, or why there is none. Raises an OutsideError or NotAQuery where
    the query cannot be looked into."""
    found = levels(single_select(row.query))
    names = table_names(found)
    if len(names) > MOST_TABLES:
        raise ValueError(f"It reads {len(names)} tables; more than {MOST_TABLES} are not looked into.")
    plan = target.plan(row.query)
    tables = {
        name: msgspec.convert(target.table_stat(name[1], schema=name[0]), Table)
        for name in dict.fromkeys(names)
    }
    options, reason = advise(plan, uses(found, tables), list(tables.values()))
    tried = [better for option in options if passes(better := on_paper(target, row.query, option))]
    if options and not tried:
        reason = (
            f"An index on {options[0].table} ({', '.join(options[0].columns)}) would save less than half."
        )
    keys = {queries.effect_key(a.schema, index_name(a.schema, a.table, a.columns)): a for a in tried}
    closed = queries.closed_for_good(keys)
    left = [advice for key, advice in keys.items() if key not in closed]
    if not left:
        actions.note_no_advice(row, next(iter(closed.values()), reason), plan)
        return
    best = min(left, key=lambda advice: (advice.after, len(advice.columns)))
    table = next(t for t in tables.values() if (t.schema, t.name) == (best.schema, best.table))
    actions.note_advice(row, best, table, plan)


def on_paper(target: TargetSource, query: str, advice: Advice) -> Advice:
    """The advice with HypoPG's cost where that is installed, else as it was estimated."""
    name = index_name(advice.schema, advice.table, advice.columns)
    try:
        plan = target.plan(query, hypothetical=IndexSpec(name, advice.schema, advice.table, advice.columns))
    except Refused:
        return advice
    return with_hypothetical(advice, plan)


def measure_candidates(target: TargetSource) -> int:
    """Takes the time of new candidates, so that a query that runs rarely can be compared afterwards."""
    rows = queries.unmeasured(MOST_MEASURED)
    for row in rows:
        try:
            actions.note_measured(row.pk, target.measure(row.query))
        except OutsideError as problem:
            actions.note_measured(row.pk, None, str(problem))
    return len(rows)
