"""Which index: from comparisons, plans and tables to columns, at the edges of every bar."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from apps.core.types import JsonObject
from apps.platform.policy import (
    Advice,
    Column,
    Index,
    NotAQuery,
    Table,
    Use,
    advise,
    levels,
    merge,
    parameters,
    passes,
    single_select,
    table_names,
    uses,
)

ORDERS = Table(
    "shop",
    "orders",
    rows=600_000,
    size_bytes=60_000_000,
    indexes=(Index("orders_pkey", ("id",)),),
    columns=(
        Column("id", "bigint", 600_000),
        Column("customer_id", "bigint", 5_000),
        Column("status", "text", 3),
        Column("placed_at", "timestamp with time zone", 600_000),
        Column("body", "jsonb", 600_000),
    ),
)
CUSTOMERS = Table(
    "shop",
    "customers",
    rows=5_000,
    size_bytes=400_000,
    indexes=(Index("customers_pkey", ("id",)),),
    columns=(Column("id", "bigint", 5_000), Column("segment", "text", 4)),
)


def seq_scan(cost: float = 15_000.0, table: str = "orders") -> JsonObject:
    return {
        "Node Type": "Seq Scan",
        "Relation Name": table,
        "Schema": "shop",
        "Total Cost": cost,
        "Plan Rows": 120,
    }


def asked(query: str) -> list[Use]:
    found = levels(single_select(query))
    known = {"orders": ORDERS, "customers": CUSTOMERS}
    return uses(found, {name: known[name[1]] for name in table_names(found)})


def orders_where(conditions: str) -> str:
    return f"SELECT * FROM shop.orders WHERE {conditions}"  # noqa: S608


def columns(query: str, table: Table = ORDERS, cost: float = 15_000.0) -> list[tuple[str, ...]]:
    options, _ = advise(seq_scan(cost), asked(query), [table, CUSTOMERS])
    return [option.columns for option in options]


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        ("customer_id = $1", ("customer_id",)),
        ("$1 = customer_id", ("customer_id",)),
        ("customer_id = $1::bigint", ("customer_id",)),
        ("customer_id IN ($1, $2)", ("customer_id",)),
        ("customer_id = ANY($1)", ("customer_id",)),
        ("status = $1 AND customer_id = $2", ("customer_id", "status")),
        ("customer_id = $1 AND placed_at > $2", ("customer_id", "placed_at")),
        ("placed_at BETWEEN $1 AND $2 AND customer_id = $3", ("customer_id", "placed_at")),
        ("placed_at >= $1 AND placed_at < $2", ("placed_at",)),
        ("customer_id = $1 ORDER BY placed_at DESC LIMIT 10", ("customer_id", "placed_at")),
        ("customer_id = $1 ORDER BY placed_at DESC", ("customer_id",)),
        ("orders.customer_id = $1", ("customer_id",)),
    ],
)
def test_equality_first_then_one_range_or_order(where: str, wanted: tuple[str, ...]) -> None:
    assert columns(orders_where(where))[0] == wanted


@pytest.mark.parametrize(
    "where",
    [
        "customer_id = $1 OR status = $2",
        "customer_id + 1 = $1",
        "customer_id <> $1",
        "body = $1",
        "nothing = $1",
        "customer_id = customer_id",
        "NOT customer_id = $1",
    ],
)
def test_what_a_btree_does_not_serve_is_not_proposed(where: str) -> None:
    assert columns(orders_where(where)) == []


def test_the_column_a_subquery_is_correlated_by() -> None:
    query = """SELECT c.id, (SELECT sum(o.id) FROM shop.orders o WHERE o.customer_id = c.id)
                 FROM shop.customers c WHERE c.segment = $1 ORDER BY c.id LIMIT $2"""
    assert asked(query) == [
        Use("shop", "customers", equal=("segment",), order=("id",)),
        Use("shop", "orders", equal=("customer_id",)),
    ]
    plan = {
        "Node Type": "Limit",
        "Total Cost": 1_860_000.0,
        "Plans": [
            {
                "Node Type": "Index Scan",
                "Total Cost": 18_600_000.0,
                "Plan Rows": 1250,
                "Plans": [{**seq_scan(), "Parent Relationship": "SubPlan"}],
            }
        ],
    }
    (best,), _ = advise(plan, asked(query), [ORDERS, CUSTOMERS])
    assert best.columns == ("customer_id",)
    assert best.saving > 0.9


def test_the_column_of_a_join_where_the_table_is_read_for_each_row() -> None:
    query = "SELECT * FROM shop.customers c JOIN shop.orders o ON o.customer_id = c.id WHERE c.segment = $1"
    inner = {**seq_scan(), "Parent Relationship": "Inner"}
    outer = {**seq_scan(90.0, "customers"), "Parent Relationship": "Outer", "Plan Rows": 10}
    plan = {"Node Type": "Nested Loop", "Total Cost": 150_000.0, "Plans": [outer, inner]}
    best = advise(plan, asked(query), [ORDERS, CUSTOMERS])[0][0]
    assert (best.table, best.columns) == ("orders", ("customer_id",))
    assert passes(best)


def test_a_hash_join_of_two_whole_tables_gains_nothing() -> None:
    query = "SELECT * FROM shop.customers c JOIN shop.orders o ON o.customer_id = c.id"
    plan = {
        "Node Type": "Hash Join",
        "Total Cost": 17_000.0,
        "Plans": [
            {**seq_scan(), "Parent Relationship": "Outer", "Plan Rows": 600_000},
            {**seq_scan(90.0, "customers"), "Parent Relationship": "Inner", "Plan Rows": 5_000},
        ],
    }
    options, _ = advise(plan, asked(query), [ORDERS, CUSTOMERS])
    assert [option for option in options if passes(option)] == []


@pytest.mark.parametrize(
    ("change", "offered"),
    [
        ({"rows": 499.0}, False),
        ({"rows": 500.0}, True),
        ({"rows": -1.0}, False),
        ({"partitioned": True}, False),
        ({"indexes": (Index("i", ("customer_id",)),)}, False),
        ({"indexes": (Index("i", ("customer_id", "id")),)}, False),
        ({"indexes": (Index("i", ("id", "customer_id")),)}, True),
        ({"indexes": (Index("i", ("customer_id",), plain=False),)}, True),
        ({"indexes": (Index("i", ("customer_id",), valid=False),)}, True),
    ],
)
def test_tables_where_no_index_is_proposed(change: dict[str, object], offered: bool) -> None:
    table = replace(ORDERS, **change)  # type: ignore[arg-type]
    options, reason = advise(seq_scan(), asked("SELECT * FROM shop.orders WHERE customer_id = $1"), [table])
    assert bool(options) is offered
    assert bool(reason) is not offered


@pytest.mark.parametrize(("cost", "offered"), [(99.9, False), (100.0, True)])
def test_a_cheap_query_is_left_alone(cost: float, offered: bool) -> None:
    assert bool(columns("SELECT * FROM shop.orders WHERE customer_id = $1", cost=cost)) is offered


def test_a_query_that_reads_by_index_already_needs_none() -> None:
    plan = {"Node Type": "Index Scan", "Relation Name": "orders", "Total Cost": 9_000.0}
    options, reason = advise(plan, asked("SELECT * FROM shop.orders WHERE customer_id = $1"), [ORDERS])
    assert options == []
    assert "end to end" in reason


@pytest.mark.parametrize(
    ("before", "after", "enough"),
    [(100, 50, True), (100, 51, False), (99, 0, False), (1000, 500, True), (0, 0, False)],
)
def test_it_has_to_save_half(before: float, after: float, enough: bool) -> None:
    assert passes(Advice("s", "t", ("c",), before, after, 0.1)) is enough


def test_a_cte_is_no_table_and_its_own_tables_are() -> None:
    found = levels(single_select("WITH orders AS (SELECT * FROM shop.customers) SELECT * FROM orders"))
    assert table_names(found) == [("shop", "customers")]


def test_where_parameters_stand() -> None:
    query = "SELECT id FROM shop.orders WHERE placed_at BETWEEN $2 AND $3 AND status = $1 LIMIT $4 OFFSET $5"
    found = levels(single_select(query))
    placed = parameters(found, {("shop", "orders"): ORDERS})
    assert [(p.number, p.how, p.column) for p in placed] == [
        (1, "equal", "status"),
        (2, "range", "placed_at"),
        (3, "range", "placed_at"),
        (4, "limit", ""),
        (5, "offset", ""),
    ]


@pytest.mark.parametrize("query", ["", ";", "SELEC 1", "INSERT INTO a VALUES (1)", "SELECT 1; SELECT 2"])
def test_what_is_no_single_select(query: str) -> None:
    with pytest.raises(NotAQuery):
        single_select(query)


@given(st.text(max_size=200))
def test_any_text_is_a_select_or_named_as_none(text: str) -> None:
    try:
        assert levels(single_select(text))
    except NotAQuery:
        assert not text.lower().startswith("select 1")


NAMES = [column.name for column in ORDERS.columns]
INDEXES = st.lists(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True), max_size=4)
WHERE = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(["=", ">", "<="])), min_size=1, max_size=5)


@given(WHERE, INDEXES, st.floats(-1, 2_000_000), st.booleans(), st.floats(0, 1e9))
def test_never_what_exists_never_for_small_tables_never_twice_a_column(
    where: list[tuple[str, str]], indexes: list[list[str]], rows: float, partitioned: bool, cost: float
) -> None:
    known = tuple(Index(f"i{n}", tuple(names)) for n, names in enumerate(indexes))
    table = replace(ORDERS, indexes=known, rows=rows, partitioned=partitioned)
    conditions = " AND ".join(f"{name} {operator} ${n + 1}" for n, (name, operator) in enumerate(where))
    options, reason = advise(seq_scan(cost), asked(orders_where(conditions)), [table])
    assert bool(options) is not bool(reason)
    for option in options:
        assert not partitioned
        assert rows >= 500
        assert cost >= 100
        assert all(tuple(index.columns[: len(option.columns)]) != option.columns for index in known)
        assert len(set(option.columns)) == len(option.columns) <= 4
        assert "body" not in option.columns
        assert option.after >= 0
        ranges = [name for name in option.columns if ("=" not in [o for n, o in where if n == name])]
        assert ranges in ([], [option.columns[-1]])


@given(
    st.dictionaries(st.integers(1, 50), st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True))
)
def test_merging_keeps_one_index_for_each_need(wanted: dict[int, list[str]]) -> None:
    assume(wanted)
    needs = {ident: ("s", "t", tuple(names)) for ident, names in wanted.items()}
    covered = merge(needs)
    kept = needs.keys() - covered.keys()
    for ident, leader in covered.items():
        assert leader in kept
        assert needs[leader][2][: len(needs[ident][2])] == needs[ident][2]
    for one in kept:
        assert not any(o != one and needs[o][2][: len(needs[one][2])] == needs[one][2] for o in kept)


def test_indexes_of_different_tables_are_not_merged() -> None:
    assert merge({1: ("s", "t", ("a",)), 2: ("s", "u", ("a", "b")), 3: ("x", "t", ("a",))}) == {}
