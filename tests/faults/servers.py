"""The laboratory's own PostgreSQL and Valkey: scenarios stop, flush and restart them, so they are nobody else's."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from apex.embedded.ports import free_port
from apex.embedded.postgres import Postgres
from apex.embedded.valkey import Valkey
from tests import services

TEMPLATE = "lab_template"


@dataclass
class Servers:
    folder: Path
    postgres: Postgres
    valkey: Valkey
    database: subprocess.Popen[bytes]
    broker: subprocess.Popen[bytes]
    made: int = field(default=0)

    def new_database(self) -> str:
        """The address of a new, migrated database."""
        self.made += 1
        name = f"lab_{self.made}"
        self.postgres.ensure_database("postgres", statements=f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return self.postgres.url(name)

    def drop(self, name: str) -> None:
        self.postgres.ensure_database("postgres", statements=f"DROP DATABASE {name} WITH (FORCE)")

    def stop_postgres(self) -> None:
        """A fast shutdown, as an update of the server does it."""
        Postgres.stop(self.database)

    def start_postgres(self) -> None:
        self.database = self.postgres.start(self.folder / "postgres.log")

    def stop_valkey(self) -> None:
        """Killed: what it held is gone, as it keeps no file here."""
        self.broker.kill()
        self.broker.wait(timeout=30)

    def start_valkey(self) -> None:
        self.broker = self.valkey.start(self.folder / "valkey.log")


@contextmanager
def running() -> Iterator[Servers]:
    """Both servers, with a migrated database to copy from. PostgreSQL is without fsync: a shutdown is clean."""
    folder = services.make_folder()
    password = secrets.token_urlsafe(12)
    postgres = Postgres(folder / "postgres", free_port(), password, durable=False)
    valkey = Valkey(folder / "valkey", free_port(), password, durable=False)
    database = postgres.start(folder / "postgres.log")
    servers = Servers(folder, postgres, valkey, database, valkey.start(folder / "valkey.log"))
    try:
        postgres.ensure_database(TEMPLATE)
        _migrate(postgres.url(TEMPLATE))
        yield servers
    finally:
        servers.broker.kill()
        servers.broker.wait(timeout=30)
        servers.stop_postgres()
        shutil.rmtree(folder, ignore_errors=True)


def _migrate(url: str) -> None:
    environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "apex.settings.test"}
    command = [sys.executable, "manage.py", "migrate", "--verbosity=0", "--skip-checks"]
    done = subprocess.run(
        command, cwd=services.ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"the laboratory's database could not be made:\n{done.stdout}{done.stderr}")
