"""Fixtures: a filled shop database of its own for each test, copied from one made once a session."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from django.conf import settings
from psycopg import conninfo

from tests.contracts.target_worlds import SHOP, Real


@pytest.fixture(scope="session")
def shop_template(django_db_setup: None, worker_id: str) -> Iterator[tuple[str, str]]:
    """(address of the server's own database, name of a filled shop to copy)."""
    given = settings.DATABASES["default"]
    server = conninfo.make_conninfo(
        host=given["HOST"],
        port=given["PORT"],
        user=given["USER"],
        password=given["PASSWORD"],
        dbname="postgres",
    )
    name = f"apex_contract_shop_{worker_id}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # type: ignore[arg-type]
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    with psycopg.connect(conninfo.make_conninfo(server, dbname=name), autocommit=True) as connection:
        connection.execute(SHOP)  # type: ignore[arg-type]
    yield server, name
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


@pytest.fixture
def real(shop_template: tuple[str, str]) -> Iterator[Real]:
    server, template = shop_template
    name = f"{template}_one"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # type: ignore[arg-type]
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")  # type: ignore[arg-type]
    yield Real(conninfo.make_conninfo(server, dbname=name))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]
