"""What can go wrong on a real PostgreSQL, and what is then said."""

from __future__ import annotations

import pytest

from tests.contracts.target_worlds import INDEX, QUERY, ROWS, Real
from workers.gateways.postgres import PostgresTarget
from workers.gateways.postgres_session import NOT_SET
from workers.ports import IndexSpec, Refused, Unavailable, Unknown

pytestmark = pytest.mark.django_db

INVALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('shop.apex_orders_customer')"


def leave_an_invalid_index(real: Real) -> None:
    """What a build leaves that was cut off: here two rows break a unique index of that name."""
    real.sql("INSERT INTO shop.orders SELECT id + 1000000, 7, placed_at, 1 FROM shop.orders WHERE id = 7")
    with pytest.raises(Exception, match="could not create unique index"):
        real.sql("CREATE UNIQUE INDEX CONCURRENTLY apex_orders_customer ON shop.orders (customer_id)")
    assert real.sql(INVALID) == [(False,)]


def test_a_lock_that_is_held_makes_it_wait_for_the_next_try(real: Real) -> None:
    with real.locked(), pytest.raises(Unavailable, match="lock timeout"):
        real.target.create_index(INDEX, key="k")
    assert real.sql(INVALID) == []
    assert real.target.create_index(INDEX, key="k").valid


def test_a_build_cut_off_by_an_old_transaction_leaves_nothing_unsaid(real: Real) -> None:
    """A transaction that wrote before the build keeps its second phase waiting: lock_timeout ends it."""
    with real.connect() as connection, connection.transaction():
        connection.execute("UPDATE shop.orders SET total_cents = 2 WHERE id = 1")
        with pytest.raises(Unavailable, match=r"lock timeout"):
            real.target.create_index(INDEX, key="k")
    assert real.target.create_index(INDEX, key="k").valid
    assert real.sql(INVALID) == [(True,)]


def test_an_invalid_leftover_is_replaced(real: Real) -> None:
    leave_an_invalid_index(real)
    assert real.target.create_index(INDEX, key="k").valid
    assert real.sql(INVALID) == [(True,)]


def test_killed_in_mid_build_it_is_unknown_and_the_repeat_builds_it(real: Real) -> None:
    with real.killing("CREATE INDEX CONCURRENTLY"), pytest.raises(Unknown, match="connection"):
        real.target.create_index(INDEX, key="k")
    assert real.target.create_index(INDEX, key="k").valid
    assert real.sql(INVALID) == [(True,)]


def test_one_build_at_a_time(real: Real) -> None:
    with real.connect() as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (0x61706578,))
        with pytest.raises(Unavailable, match="Another index"):
            real.target.create_index(INDEX, key="k")
        with pytest.raises(Unavailable, match="Another index"):
            real.target.drop_index(INDEX, key="d")
    assert real.target.create_index(INDEX, key="k").valid


def test_a_role_without_rights_is_refused(real: Real) -> None:
    role = f"reader_{real.sql('SELECT current_database()')[0][0]}"  # roles belong to the whole server
    real.sql(f"CREATE ROLE {role} LOGIN PASSWORD 'reader'")
    try:
        real.sql(f"GRANT USAGE ON SCHEMA shop TO {role}")
        reader = PostgresTarget(real.as_role(role, "reader"))
        with pytest.raises(Refused, match="must be owner"):
            reader.create_index(INDEX, key="k")
        with pytest.raises(Refused, match="permission denied"):
            reader.plan(QUERY)
        with pytest.raises(Unavailable, match="pg_read_all_stats"):
            reader.slow_queries(min_mean_ms=0, limit=10)
    finally:
        real.sql(f"REVOKE ALL ON SCHEMA shop FROM {role}")
        real.sql(f"DROP ROLE {role}")


def test_without_the_extension_it_says_what_to_do(real: Real) -> None:
    real.sql("DROP EXTENSION pg_stat_statements")
    with pytest.raises(Unavailable, match="CREATE EXTENSION pg_stat_statements"):
        real.target.slow_queries(min_mean_ms=0, limit=10)


@pytest.mark.parametrize("url", ["", "postgres://nobody:secret@127.0.0.1:9/none"])
def test_a_database_that_is_not_there_is_unavailable_and_no_password_is_shown(url: str) -> None:
    with pytest.raises(Unavailable) as caught:
        PostgresTarget(url).slow_queries(min_mean_ms=0, limit=10)
    assert "secret" not in str(caught.value)
    assert url or str(caught.value) == NOT_SET


def test_utility_statements_and_our_own_measuring_are_not_slow_queries(real: Real) -> None:
    real.target.measure(QUERY)
    found = real.target.slow_queries(min_mean_ms=0, limit=100)
    assert [stat.query for stat in found if "EXPLAIN" in stat.query or "CREATE" in stat.query] == []
    stat = real.target.query_stat(real.query_id)
    assert stat is not None
    assert stat.calls == 3


class Before16(PostgresTarget):
    generic_plan_since = 10**9


@pytest.mark.parametrize("query", [QUERY, "SELECT count(*) FROM shop.orders", f"{QUERY} AND note = $2;"])
def test_the_generic_plan_is_the_same_by_prepare(real: Real, query: str) -> None:
    assert Before16(real.url).plan(query)["Total Cost"] == real.target.plan(query)["Total Cost"]


def test_a_function_that_may_change_something_is_not_run(real: Real) -> None:
    real.sql("CREATE SEQUENCE shop.numbers")
    with pytest.raises(Refused, match="nextval may change something"):
        real.target.measure("SELECT nextval('shop.numbers')")
    with pytest.raises(Refused, match="pg_terminate_backend"):
        real.target.measure("SELECT pg_terminate_backend(pid) FROM pg_stat_activity")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(*) FROM shop.orders o WHERE o.placed_at BETWEEN $1 AND $2",
        "SELECT id FROM shop.orders WHERE customer_id = $1 ORDER BY placed_at DESC LIMIT $2 OFFSET $3",
        "SELECT count(*) FROM shop.orders WHERE customer_id IN ($1, $2) AND total_cents > $3::int",
        "WITH cheap AS (SELECT * FROM shop.orders WHERE total_cents < $1) SELECT count(*) FROM cheap",
    ],
)
def test_parameters_get_usual_values_from_the_statistics(real: Real, query: str) -> None:
    assert real.target.measure(query, runs=2) > 0


@pytest.mark.parametrize(
    "query", ["SELECT $1::int", "SELECT count(*) FROM shop.orders WHERE customer_id + 1 = $1"]
)
def test_a_parameter_nothing_is_known_of_is_not_guessed(real: Real, query: str) -> None:
    with pytest.raises(Refused, match=r"not known what \$1"):
        real.target.measure(query)


def test_a_query_that_takes_too_long_is_cut_off(real: Real) -> None:
    hasty = PostgresTarget(real.url, measure_timeout_ms=50)
    with pytest.raises(Unavailable, match="statement timeout"):
        hasty.measure("SELECT count(*) FROM shop.orders a, shop.orders b WHERE a.total_cents = b.total_cents")


def test_reading_cannot_write_even_if_the_parser_were_fooled(real: Real) -> None:
    real.sql(
        "CREATE FUNCTION shop.sly() RETURNS bigint STABLE LANGUAGE plpgsql AS"
        " $$ BEGIN EXECUTE 'DELETE FROM shop.orders'; RETURN 1; END $$"
    )
    with pytest.raises(Refused, match="read-only|not allowed"):
        real.target.measure("SELECT shop.sly()")
    assert real.sql("SELECT count(*) FROM shop.orders") == [(ROWS,)]


def test_with_hypopg_the_index_is_tried_on_paper_and_forgotten(real: Real) -> None:
    """HypoPG is not among the tests' extensions: two functions of its names watch how they are called."""
    real.sql(
        "CREATE FUNCTION hypopg_create_index(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN"
        ' IF $1 <> \'CREATE INDEX ON "shop"."orders" USING btree ("customer_id")\''
        "    THEN RAISE 'got %', $1; END IF;"
        " PERFORM set_config('apex_test.tried', 'yes', false); RETURN $1; END $$;"
        "CREATE FUNCTION hypopg_reset() RETURNS void LANGUAGE plpgsql AS $$ BEGIN"
        " IF current_setting('apex_test.tried') <> 'yes' THEN RAISE 'reset before the try'; END IF; END $$;"
    )
    assert real.target.plan(QUERY, hypothetical=INDEX)["Total Cost"] == real.target.plan(QUERY)["Total Cost"]
    with pytest.raises(Refused, match="got CREATE INDEX"):
        real.target.plan(QUERY, hypothetical=IndexSpec("apex_b", "shop", "orders", ("total_cents",)))
