"""The two worlds of the target contract: the scripted one, and the real gateway on a real PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import psycopg

from apps.platform.policy import Column, Index, Table
from workers.gateways.postgres import PostgresTarget
from workers.gateways.scripted_target import ScriptedQuery, ScriptedTarget
from workers.ports import IndexSpec, Target

QUERY = "SELECT sum(total_cents) FROM shop.orders WHERE customer_id = $1"
RUN = "SELECT sum(total_cents) FROM shop.orders WHERE customer_id = 7"
ROWS = 60_000
INDEX = IndexSpec("apex_orders_customer", "shop", "orders", ("customer_id",))

SHOP = """
CREATE EXTENSION pg_stat_statements;
CREATE SCHEMA shop;
CREATE TABLE shop.orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, placed_at timestamptz NOT NULL,
                          total_cents integer NOT NULL, "odd ""name" text, note text);
INSERT INTO shop.orders SELECT n, n % 3000, now() - n * interval '1 minute', n % 999, 'x' || n % 50,
                                   md5(n::text)
  FROM generate_series(1, 60000) n;
CREATE TABLE shop.parted (id bigint, at date) PARTITION BY RANGE (at);
CREATE VIEW shop.paid AS SELECT * FROM shop.orders;
ANALYZE shop.orders;
"""


class World(Protocol):
    @property
    def target(self) -> Target: ...

    @property
    def query_id(self) -> int: ...

    def run(self, times: int) -> None:
        """The product runs the slow query."""
        ...


class Scripted:
    query_id = 1

    def __init__(self) -> None:
        names = ("id", "customer_id", "placed_at", "total_cents", 'odd "name')
        orders = Table(
            "shop",
            "orders",
            rows=ROWS,
            size_bytes=6_000_000,
            indexes=(Index("orders_pkey", ("id",)),),
            columns=tuple(Column(name, "bigint", 3000.0) for name in names),
        )
        parted = Table(
            "shop", "parted", rows=-1, size_bytes=0, partitioned=True, columns=(Column("id", "bigint"),)
        )
        self.target = ScriptedTarget(tables={"orders": orders, "parted": parted})
        self.target.add(ScriptedQuery(1, QUERY, "orders", ("customer_id",), slow_cost=1_500), calls=3)

    def run(self, times: int) -> None:
        self.target.run(1, times)


class Real:
    """A database of its own on the tests' server; ``url`` as psycopg takes it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.target = PostgresTarget(url, lock_timeout_ms=700)
        self.run(3)
        with self.connect() as connection:
            row = connection.execute(
                "SELECT queryid FROM pg_stat_statements WHERE query = %s"
                " AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())",
                (QUERY,),
            ).fetchone()
        assert row is not None
        self.query_id = int(row[0])

    def run(self, times: int) -> None:
        with self.connect() as connection:
            for _ in range(times):
                connection.execute(RUN)

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.url, autocommit=True)

    def as_role(self, user: str, password: str) -> str:
        """The address of the same database for another role."""
        return psycopg.conninfo.make_conninfo(self.url, user=user, password=password)

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            cursor = connection.execute(statement)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def locked(self, how: str = "SHARE ROW EXCLUSIVE") -> Iterator[None]:
        """Somebody else holds a lock on the orders for as long as this lasts."""
        with self.connect() as connection, connection.transaction():
            connection.execute(f"LOCK TABLE shop.orders IN {how} MODE")  # type: ignore[arg-type]
            yield

    @contextmanager
    def killing(self, what: str) -> Iterator[None]:
        """Ends the backend of Apex as soon as it is seen at ``what``."""
        over = threading.Event()

        def kill() -> None:
            with self.connect() as connection:
                while not over.is_set():
                    killed = connection.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE application_name = 'apex' AND datname = current_database()"
                        " AND state = 'active' AND query LIKE %s",
                        (f"{what}%",),
                    ).fetchone()
                    if killed is not None:
                        return
                    over.wait(0.005)

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            yield
        finally:
            over.set()
            killer.join()
