"""What the operator's PostgreSQL says about its tables, indexes and statistics. Reads only."""

from __future__ import annotations

from typing import Any, cast

from psycopg import sql

from apps.platform.policy import Column, Index, Table
from workers.gateways.postgres_session import Connection
from workers.ports import Refused

# An empty schema means: as the role's search_path finds it.
_TABLE = """
SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind, c.reltuples::float8 AS rows,
       CASE WHEN c.relkind = 'p' THEN 0 ELSE pg_table_size(c.oid) END AS size_bytes,
       coalesce(s.n_tup_ins + s.n_tup_upd + s.n_tup_del, 0)::float8 AS writes,
       coalesce(s.n_tup_hot_upd, 0)::float8 AS hot_updates,
       greatest(60.0, extract(epoch FROM clock_timestamp() - coalesce(
           (SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()),
           pg_postmaster_start_time())))::float8 AS seconds
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
 WHERE c.oid = to_regclass(CASE WHEN %(schema)s = '' THEN '' ELSE quote_ident(%(schema)s) || '.' END
                           || quote_ident(%(table)s))
"""

# Key columns of index i in order, '' for an expression.
_INDEX_COLUMNS = """
ARRAY(SELECT coalesce(a.attname, '')::text
        FROM unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY k(attnum, n)
        LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum > 0
       ORDER BY k.n)
"""

_COLUMNS = """
SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type,
       CASE WHEN s.n_distinct < 0 THEN -s.n_distinct * greatest(%(rows)s::float8, 0)
            ELSE nullif(s.n_distinct, 0) END::float8 AS n_distinct
  FROM pg_attribute a
  LEFT JOIN pg_stats s ON s.schemaname = %(schema)s AND s.tablename = %(table)s AND s.attname = a.attname
       AND NOT s.inherited
 WHERE a.attrelid = %(oid)s AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum
"""

_INDEXES = sql.SQL("""
SELECT c.relname AS name,
       {columns} AS columns,
       am.amname = 'btree' AND i.indpred IS NULL AS plain,
       i.indisvalid AND i.indisready AS valid, pg_relation_size(c.oid) AS size_bytes,
       coalesce(s.idx_scan, 0) AS scans
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am am ON am.oid = c.relam
  LEFT JOIN pg_stat_all_indexes s ON s.indexrelid = i.indexrelid
 WHERE i.indrelid = %(oid)s
 ORDER BY c.relname
""").format(columns=sql.SQL(_INDEX_COLUMNS))

_VALUES = """
SELECT most_common_vals::text::text[] AS common, histogram_bounds::text::text[] AS bounds
  FROM pg_stats WHERE schemaname = %s AND tablename = %s AND attname = %s AND NOT inherited
"""

_NAMED = sql.SQL("""
SELECT i.indisvalid AND i.indisready AS valid, tn.nspname AS schema, t.relname AS table,
       {columns} AS columns,
       pg_relation_size(c.oid) AS size_bytes
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_index i ON i.indexrelid = c.oid
  JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
 WHERE n.nspname = %s AND c.relname = %s
""").format(columns=sql.SQL(_INDEX_COLUMNS))


def read_table(connection: Connection, table: str, schema: str) -> Table:
    """Raises Refused where there is no such table; a view counts as none."""
    name = f"{schema}.{table}" if schema else table
    row = connection.execute(_TABLE, {"schema": schema, "table": table}).fetchone()
    if row is None or row["kind"] not in ("r", "p", "m"):
        raise Refused(f"There is no table {name} in the watched database.")
    of = {"oid": row["oid"], "schema": row["schema"], "table": row["name"], "rows": row["rows"]}
    return Table(
        schema=row["schema"],
        name=row["name"],
        rows=row["rows"],
        size_bytes=row["size_bytes"],
        partitioned=row["kind"] == "p",
        indexes=tuple(
            Index(**{**index, "columns": tuple(index["columns"])})
            for index in connection.execute(_INDEXES, of)
        ),
        columns=tuple(Column(**column) for column in connection.execute(_COLUMNS, of)),
        writes_per_second=row["writes"] / row["seconds"],
        hot_updates_per_second=row["hot_updates"] / row["seconds"],
    )


def read_index(connection: Connection, schema: str, name: str) -> dict[str, Any] | None:
    """valid, schema, table, columns, size_bytes of an index by its name."""
    return connection.execute(_NAMED, (schema, name)).fetchone()


def seen_values(connection: Connection, schema: str, table: str, column: str) -> tuple[list[str], list[str]]:
    """The most common values of a column, the commonest first, and its histogram bounds in order."""
    row = connection.execute(_VALUES, (schema, table, column)).fetchone()
    if row is None:
        return [], []
    return cast("list[str]", row["common"] or []), cast("list[str]", row["bounds"] or [])


def volatile(connection: Connection, names: frozenset[str]) -> list[str]:
    """Which of these functions, in any schema, may change something (and so are not run to measure)."""
    rows = connection.execute(
        "SELECT DISTINCT proname FROM pg_proc WHERE provolatile = 'v' AND proname = ANY(%s) ORDER BY 1",
        (list(names),),
    )
    return [row["proname"] for row in rows]
