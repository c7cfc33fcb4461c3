"""An own PostgreSQL (durable, synchronous commit) and Valkey for the benchmarks, unless the environment names some."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django

from apex.embedded.ports import free_port
from apex.embedded.postgres import Postgres
from apex.embedded.valkey import Valkey


@contextmanager
def servers() -> Iterator[None]:
    """Sets DATABASE_URL and REDIS_URL for this process and its children, and takes the servers down afterwards."""
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        yield
        return
    folder = Path(tempfile.mkdtemp(prefix="apex-bench-"))
    folder.chmod(0o711)
    postgres = Postgres(folder / "postgres", free_port(), secrets.token_urlsafe(12))
    valkey = Valkey(folder / "valkey", free_port(), secrets.token_urlsafe(12))
    database = postgres.start(folder / "postgres.log")
    broker = valkey.start(folder / "valkey.log")
    try:
        postgres.ensure_database("apex_bench")
        os.environ["DATABASE_URL"] = postgres.url("apex_bench")
        os.environ["REDIS_URL"] = valkey.url()
        yield
    finally:
        broker.terminate()
        broker.wait(30)
        postgres.stop(database)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running() -> Iterator[None]:
    """The servers, and Django set up on them."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apex.settings.test")
    os.environ.setdefault("LOG_LEVEL", "ERROR")
    with servers():
        django.setup()
        yield
