"""For every test: the session's PostgreSQL and Valkey, started only when a test asks for one of them."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from pathlib import Path

import environ
import pytest
import redis
from django.conf import settings
from django.db import connections
from django.db.backends.postgresql.operations import DatabaseOperations
from pytest_django.plugin import DjangoDbBlocker

from tests import flush, services

OWNER = "APEX_TEST_OWNER"


SERVED_FIXTURES = {"db", "transactional_db", "django_db_setup", "live_server", "test_services"}
SERVED_MARKERS = ("django_db", "slow", "faults")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("apex")
    group.addoption("--only-unit", action="store_true", help="tests that need no server")
    group.addoption("--only-served", action="store_true", help="tests that need one")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not (config.getoption("--only-unit") or config.getoption("--only-served")):
        return
    wanted = bool(config.getoption("--only-served"))
    left_out = [item for item in items if _needs_a_server(item) != wanted]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if _needs_a_server(item) == wanted]


def _needs_a_server(item: pytest.Item) -> bool:
    marked = any(item.get_closest_marker(name) for name in SERVED_MARKERS)
    return marked or bool(SERVED_FIXTURES & set(getattr(item, "fixturenames", ())))


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # the controller; xdist's workers inherit both
        os.environ[services.FOLDER] = str(services.make_folder())
        os.environ[OWNER] = str(os.getpid())


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and services.FOLDER in os.environ:
        services.end(Path(os.environ.pop(services.FOLDER)))


@pytest.fixture(scope="session")
def test_services() -> services.Services:
    """The addresses of this session's servers."""
    return services.obtain(Path(os.environ[services.FOLDER]), int(os.environ[OWNER]))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    test_services: services.Services, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """Points Django to the session's PostgreSQL; pytest-django then makes a test database there."""
    address = environ.Env.db_url_config(test_services.database_url)
    names = {key: address[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    settings.DATABASES["default"].update(names)
    connections["default"].settings_dict.update(names)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Lets the tests that commit leave the tables as the migrations did: see tests/flush.py."""
    with django_db_blocker.unblock():
        flush.keep_seeds(connections["default"])
        connections["default"].close()
    with pytest.MonkeyPatch.context() as patch:  # the class: each thread has a connection of its own
        patch.setattr(DatabaseOperations, "execute_sql_flush", flush.flush_to_seeds)
        yield


@pytest.fixture
def redis_url(test_services: services.Services, worker_id: str) -> Iterator[str]:
    """The address of an empty Redis database that no other test process uses, emptied again afterwards."""
    # Sixteen databases; 0 is left to whoever runs the server.
    number = 1 + zlib.crc32(worker_id.encode()) % 15 if worker_id == "master" else 1 + int(worker_id[2:]) % 15
    url = f"{test_services.redis_url.rsplit('/', 1)[0]}/{number}"
    client = redis.Redis.from_url(url)
    client.flushdb()
    yield url
    client.flushdb()
    client.close()
