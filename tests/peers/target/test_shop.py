"""The shop: filled once, slow for want of one index, fast with it; it ends when it is told to."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest

from peers.target.schema import PAGE_MOST, prepare
from peers.target.workload import fast_things, live, slow_page

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def shop(empty_database: str) -> psycopg.Connection:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        assert prepare(connection, customers=5_000, orders=50_000)
        yield connection


def one(connection: psycopg.Connection, query: str) -> object:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def test_it_is_filled_once_and_goes_on_with_what_is_there(shop: psycopg.Connection) -> None:
    assert one(shop, "SELECT count(*) FROM shop.orders") == 50_000
    assert one(shop, "SELECT count(DISTINCT customer_id) FROM shop.orders") == 5_000
    fast_things(shop, random.Random(1), 5_000)
    assert not prepare(shop)
    assert one(shop, "SELECT count(*) FROM shop.orders") == 50_001


def test_filling_is_not_counted_as_the_shops_work(shop: psycopg.Connection) -> None:
    counted = (
        "SELECT count(*) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid"
        " WHERE datname = current_database() AND query LIKE 'INSERT INTO shop%%'"
    )
    assert one(shop, counted) == 0
    fast_things(shop, random.Random(1), 5_000)
    assert one(shop, counted) == 1


def test_a_filling_that_fails_leaves_nothing(empty_database: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        with pytest.raises(psycopg.Error):
            prepare(connection, customers=10, orders=-(2**63) - 1)
        assert one(connection, "SELECT to_regclass('shop.orders') IS NULL") is True
        assert prepare(connection, customers=10, orders=100)


def test_the_index_helps_the_slow_page_and_the_page_is_as_long_as_the_machine_is_fast(
    shop: psycopg.Connection,
) -> None:
    assert 20 <= int(str(one(shop, "SELECT customers FROM shop.page"))) <= PAGE_MOST
    before = slow_page(shop, "studio")
    shop.execute("CREATE INDEX ON shop.orders (customer_id)")
    shop.execute("ANALYZE shop.orders")
    assert slow_page(shop, "studio") < before / 2


def test_it_stops_when_told(shop: psycopg.Connection) -> None:
    stop = threading.Event()
    stop.set()
    assert live(shop, stop, every=1) == 0


def test_as_a_program_it_ends_cleanly_on_sigterm(empty_database: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        prepare(connection, customers=100, orders=1_000)
    command = [sys.executable, "-m", "peers.target", "--database-url", empty_database, "--every", "60"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "the shop is there\n"
        assert program.stdout.readline().startswith("best customers: ")
        program.send_signal(signal.SIGTERM)
        assert program.wait(timeout=30) == 0
