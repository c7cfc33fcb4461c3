"""Reading a query as PostgreSQL's own parser does (pglast): its tables, its comparisons, its parameters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pglast
from pglast.enums import A_Expr_Kind, BoolExprType, JoinType
from pglast.parser import ParseError

RANGE_OPERATORS = frozenset({"<", "<=", ">", ">="})
LONGEST = 100_000  # characters; beyond that a query is not looked into


class NotAQuery(ValueError):
    """The text is not one plain SELECT. The message says why, for the operator."""


@dataclass(frozen=True, slots=True)
class TableName:
    schema: str  # '' where the query names none
    table: str
    alias: str


@dataclass(frozen=True, slots=True)
class Name:
    """A column as written: ``qualifier`` is '' or a table's alias."""

    qualifier: str
    column: str


@dataclass(frozen=True, slots=True)
class Comparison:
    column: Name
    how: str  # equal or range
    other: Name | None = None  # the column it is compared with
    params: tuple[int, ...] = ()


@dataclass(slots=True)
class Level:
    """One SELECT of the query, with those around it as ``outer``."""

    outer: Level | None
    tables: list[TableName] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    order: list[Name] = field(default_factory=list)
    limited: bool = False
    limit_params: tuple[int, ...] = ()
    offset_params: tuple[int, ...] = ()


def single_select(query: str) -> Any:
    """The parse tree of a query that only reads. Raises NotAQuery for anything else: several statements,
    a write (also inside WITH), a lock, SELECT INTO, or text that does not parse."""
    if len(query) > LONGEST:
        raise NotAQuery(f"it is longer than {LONGEST} characters")
    try:
        statements = pglast.parse_sql(query)
    except ParseError as problem:
        raise NotAQuery(f"it does not parse: {problem.args[0]}") from problem
    if len(statements) != 1:
        raise NotAQuery(f"it is {len(statements)} statements, not one")
    root = statements[0].stmt
    if kind(root) != "SelectStmt":
        raise NotAQuery("it is not a SELECT")
    for node in walk(root):
        if kind(node).endswith("Stmt") and kind(node) != "SelectStmt":
            raise NotAQuery("it writes inside a WITH")
        if kind(node) == "SelectStmt" and node.intoClause is not None:
            raise NotAQuery("it is a SELECT INTO")
        if kind(node) == "SelectStmt" and node.lockingClause:
            raise NotAQuery("it locks rows (FOR UPDATE or FOR SHARE)")
    return root


def fingerprint(query: str) -> str:
    """The same for queries that differ in constants only; '' for text that does not parse."""
    try:
        return str(pglast.fingerprint(query))
    except ParseError:
        return ""


def functions(root: Any) -> frozenset[str]:
    """Names of the functions it calls, without their schema."""
    return frozenset(str(node.funcname[-1].sval) for node in walk(root) if kind(node) == "FuncCall")


def levels(root: Any) -> list[Level]:
    """Every SELECT of the query, the outer before the inner."""
    ctes = frozenset(str(node.ctename) for node in walk(root) if kind(node) == "CommonTableExpr")
    return list(_levels(root, None, ctes))


def kind(node: Any) -> str:
    return type(node).__name__


def children(node: Any) -> Iterator[Any]:
    if isinstance(node, (tuple, list)):
        yield from node
    elif isinstance(node, pglast.ast.Node):
        for name in node:
            value = getattr(node, name)
            if isinstance(value, (tuple, list, pglast.ast.Node)):
                yield value


def walk(node: Any, *, into_selects: bool = True) -> Iterator[Any]:
    """The node and all below it; without ``into_selects`` inner SELECTs are yielded but not entered."""
    todo, first = [node], True
    while todo:
        current = todo.pop()
        if not isinstance(current, (tuple, list)):
            yield current
        if first or into_selects or kind(current) != "SelectStmt":
            todo.extend(children(current))
        first = False


def _levels(select: Any, outer: Level | None, ctes: frozenset[str]) -> Iterator[Level]:
    level = Level(outer, limited=select.limitCount is not None)
    conditions = [select.whereClause] if select.whereClause is not None else []
    for item in select.fromClause or ():
        _from(item, level, conditions, ctes)
    for condition in conditions:
        level.comparisons.extend(_conjuncts(condition))
    for sort in select.sortClause or ():
        name = _column(sort.node)
        if name is None:
            break
        level.order.append(name)
    level.limit_params, level.offset_params = _params(select.limitCount), _params(select.limitOffset)
    yield level
    for node in walk(select, into_selects=False):
        if kind(node) == "SelectStmt" and node is not select:
            yield from _levels(node, level, ctes)


def _from(item: Any, level: Level, conditions: list[Any], ctes: frozenset[str]) -> None:
    if kind(item) == "RangeVar":
        if item.schemaname is None and item.relname in ctes:
            return
        alias = item.alias.aliasname if item.alias is not None else item.relname
        level.tables.append(TableName(item.schemaname or "", item.relname, alias))
    elif kind(item) == "JoinExpr":
        _from(item.larg, level, conditions, ctes)
        _from(item.rarg, level, conditions, ctes)
        if item.quals is not None and item.jointype in (JoinType.JOIN_INNER, JoinType.JOIN_LEFT):
            conditions.append(item.quals)


def _conjuncts(node: Any) -> Iterator[Comparison]:
    if kind(node) == "BoolExpr" and node.boolop == BoolExprType.AND_EXPR:
        for part in node.args:
            yield from _conjuncts(part)
    elif kind(node) == "A_Expr":
        yield from _comparison(node)


def _comparison(node: Any) -> Iterator[Comparison]:
    operator = str(node.name[-1].sval)
    left, right = _column(node.lexpr), _column(node.rexpr)
    if node.kind in (A_Expr_Kind.AEXPR_IN, A_Expr_Kind.AEXPR_OP_ANY):
        if operator == "=" and left is not None and _is_value(node.rexpr):
            # A parameter of = ANY is a whole array; only those of IN are single values.
            single = node.kind == A_Expr_Kind.AEXPR_IN
            yield Comparison(left, "equal", params=_params(node.rexpr) if single else ())
    elif node.kind == A_Expr_Kind.AEXPR_BETWEEN:
        if left is not None and _is_value(node.rexpr):
            yield Comparison(left, "range", params=_params(node.rexpr))
    elif node.kind == A_Expr_Kind.AEXPR_OP and (operator == "=" or operator in RANGE_OPERATORS):
        how = "equal" if operator == "=" else "range"
        if left is not None and right is not None:
            yield Comparison(left, how, other=right)
            yield Comparison(right, how, other=left)
        elif left is not None and _is_value(node.rexpr):
            yield Comparison(left, how, params=_params(node.rexpr))
        elif right is not None and _is_value(node.lexpr):
            yield Comparison(right, how, params=_params(node.lexpr))


def _column(node: Any) -> Name | None:
    if kind(node) != "ColumnRef" or any(kind(part) != "String" for part in node.fields):
        return None
    parts = [str(part.sval) for part in node.fields]
    return Name(parts[-2] if len(parts) > 1 else "", parts[-1])


def _is_value(node: Any) -> bool:
    """True for an expression that is the same for every row of the query."""
    return all(kind(part) not in ("ColumnRef", "SubLink") for part in walk(node))


def _params(node: Any) -> tuple[int, ...]:
    """Parameters that stand alone or under a cast: only those have the type of the column beside them."""
    if isinstance(node, (tuple, list)):
        return tuple(number for part in node for number in _params(part))
    if kind(node) == "TypeCast":
        return _params(node.arg)
    return (int(node.number),) if kind(node) == "ParamRef" else ()


def table_names(found: Sequence[Level]) -> list[tuple[str, str]]:
    """(schema, table) of every table named, each once, in order."""
    return list(dict.fromkeys((name.schema, name.table) for level in found for name in level.tables))
