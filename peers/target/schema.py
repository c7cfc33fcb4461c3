"""The shop's tables and their first contents."""

from __future__ import annotations

from typing import Any

import psycopg

Connection = psycopg.Connection[tuple[Any, ...]]

CUSTOMERS = 5_000
ORDERS = 600_000
SLOW_MS = 1_800.0  # what the slow page should take, so that it is over a second on a quicker day as well
PAGE_FEWEST, PAGE_MOST = 20, 1_000

BEST_CUSTOMERS = """
SELECT c.id, c.name,
       (SELECT sum(o.total_cents) FROM shop.orders o WHERE o.customer_id = c.id) AS spent_cents
  FROM shop.customers c
 WHERE c.segment = %s
 ORDER BY c.id
 LIMIT %s
"""

_TABLES = """
CREATE SCHEMA shop;
CREATE TABLE shop.customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    segment text NOT NULL);
CREATE TABLE shop.orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES shop.customers,
    placed_at timestamptz NOT NULL,
    status text NOT NULL,
    total_cents integer NOT NULL,
    note text NOT NULL);
CREATE TABLE shop.page (customers integer NOT NULL);
"""

_CUSTOMERS = """
INSERT INTO shop.customers (name, segment)
SELECT 'Customer ' || n, (ARRAY['free', 'indie', 'studio', 'enterprise'])[1 + n %% 4]
  FROM generate_series(1, %s::int) n
"""

# Every customer has orders all over the table: a prime step spreads them.
_ORDERS = """
INSERT INTO shop.orders (customer_id, placed_at, status, total_cents, note)
SELECT 1 + (n * 7919) %% %s, now() - n * interval '1 minute',
       (ARRAY['paid', 'open', 'void'])[1 + n %% 3], 100 + n %% 9900, md5(n::text)
  FROM generate_series(1::bigint, %s::bigint) n
"""


def prepare(connection: Connection, *, customers: int = CUSTOMERS, orders: int = ORDERS) -> bool:
    """Makes and fills the shop where there is none yet; True when it did. One transaction: a start that
    is stopped half-way leaves nothing."""
    connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    with connection.transaction():
        found = connection.execute("SELECT to_regclass('shop.page') IS NOT NULL").fetchone()
        if found is not None and found[0]:
            return False
        connection.execute(_TABLES)
        connection.execute(_CUSTOMERS, (customers,))
        connection.execute(_ORDERS, (customers, orders))
        connection.execute("ANALYZE shop.customers, shop.orders")
        connection.execute("INSERT INTO shop.page VALUES (%s)", (_fitting_page(connection),))
    # The filling itself is none of the shop's business: neither its writes nor its statements count.
    connection.execute("SELECT pg_stat_reset()")
    connection.execute(
        "SELECT pg_stat_statements_reset(0, oid) FROM pg_database WHERE datname = current_database()"
    )
    return True


def page_size(connection: Connection) -> int:
    """Customers on the page "best customers"."""
    row = connection.execute("SELECT customers FROM shop.page").fetchone()
    if row is None:
        raise RuntimeError("shop.page is empty; drop the schema shop and start again")
    return int(row[0])


def customer_count(connection: Connection) -> int:
    """Their ids are 1 to this."""
    row = connection.execute("SELECT count(*) FROM shop.customers").fetchone()
    return 0 if row is None else int(row[0])


def _fitting_page(connection: Connection) -> int:
    """As many customers as take about SLOW_MS here, found by timing a small page."""
    plan = connection.execute(
        "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + BEST_CUSTOMERS, ("studio", PAGE_FEWEST)
    ).fetchone()
    if plan is None:
        raise RuntimeError("EXPLAIN gave no answer")
    small_ms = float(plan[0][0]["Execution Time"])
    return int(max(PAGE_FEWEST, min(PAGE_MOST, PAGE_FEWEST * SLOW_MS / max(small_ms, 0.1))))
