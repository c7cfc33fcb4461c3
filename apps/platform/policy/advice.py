"""Index advice: from a query's comparisons, its plan and its tables to the one index that should help."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from apps.core.types import JsonObject
from apps.platform.policy.plans import Scan, scans, total_cost
from apps.platform.policy.shapes import Advice, Table, Use

# The bars below which an index is not worth its upkeep (as pganalyze and dexter set them).
LEAST_COST = 100.0
LEAST_SAVING = 0.5
LEAST_ROWS = 500
MOST_EQUAL = 3  # columns compared for equality; more widen the index without narrowing the rows
OPTIONS = 3  # how many indexes are tried with HypoPG, the most promising first

# PostgreSQL's own defaults: selectivity.h, and random_page_cost, cpu_tuple_cost + cpu_index_tuple_cost.
RANGE_SHARE = 1.0 / 3.0
UNKNOWN_DISTINCT = 200.0
ORDER_SHARE = 0.1  # of the rows read until a LIMIT of unknown size is filled (clauses.c)
RANDOM_PAGE = 4.0
ROW = 0.015
PAGE_BYTES = 8192
DESCENT = 3 * RANDOM_PAGE  # root, branch, leaf

# Types with a B-tree order that is cheap to compare and short to store.
BTREE_TYPES = frozenset(
    {
        *("smallint", "integer", "bigint", "numeric", "real", "double precision", "oid", "boolean"),
        *("text", "character varying", "character", "citext", "uuid", "inet"),
        *("date", "time without time zone", "timestamp without time zone", "timestamp with time zone"),
    }
)


def advise(plan: JsonObject, asked: Sequence[Use], tables: Sequence[Table]) -> tuple[list[Advice], str]:
    """Indexes that could help, the most promising first, with estimated costs; where there is none, the
    sentence that says why. The estimate still has to pass ``passes``."""
    before = total_cost(plan)
    if before < LEAST_COST:
        return (
            [],
            f"The planner's cost is {before:.0f}; under {LEAST_COST:.0f} an index is not worth its upkeep.",
        )
    whole = scans(plan)
    if not whole:
        return [], "No table is read from end to end, so one more index would not help."
    found: list[Advice] = []
    reasons: list[str] = []
    for scan in whole:
        table = next((t for t in tables if t.name == scan.table and scan.schema in ("", t.schema)), None)
        if table is None:
            reasons.append(f"{scan.table} could not be read.")
            continue
        if refusal := refuse_table(table):
            reasons.append(refusal)
            continue
        for columns, share in _options(table, asked):
            if (index := table.covered(columns)) is not None:
                reasons.append(
                    f"{table.full_name} ({', '.join(columns)}) is covered by {index.name} already."
                )
                continue
            after = _after(before, scan, table, columns, share, asked)
            found.append(Advice(table.schema, table.name, columns, before, after, share))
    unique = {(a.schema, a.table, a.columns): a for a in sorted(found, key=lambda a: -a.after)}
    best = sorted(unique.values(), key=lambda a: (a.after, len(a.columns), a.columns))
    if not best and not reasons:
        reasons.append("Its conditions are none that a B-tree index serves.")
    return best[:OPTIONS], "" if best else reasons[0]


def refuse_table(table: Table) -> str:
    """Why no index is proposed for this table, '' when one may be."""
    if table.partitioned:
        return f"{table.full_name} is partitioned; an index cannot be built there without locking it."
    if table.rows < 0:
        return f"{table.full_name} has no statistics yet; run ANALYZE {table.full_name} on it."
    if table.rows < LEAST_ROWS:
        return f"{table.full_name} has {table.rows:.0f} rows; under {LEAST_ROWS} reading them all is as fast."
    return ""


def passes(advice: Advice) -> bool:
    return advice.before >= LEAST_COST and advice.saving >= LEAST_SAVING


def with_hypothetical(advice: Advice, plan: JsonObject) -> Advice:
    """The same advice with the cost that HypoPG found."""
    return replace(advice, after=total_cost(plan), hypothetical=True)


def merge(wanted: Mapping[int, tuple[str, str, tuple[str, ...]]]) -> dict[int, int]:
    """Of indexes (schema, table, columns) by id: which other one makes each superfluous. The wider covers
    its prefixes; of equals the one with the lowest id stays."""
    order = sorted(wanted, key=lambda ident: (-len(wanted[ident][2]), ident))
    kept: list[int] = []
    covered: dict[int, int] = {}
    for ident in order:
        schema, table, columns = wanted[ident]
        for leader in kept:
            if wanted[leader][:2] == (schema, table) and wanted[leader][2][: len(columns)] == columns:
                covered[ident] = leader
                break
        else:
            kept.append(ident)
    return covered


def _options(table: Table, asked: Sequence[Use]) -> Iterator[tuple[tuple[str, ...], float]]:
    """Column lists with the share of the rows that one look-up reads: those compared for equality first,
    then one by range or order."""
    for use in asked:
        if (use.schema, use.table) != (table.schema, table.name):
            continue
        equal = _best(table, use.equal)
        yield from _with_last(table, use, equal)
        joined = _best(table, tuple(dict.fromkeys((*use.join, *use.equal))))
        if use.join and joined != equal:
            yield from _with_last(table, use, joined)


def _with_last(table: Table, use: Use, equal: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
    share = 1.0
    for name in equal:
        share /= _distinct(table, name)
    ranges = [name for name in _sortable(table, use.ranges) if name not in equal]
    order = [name for name in _sortable(table, use.order)[:1] if name not in equal]
    if ranges:
        yield (*equal, ranges[0]), share * RANGE_SHARE
    elif order:
        yield (*equal, order[0]), share if equal else ORDER_SHARE
    elif equal:
        yield equal, share


def _best(table: Table, names: tuple[str, ...]) -> tuple[str, ...]:
    """The most selective columns first, and only as many as narrow the rows down."""
    ranked = sorted(_sortable(table, names), key=lambda name: (-_distinct(table, name), name))
    return tuple(ranked[:MOST_EQUAL])


def _sortable(table: Table, names: tuple[str, ...]) -> list[str]:
    """Those a B-tree takes; a name with a comma could not be typed back in the approvals inbox."""
    known = {column.name for column in table.columns if column.type in BTREE_TYPES and "," not in column.name}
    return [name for name in names if name in known]


def _distinct(table: Table, name: str) -> float:
    column = table.column(name)
    known = column.n_distinct if column is not None else None
    return max(1.0, min(known or UNKNOWN_DISTINCT, max(1.0, table.rows)))


def _after(
    before: float, scan: Scan, table: Table, columns: tuple[str, ...], share: float, asked: Sequence[Use]
) -> float:
    """The query's cost with the index: the scan's part replaced by look-ups, random pages and all."""
    matched = max(1.0, table.rows * share)
    pages = max(1.0, table.size_bytes / PAGE_BYTES)
    lookup = DESCENT + RANDOM_PAGE * min(matched, pages) + ROW * matched
    by_join = any(
        columns[0] in use.join for use in asked if (use.schema, use.table) == (table.schema, table.name)
    )
    if by_join and not any(columns[0] in use.equal for use in asked):
        lookup *= max(1.0, scan.outer_rows or 1.0)
    runs = min(scan.loops, before / scan.cost) if scan.cost > 0 else 0.0
    return max(lookup, before - runs * max(0.0, scan.cost - lookup))
