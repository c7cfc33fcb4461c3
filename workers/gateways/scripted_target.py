"""A product database for tests and the time machine: queries that are slow until an index helps them."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import msgspec

from apps.core.types import JsonObject
from apps.platform.policy import PREFIX, Index, NotAQuery, Table, create_statement, single_select
from workers.ports import IndexBuild, IndexSpec, OutsideError, QueryStat, Refused


@dataclass(slots=True)
class ScriptedQuery:
    """A query that reads ``table`` from end to end unless an index begins with ``helped_by``.
    ``really_helps`` False is the planner being wrong: the plan gets cheap, the query stays slow."""

    query_id: int
    text: str
    table: str
    helped_by: tuple[str, ...]
    slow_ms: float = 2_000.0
    fast_ms: float = 4.0
    slow_cost: float = 50_000.0
    fast_cost: float = 60.0
    really_helps: bool = True
    calls: int = 0
    total_ms: float = 0.0


@dataclass(slots=True)
class ScriptedTarget:
    """Implements workers.ports.Target in memory. ``fail`` holds errors to raise, one a call, the first first;
    ``done`` the changes in order, as (what, name)."""

    tables: dict[str, Table] = field(default_factory=dict)
    queries: dict[int, ScriptedQuery] = field(default_factory=dict)
    fail: deque[OutsideError] = field(default_factory=deque)
    done: list[tuple[str, str]] = field(default_factory=list)
    hypopg: bool = False

    def add(self, query: ScriptedQuery, *, calls: int) -> None:
        self.queries[query.query_id] = query
        self.run(query.query_id, calls)

    def run(self, query_id: int, times: int) -> None:
        """The product runs a query so many times."""
        query = self.queries[query_id]
        query.calls += times
        query.total_ms += times * self._ms(query)

    def slow_queries(self, *, min_mean_ms: float, limit: int) -> Sequence[QueryStat]:
        self._maybe_fail()
        stats = [_stat(query) for query in self.queries.values() if query.calls]
        slow = [stat for stat in stats if stat.mean_ms >= min_mean_ms]
        return sorted(slow, key=lambda stat: -stat.total_ms)[:limit]

    def query_stat(self, query_id: int) -> QueryStat | None:
        self._maybe_fail()
        query = self.queries.get(query_id)
        return _stat(query) if query is not None and query.calls else None

    def plan(self, query: str, *, hypothetical: IndexSpec | None = None) -> JsonObject:
        self._maybe_fail()
        scripted = self._by_text(query)
        table = self._table(scripted.table, "")
        if hypothetical is not None and not self.hypopg:
            raise Refused("HypoPG is not installed in the watched database.")
        on_paper = hypothetical is not None and _begins(hypothetical.columns, scripted.helped_by)
        if on_paper or self._helped(scripted):
            return {
                "Node Type": "Index Scan",
                "Relation Name": scripted.table,
                "Total Cost": scripted.fast_cost,
            }
        return {
            "Node Type": "Seq Scan",
            "Relation Name": scripted.table,
            "Schema": table.schema,
            "Total Cost": scripted.slow_cost,
            "Plan Rows": 1,
        }

    def measure(self, query: str, *, runs: int = 3) -> float:
        self._maybe_fail()
        return self._ms(self._by_text(query))

    def table_stat(self, table: str, *, schema: str = "") -> JsonObject:
        self._maybe_fail()
        return cast("JsonObject", msgspec.to_builtins(self._table(table, schema)))

    def create_index(self, index: IndexSpec, *, key: str) -> IndexBuild:
        self._maybe_fail()
        table = self._table(index.table, index.schema)
        _ours(index.name)
        if table.partitioned:
            raise Refused(f"{table.full_name} is partitioned.")
        for column in index.columns:
            if table.column(column) is None:
                raise Refused(f'column "{column}" does not exist')
        existing = next((i for i in table.indexes if i.name == index.name), None)
        if existing is not None and existing.valid and existing.columns != index.columns:
            raise Refused(f"{index.name} exists already, over other columns.")
        if existing is None or not existing.valid:
            kept = tuple(i for i in table.indexes if i.name != index.name)
            built = Index(index.name, index.columns, size_bytes=8192)
            self.tables[index.table] = replace(table, indexes=(*kept, built))
            self.done.append(("create", index.name))
        statement = create_statement(index.schema, index.table, index.columns)
        return IndexBuild(index.name, statement, valid=True, size_bytes=8192, seconds=1.0)

    def drop_index(self, index: IndexSpec, *, key: str) -> None:
        self._maybe_fail()
        _ours(index.name)
        table = self._table(index.table, index.schema)
        self.tables[index.table] = replace(
            table, indexes=tuple(i for i in table.indexes if i.name != index.name)
        )
        self.done.append(("drop", index.name))

    def _maybe_fail(self) -> None:
        if self.fail:
            raise self.fail.popleft()

    def _table(self, table: str, schema: str) -> Table:
        found = self.tables.get(table)
        if found is None or schema not in ("", found.schema):
            raise Refused(f"There is no table {table} in the watched database.")
        return found

    def _by_text(self, query: str) -> ScriptedQuery:
        try:
            single_select(query)
        except NotAQuery as problem:
            raise Refused(f"The query is not looked at: {problem}.") from problem
        found = next((known for known in self.queries.values() if known.text == query), None)
        if found is None:
            raise Refused("The query is not known to the script.")
        return found

    def _helped(self, query: ScriptedQuery) -> bool:
        table = self.tables.get(query.table)
        indexes = table.indexes if table is not None else ()
        return any(index.valid and _begins(index.columns, query.helped_by) for index in indexes)

    def _ms(self, query: ScriptedQuery) -> float:
        return query.fast_ms if self._helped(query) and query.really_helps else query.slow_ms


def _begins(columns: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    return columns[: len(wanted)] == wanted


def _ours(name: str) -> None:
    if not name.startswith(PREFIX):
        raise Refused(f"{name} does not begin with {PREFIX}: only our own indexes are built and dropped.")


def _stat(query: ScriptedQuery) -> QueryStat:
    return QueryStat(
        query.query_id, query.text, query.calls, query.total_ms / query.calls, query.total_ms, query.calls
    )
