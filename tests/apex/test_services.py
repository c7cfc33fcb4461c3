"""The test session's own servers, and that tests cannot reach the Internet."""

import socket

import pytest
import redis
from django.db import connection
from pytest_socket import SocketConnectBlockedError


@pytest.mark.django_db
def test_the_database_is_postgresql_18_with_its_statistics_loaded() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version_num')::int, current_setting('shared_preload_libraries')"
        )
        version, preloaded = cursor.fetchone()
    assert 180000 <= version < 190000
    assert "pg_stat_statements" in preloaded


def test_redis_starts_empty_and_evicts_nothing(redis_url: str) -> None:
    client = redis.Redis.from_url(redis_url)
    assert client.dbsize() == 0
    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    client.close()


def test_the_internet_is_out_of_reach() -> None:
    with pytest.raises((SocketConnectBlockedError, UserWarning), match="192.0.2.1"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
