"""One PostgreSQL and one Valkey for a whole test session, started when a test first needs them.

``python -m tests.services FOLDER PID`` leaves a process behind that runs both until it is told to end or the
process PID is gone, so that a killed test session leaves nothing behind. The servers are those of apex/embedded,
without fsync.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apex.embedded.ports import free_port
from apex.embedded.postgres import Postgres
from apex.embedded.valkey import Valkey

FOLDER = "APEX_TEST_SERVICES"
ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Services:
    database_url: str  # of the server's "apex" database; a test session makes its own beside it
    redis_url: str


def make_folder() -> Path:
    """A folder below the system's temporary one that the servers' account can reach."""
    folder = Path(tempfile.mkdtemp(prefix="apex-tests-"))
    folder.chmod(0o711)
    return folder


def obtain(folder: Path, owner: int) -> Services:
    """The session's servers; the first to ask, of all xdist processes, starts them."""
    given = Services(os.environ.get("DATABASE_URL", ""), os.environ.get("REDIS_URL", ""))
    if given.database_url and given.redis_url:
        return given
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        description = folder / "services.json"
        if not description.exists():
            _start(folder, owner)
        started = Services(**json.loads(description.read_text()))
    return Services(given.database_url or started.database_url, given.redis_url or started.redis_url)


def end(folder: Path) -> None:
    """Ends the servers of ``folder``, if any were started, and removes it."""
    pid = folder / "pid"
    if pid.exists():
        _ask_to_end(int(pid.read_text()), folder)
    shutil.rmtree(folder, ignore_errors=True)


def _ask_to_end(pid: int, folder: Path) -> None:
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 30
    while (folder / "pid").exists() and time.monotonic() < deadline:
        time.sleep(0.05)


def _start(folder: Path, owner: int) -> None:
    with (folder / "services.log").open("ab") as log:
        command = [sys.executable, "-m", "tests.services", str(folder), str(owner)]
        started = subprocess.run(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            timeout=START_SECONDS, check=False,
        )  # fmt: skip
    if started.returncode:
        raise RuntimeError(f"the test servers did not start:\n{(folder / 'services.log').read_text()}")


def start_serving(folder: Path, owner: int) -> int:
    """Leaves a process behind that serves, nobody's child; returns once it is ready: 0, or 1 if it ended."""
    child = os.fork()
    if child == 0:
        serve(folder, owner)
        return 0
    while not (folder / "services.json").exists():
        if os.waitpid(child, os.WNOHANG) != (0, 0):
            return 1
        time.sleep(0.05)
    return 0


def serve(folder: Path, owner: int) -> None:
    """Runs both servers until SIGTERM or until ``owner`` is gone."""
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: stopping.append(number))
    (folder / "pid").write_text(str(os.getpid()))
    password = secrets.token_urlsafe(12)
    postgres = Postgres(
        folder / "postgres", free_port(), password, durable=False, settings={"max_connections": "300"}
    )
    database = postgres.start(folder / "postgres.log")
    valkey = Valkey(folder / "valkey", free_port(), password, durable=False)
    broker = valkey.start(folder / "valkey.log")
    try:
        postgres.ensure_database("apex")
        _write(folder / "services.json", {"database_url": postgres.url("apex"), "redis_url": valkey.url()})
        while not stopping and _alive(owner):
            time.sleep(0.2)
    finally:
        Valkey.stop(broker)
        Postgres.stop(database)
        (folder / "pid").unlink()
    if not _alive(owner):
        shutil.rmtree(folder, ignore_errors=True)


def _write(path: Path, values: dict[str, Any]) -> None:
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(values))
    draft.replace(path)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(start_serving(Path(sys.argv[1]), int(sys.argv[2])))
