"""What every target database must do for us, shown on the scripted one and on a real PostgreSQL."""

from __future__ import annotations

import msgspec
import pytest

from apps.platform.policy import Table
from tests.contracts.target_worlds import INDEX, QUERY, ROWS, Scripted, World
from workers.ports import IndexSpec, Refused

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["scripted", "real"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "scripted":
        return Scripted()
    made: World = request.getfixturevalue("real")
    return made


def orders(world: World) -> Table:
    return msgspec.convert(world.target.table_stat("orders", schema="shop"), Table)


def test_slow_queries_are_those_over_the_line(world: World) -> None:
    found = world.target.slow_queries(min_mean_ms=0.001, limit=50)
    ours = next(stat for stat in found if stat.query_id == world.query_id)
    assert (ours.query, ours.calls) == (QUERY, 3)
    assert ours.total_ms == pytest.approx(3 * ours.mean_ms)
    assert world.target.slow_queries(min_mean_ms=10_000_000, limit=50) == []
    assert len(world.target.slow_queries(min_mean_ms=0, limit=1)) == 1


def test_one_query_is_followed_by_its_id(world: World) -> None:
    before = world.target.query_stat(world.query_id)
    world.run(4)
    after = world.target.query_stat(world.query_id)
    assert before is not None
    assert after is not None
    assert after.calls - before.calls == 4
    assert after.total_ms > before.total_ms
    assert world.target.query_stat(12345) is None


def test_a_table_is_described(world: World) -> None:
    table = orders(world)
    assert (table.schema, table.name, table.partitioned, table.rows) == ("shop", "orders", False, ROWS)
    assert [index.name for index in table.indexes] == ["orders_pkey"]
    assert table.covered(("id",)) is not None
    column = table.column("customer_id")
    assert column is not None
    assert column.type == "bigint"
    assert column.n_distinct == pytest.approx(3000, rel=0.1)


def test_a_table_that_is_not_there_is_refused(world: World) -> None:
    with pytest.raises(Refused, match="no table"):
        world.target.table_stat("nowhere", schema="shop")


def test_the_plan_reads_the_table_from_end_to_end_until_the_index_is_there(world: World) -> None:
    before = world.target.plan(QUERY)
    world.target.create_index(INDEX, key="k")
    after = world.target.plan(QUERY)
    assert float(str(before["Total Cost"])) > 10 * float(str(after["Total Cost"]))


def test_without_hypopg_a_try_on_paper_is_refused(world: World) -> None:
    with pytest.raises(Refused, match="HypoPG"):
        world.target.plan(QUERY, hypothetical=INDEX)


def test_the_index_makes_our_own_run_faster(world: World) -> None:
    before = world.target.measure(QUERY)
    world.target.create_index(INDEX, key="k")
    assert world.target.measure(QUERY) < before / 2


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM shop.orders",
        "SELECT 1; DROP TABLE shop.orders",
        "WITH gone AS (DELETE FROM shop.orders RETURNING id) SELECT count(*) FROM gone",
        "SELECT * FROM shop.orders FOR UPDATE",
        "SELECT * INTO shop.copy FROM shop.orders",
        "not sql at all",
    ],
)
def test_only_a_single_reading_select_is_planned_or_run(world: World, query: str) -> None:
    for look in (world.target.plan, world.target.measure):
        with pytest.raises(Refused, match="not looked at"):
            look(query)
    assert orders(world).rows == ROWS


def test_an_index_is_built_once_however_often_it_is_asked_for(world: World) -> None:
    first = world.target.create_index(INDEX, key="k")
    again = world.target.create_index(INDEX, key="k")
    assert first.valid
    assert again.valid
    assert (first.index_name, first.size_bytes) == (again.index_name, again.size_bytes)
    assert first.size_bytes > 0
    built = orders(world).covered(("customer_id",))
    assert built is not None
    assert built.name == INDEX.name


def test_dropping_takes_the_index_away_and_twice_is_harmless(world: World) -> None:
    world.target.create_index(INDEX, key="k")
    world.target.drop_index(INDEX, key="d")
    world.target.drop_index(INDEX, key="d")
    assert orders(world).covered(("customer_id",)) is None


@pytest.mark.parametrize(
    ("index", "why"),
    [
        (IndexSpec("mine", "shop", "orders", ("customer_id",)), "begin with apex_"),
        (IndexSpec("apex_a", "shop", "nowhere", ("customer_id",)), "no table"),
        (IndexSpec("apex_a", "shop", "parted", ("id",)), "partitioned"),
        (IndexSpec("apex_a", "shop", "orders", ("nothing",)), "does not exist"),
        (IndexSpec("apex_a", "shop", "orders", ('id") ; DROP TABLE shop.orders; --',)), "does not exist"),
    ],
)
def test_what_cannot_be_built_is_refused(world: World, index: IndexSpec, why: str) -> None:
    with pytest.raises(Refused, match=why):
        world.target.create_index(index, key="k")
    assert [known.name for known in orders(world).indexes] == ["orders_pkey"]


def test_only_our_own_indexes_are_dropped(world: World) -> None:
    with pytest.raises(Refused, match="begin with apex_"):
        world.target.drop_index(IndexSpec("orders_pkey", "shop", "orders", ("id",)), key="d")
    assert [known.name for known in orders(world).indexes] == ["orders_pkey"]


def test_a_name_that_is_taken_over_other_columns_is_refused(world: World) -> None:
    world.target.create_index(INDEX, key="k")
    with pytest.raises(Refused, match="other columns"):
        world.target.create_index(IndexSpec(INDEX.name, "shop", "orders", ("total_cents",)), key="k2")


def test_odd_names_are_quoted(world: World) -> None:
    world.target.create_index(IndexSpec("apex_odd", "shop", "orders", ('odd "name',)), key="k")
    assert orders(world).covered(('odd "name',)) is not None
