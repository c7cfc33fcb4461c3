"""The operator's PostgreSQL: slow queries from pg_stat_statements, plans, and indexes built CONCURRENTLY.

PostgreSQL 13 and later. The role needs CONNECT, membership of pg_read_all_stats, SELECT on the tables that
are measured, and ownership of the tables that get an index.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, cast

import msgspec
import psycopg
from psycopg import errors, sql

from apps.core.types import JsonObject
from apps.platform.policy import PREFIX
from workers.gateways.postgres_catalog import read_index, read_table
from workers.gateways.postgres_measure import checked, execution_ms, generic_plan
from workers.gateways.postgres_session import (
    LOCK_TIMEOUT_MS,
    Connection,
    connected,
    reading,
    speaking,
)
from workers.ports import IndexBuild, IndexSpec, QueryStat, Refused, Unavailable, Unknown

NO_STATISTICS = (
    "The watched database collects no query statistics: set shared_preload_libraries = 'pg_stat_statements', "
    "restart it, and run CREATE EXTENSION pg_stat_statements in it."
)
NO_RIGHTS = (
    "The role may not see other roles' queries: GRANT pg_read_all_stats to it in the watched database."
)
NO_HYPOPG = "HypoPG is not installed in the watched database, so the index cannot be tried on paper."

# One index at a time: the key of an advisory lock held by the session that builds or drops.
_BUILDING = 0x61706578  # "apex"

# Utility statements are left out, our own EXPLAINs among them.
_STATISTICS = r"""
SELECT s.queryid AS query_id, min(s.query) AS query, sum(s.calls)::bigint AS calls,
       sum(s.total_exec_time) / sum(s.calls) AS mean_ms, sum(s.total_exec_time) AS total_ms,
       sum(s.rows)::bigint AS rows
  FROM {view} s JOIN pg_database d ON d.oid = s.dbid AND d.datname = current_database()
 WHERE s.calls > 0 AND s.queryid IS NOT NULL AND {condition}
   AND s.query ~* '^[\s(]*(/\*.*?\*/[\s(]*)*(select|with|insert|update|delete|merge)\y'
 GROUP BY s.queryid
"""


class PostgresTarget:
    """Implements workers.ports.Target. ``url`` may be '': every call then says what to set. ``build_seconds``
    is the longest an index may take; it must end within the automation's time-out."""

    generic_plan_since: ClassVar[int] = 160000

    def __init__(
        self,
        url: str,
        *,
        lock_timeout_ms: int = LOCK_TIMEOUT_MS,
        measure_timeout_ms: int = 20_000,
        build_seconds: int = 600,
    ) -> None:
        self._url = url
        self._measure_timeout_ms = measure_timeout_ms
        self._change: dict[str, str | int] = {
            "lock_timeout": lock_timeout_ms,
            "statement_timeout": build_seconds * 1000,
        }

    # --- reading -----------------------------------------------------------------------------

    def slow_queries(self, *, min_mean_ms: float, limit: int) -> Sequence[QueryStat]:
        """Queries of this database by mean time, the costliest in sum first. Unavailable says what to install
        or to grant."""
        with reading(self._url) as connection:
            statement = _statistics(connection, sql.SQL("true")) + sql.SQL(
                " HAVING sum(s.total_exec_time) / sum(s.calls) >= %(least)s"
                " ORDER BY sum(s.total_exec_time) DESC, s.queryid LIMIT %(limit)s"
            )
            return _stats(connection, statement, {"least": min_mean_ms, "limit": limit})

    def query_stat(self, query_id: int) -> QueryStat | None:
        with reading(self._url) as connection:
            statement = _statistics(connection, sql.SQL("s.queryid = %(query)s"))
            return next(iter(_stats(connection, statement, {"query": query_id})), None)

    def plan(self, query: str, *, hypothetical: IndexSpec | None = None) -> JsonObject:
        with reading(self._url) as connection:
            by_prepare = connection.info.server_version < self.generic_plan_since
            if hypothetical is None:
                return generic_plan(connection, query, by_prepare=by_prepare)
            with _hypothetical(connection, hypothetical):
                return generic_plan(connection, query, by_prepare=by_prepare)

    def measure(self, query: str, *, runs: int = 3) -> float:
        checked(query)
        with reading(self._url, self._measure_timeout_ms) as connection:
            return execution_ms(connection, query, runs)

    def table_stat(self, table: str, *, schema: str = "") -> JsonObject:
        with reading(self._url) as connection:
            return cast("JsonObject", msgspec.to_builtins(read_table(connection, table, schema)))

    # --- changing ----------------------------------------------------------------------------

    def create_index(self, index: IndexSpec, *, key: str) -> IndexBuild:
        """``key`` is not sent: the name makes a repeat harmless. Unavailable when a lock is not had in time
        or another build is going on, Unknown when the connection breaks in mid-build."""
        _ours(index.name)
        statement = _create(index)
        with connected(self._url, self._change) as connection:
            with speaking("before the build"):
                table = read_table(connection, index.table, index.schema)
                if table.partitioned:
                    raise Refused(f"{table.full_name} is partitioned; CONCURRENTLY is not possible there.")
                _alone(connection)
                existing = _existing(connection, index)
            text = statement.as_string(connection)
            if existing is not None and existing["valid"]:
                return IndexBuild(
                    index.name, text, valid=True, size_bytes=existing["size_bytes"], seconds=0.0
                )
            with speaking(f"building {index.name}", lost=Unknown):
                if existing is not None:
                    _drop(connection, index)
                started = _server_seconds(connection)
                _build(connection, statement, index)
                seconds = _server_seconds(connection) - started
                built = read_index(connection, index.schema, index.name)
        if built is None or not built["valid"]:
            raise Unavailable(f"{index.name} was built but is not valid; it is dropped and built again.")
        return IndexBuild(index.name, text, valid=True, size_bytes=built["size_bytes"], seconds=seconds)

    def drop_index(self, index: IndexSpec, *, key: str) -> None:
        """Only names that begin with apex_. One that is gone already is no error."""
        _ours(index.name)
        with connected(self._url, self._change) as connection:
            with speaking("before the drop"):
                _alone(connection)
            with speaking(f"dropping {index.name}", lost=Unknown):
                _drop(connection, index)


def _statistics(connection: Connection, condition: sql.Composable) -> sql.Composed:
    row = connection.execute(
        "SELECT n.nspname AS schema, pg_has_role('pg_read_all_stats', 'USAGE') AS allowed"
        "  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace"
        " WHERE e.extname = 'pg_stat_statements'"
    ).fetchone()
    if row is None:
        raise Unavailable(NO_STATISTICS)
    if not row["allowed"]:
        raise Unavailable(NO_RIGHTS)
    view = sql.Identifier(row["schema"], "pg_stat_statements")
    return sql.SQL(_STATISTICS).format(view=view, condition=condition)


def _stats(connection: Connection, statement: sql.Composed, given: dict[str, Any]) -> list[QueryStat]:
    try:
        return [
            QueryStat(**{**row, "rows": int(row["rows"])}) for row in connection.execute(statement, given)
        ]
    except errors.ObjectNotInPrerequisiteState as problem:
        raise Unavailable(NO_STATISTICS) from problem


@contextmanager
def _hypothetical(connection: Connection, index: IndexSpec) -> Iterator[None]:
    """HypoPG's indexes live in the session, not in the transaction: they are reset, and where that cannot be
    done after an error, the session ends."""
    row = connection.execute("SELECT to_regproc('hypopg_create_index') IS NOT NULL AS installed").fetchone()
    if row is None or not row["installed"]:
        raise Refused(NO_HYPOPG)
    try:
        statement = sql.SQL("CREATE INDEX ON {} USING btree ({})").format(
            sql.Identifier(index.schema, index.table), _listed(index)
        )
        connection.execute("SELECT * FROM hypopg_create_index(%s)", (statement.as_string(connection),))
        yield
    finally:
        if connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
            connection.execute("SELECT hypopg_reset()")


def _listed(index: IndexSpec) -> sql.Composed:
    return sql.SQL(", ").join([sql.Identifier(column) for column in index.columns])


def _create(index: IndexSpec) -> sql.Composed:
    return sql.SQL("CREATE INDEX CONCURRENTLY IF NOT EXISTS {} ON {} USING btree ({})").format(
        sql.Identifier(index.name), sql.Identifier(index.schema, index.table), _listed(index)
    )


def _ours(name: str) -> None:
    if not name.startswith(PREFIX):
        raise Refused(f"{name} does not begin with {PREFIX}: only our own indexes are built and dropped.")


def _alone(connection: Connection) -> None:
    row = connection.execute("SELECT pg_try_advisory_lock(%s) AS alone", (_BUILDING,)).fetchone()
    if row is None or not row["alone"]:
        raise Unavailable("Another index is being built or dropped in the watched database; this one waits.")


def _existing(connection: Connection, index: IndexSpec) -> dict[str, Any] | None:
    found = read_index(connection, index.schema, index.name)
    if found is not None:
        what = (found["schema"], found["table"], tuple(found["columns"]))
        if what != (index.schema, index.table, index.columns):
            raise Refused(f"{index.name} exists already, over other columns.")
    return found


def _build(connection: Connection, statement: sql.Composed, index: IndexSpec) -> None:
    try:
        connection.execute(statement)
    except (errors.LockNotAvailable, errors.QueryCanceled, errors.DeadlockDetected) as problem:
        # What is left is not used by queries but written by every change of the table.
        try:
            _drop(connection, index)
        except psycopg.Error as second:
            raise Unavailable(
                f"building {index.name}: {problem.diag.message_primary}; an invalid leftover stays until the"
                f" next try, it could not be dropped: {second.diag.message_primary}"
            ) from problem
        raise


def _drop(connection: Connection, index: IndexSpec) -> None:
    connection.execute(
        sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(sql.Identifier(index.schema, index.name))
    )


def _server_seconds(connection: Connection) -> float:
    row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8 AS now").fetchone()
    return 0.0 if row is None else float(row["now"])
