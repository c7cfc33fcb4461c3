"""Plans and timings of a query on the operator's PostgreSQL, inside a READ ONLY transaction."""

from __future__ import annotations

from statistics import median
from typing import Any, cast

from psycopg import sql

from apps.core.types import JsonObject
from apps.platform.policy import (
    NotAQuery,
    Parameter,
    functions,
    levels,
    parameters,
    single_select,
    table_names,
)
from apps.platform.policy.sql import kind, walk
from workers.gateways.postgres_catalog import read_table, seen_values, volatile
from workers.gateways.postgres_session import Connection
from workers.ports import Refused

# What a page of a product usually asks for, where the query's LIMIT is a parameter.
USUAL_LIMIT = "100"
_NAME = sql.Identifier("apex_measured")


def checked(query: str) -> Any:
    """The parse tree of a query that may be planned and run. Refused when it is not a single SELECT."""
    try:
        return single_select(query)
    except NotAQuery as problem:
        raise Refused(f"The query is not looked at: {problem}.") from problem


def highest_parameter(root: Any) -> int:
    return max((int(node.number) for node in walk(root) if kind(node) == "ParamRef"), default=0)


def generic_plan(connection: Connection, query: str, *, by_prepare: bool) -> JsonObject:
    """The plan that does not depend on the parameters' values. ``by_prepare`` is the way before PostgreSQL
    16, where EXPLAIN does not take GENERIC_PLAN."""
    count = highest_parameter(checked(query))
    if not by_prepare or count == 0:
        option = sql.SQL("" if count == 0 else "GENERIC_PLAN, ")
        return _explained(
            connection, sql.SQL("EXPLAIN ({}VERBOSE, FORMAT JSON) {}").format(option, _text(query))
        )
    connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    connection.execute(sql.SQL("PREPARE {} AS {}").format(_NAME, _text(query)))
    nulls = sql.SQL(", ").join([sql.NULL] * count)
    return _explained(
        connection, sql.SQL("EXPLAIN (VERBOSE, FORMAT JSON) EXECUTE {} ({})").format(_NAME, nulls)
    )


def execution_ms(connection: Connection, query: str, runs: int) -> float:
    """Median of planning and execution time by the server's own clock, over usual values in turn."""
    root = checked(query)
    if changing := volatile(connection, functions(root)):
        raise Refused(f"The query is not run: {', '.join(changing)} may change something.")
    count = highest_parameter(root)
    connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")
    connection.execute(sql.SQL("PREPARE {} AS {}").format(_NAME, _text(query)))
    found = usual_values(connection, root, count)
    times = [_run_ms(connection, [choices[run % len(choices)] for choices in found]) for run in range(runs)]
    return float(median(times))


def usual_values(connection: Connection, root: Any, count: int) -> list[list[str]]:
    """For each parameter the values to try, as text. Refused where the statistics do not tell any."""
    tree = levels(root)
    tables = {name: read_table(connection, name[1], name[0]) for name in table_names(tree)}
    known = {parameter.number: parameter for parameter in parameters(tree, tables)}
    return [
        _choices(connection, known.get(number), number, list(known.values()))
        for number in range(1, count + 1)
    ]


def _choices(
    connection: Connection, parameter: Parameter | None, number: int, known: list[Parameter]
) -> list[str]:
    if parameter is None:
        raise Refused(f"The query is not run: it is not known what ${number} usually is.")
    if parameter.how in ("limit", "offset"):
        return [USUAL_LIMIT if parameter.how == "limit" else "0"]
    common, bounds = seen_values(connection, parameter.schema, parameter.table, parameter.column)
    if parameter.how == "equal" and (common or bounds):
        return common[:3] or [bounds[len(bounds) // 2]]
    ordered = bounds or sorted(common)
    if not ordered:
        raise Refused(
            f"The query is not run: {parameter.table}.{parameter.column} has no statistics; ANALYZE it."
        )
    # Bounds of one range, spread over the column's values in the order they are written.
    beside = [
        p.number for p in known if (p.how, p.table, p.column) == ("range", parameter.table, parameter.column)
    ]
    place = (beside.index(number) + 1) / (len(beside) + 1)
    return [ordered[min(len(ordered) - 1, int(place * len(ordered)))]]


def _run_ms(connection: Connection, values: list[str]) -> float:
    given = (
        sql.SQL("({})").format(sql.SQL(", ").join(sql.Literal(v) for v in values)) if values else sql.SQL("")
    )
    answer = _answer(
        connection, sql.SQL("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE {} {}").format(_NAME, given)
    )
    return float(answer["Planning Time"]) + float(answer["Execution Time"])


def _explained(connection: Connection, statement: sql.Composed) -> JsonObject:
    return cast("JsonObject", _answer(connection, statement)["Plan"])


def _answer(connection: Connection, statement: sql.Composed) -> dict[str, Any]:
    row = connection.execute(statement).fetchone()
    if row is None:
        raise Refused("EXPLAIN gave no answer.")
    return cast("dict[str, Any]", row["QUERY PLAN"][0])


def _text(query: str) -> sql.SQL:
    """A query that ``checked`` has seen to be a single SELECT, as it is."""
    return sql.SQL(query.strip().rstrip(";"))
