"""Fixtures: a filled shop database of its own for each test, copied from one made once a session."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from django.conf import settings
from django.db import connections
from psycopg import conninfo

from tests.contracts.target_worlds import SHOP, Real


@pytest.fixture(scope="session")
def server_address(django_db_setup: None) -> str:
    """The tests' PostgreSQL, by the database every server has."""
    given = settings.DATABASES["default"]
    return conninfo.make_conninfo(
        host=given["HOST"],
        port=given["PORT"],
        user=given["USER"],
        password=given["PASSWORD"],
        dbname="postgres",
    )


def _beside(what: str) -> str:
    """A database name of this test process alone."""
    return f"{connections['default'].settings_dict['NAME']}_{what}"


@pytest.fixture(scope="session")
def shop_template(server_address: str) -> Iterator[tuple[str, str]]:
    """(address of the server's own database, name of a filled shop to copy)."""
    server = server_address
    name = _beside("shop")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # type: ignore[arg-type]
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    with psycopg.connect(conninfo.make_conninfo(server, dbname=name), autocommit=True) as connection:
        connection.execute(SHOP)  # type: ignore[arg-type]
    yield server, name
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # type: ignore[arg-type]


@pytest.fixture
def real(shop_template: tuple[str, str]) -> Iterator[Real]:
    server, template = shop_template
    name = f"{template}_one"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # type: ignore[arg-type]
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")  # type: ignore[arg-type]
    yield Real(conninfo.make_conninfo(server, dbname=name))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # type: ignore[arg-type]


@pytest.fixture
def empty_database(server_address: str) -> Iterator[str]:
    """The address of an empty database of its own."""
    name = _beside("empty")
    with psycopg.connect(server_address, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # type: ignore[arg-type]
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    yield conninfo.make_conninfo(server_address, dbname=name)
    with psycopg.connect(server_address, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # type: ignore[arg-type]
