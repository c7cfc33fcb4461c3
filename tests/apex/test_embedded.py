"""The parts of the one-machine start: lock, ports, secrets, and the supervisor over real processes."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from apex.embedded import ports, state
from apex.embedded.errors import CannotStart, disk_trouble
from apex.embedded.lock import only_one
from apex.embedded.supervisor import Child, Supervisor
from tests.architecture.sources import ROOT

FOREVER = "import time, signal; print('up', flush=True)\nwhile True: time.sleep(0.05)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + FOREVER
FAILING = "import sys; sys.exit(3)"


def child(name: str, code: str, stage: int = 1, **fields: object) -> Child:
    return Child(name, (sys.executable, "-c", code), stage, **fields)  # type: ignore[arg-type]


def eventually(check: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if check():
            return True
        time.sleep(0.02)
    return False


def test_a_second_start_is_refused_with_the_first_ones_process_id(tmp_path: Path) -> None:
    lock = tmp_path / "run.lock"
    code = (
        "import time; from pathlib import Path; from apex.embedded.lock import only_one\n"
        f"with only_one(Path({str(lock)!r})): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    with holder, holder.stdout:
        holder.stdout.readline()
        with pytest.raises(CannotStart, match=str(holder.pid)), only_one(lock):
            pass
        holder.kill()
    with only_one(lock):  # the dead one's file is taken over
        assert lock.read_text() == str(os.getpid())


def test_a_taken_port_is_named_with_the_variable_to_set() -> None:
    with socket.socket() as taken:
        taken.bind((ports.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=f"port {port} is in use.*WEB_PORT"):
            ports.claim({"WEB_PORT": str(port)}, "WEB_PORT", 8000)
        assert ports.prefer(port) != port


@pytest.mark.parametrize("given", ["http", "0", "65536", "-1", "80.5"])
def test_what_is_no_port_is_refused(given: str) -> None:
    with pytest.raises(CannotStart, match="WEB_PORT"):
        ports.claim({"WEB_PORT": given}, "WEB_PORT", 8000)


def test_secrets_are_made_once_and_are_private(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    first = state.load_secrets(path)
    assert state.load_secrets(path) == first
    assert set(first) == set(state.SECRETS)
    assert len(set(first.values())) == len(first)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_new_kind_of_secret_is_added_without_changing_the_others(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(json.dumps({"postgres": "kept"}))
    assert state.load_secrets(path)["postgres"] == "kept"
    assert set(json.loads(path.read_text())) == set(state.SECRETS)


def test_damaged_secrets_stop_the_start(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{")
    with pytest.raises(CannotStart, match="damaged"):
        state.load_secrets(tmp_path / "secrets.json")


@pytest.mark.parametrize(("number", "words"), [(errno.ENOSPC, "disk is full"), (errno.EACCES, "who owns it")])
def test_trouble_with_the_disk_becomes_a_sentence(number: int, words: str) -> None:
    assert words in str(disk_trouble(OSError(number, os.strerror(number)), "a log"))


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, said: list[str]) -> Supervisor:
    return Supervisor(tmp_path, said.append)


@pytest.mark.slow
def test_a_child_that_ends_is_started_again(supervisor: Supervisor, said: list[str], tmp_path: Path) -> None:
    process = supervisor.start(child("web", FOREVER))
    log = tmp_path / "web.log"
    assert eventually(lambda: log.read_text().count("up") == 1)
    process.kill()
    process.wait()

    def again() -> bool:
        supervisor.look()
        return log.read_text().count("up") == 2

    assert eventually(again)
    assert "web ended with status -9" in said[0]
    supervisor.stop()


@pytest.mark.slow
def test_pauses_between_starts_grow(supervisor: Supervisor, said: list[str]) -> None:
    supervisor.start(child("beat", FAILING))

    def twice() -> bool:
        supervisor.look()
        return len(said) == 2

    assert eventually(twice)
    assert "again in 1 s" in said[0]
    assert "again in 2 s" in said[1]
    supervisor.stop()


@pytest.mark.slow
def test_children_end_in_order_and_the_stubborn_are_killed(supervisor: Supervisor, tmp_path: Path) -> None:
    ended = "import signal, sys, time\ndef end(*_):\n    print(time.monotonic(), flush=True); sys.exit()\n"
    ended += "signal.signal(signal.SIGTERM, end); print('up', flush=True)\nwhile True: time.sleep(0.01)"
    server = supervisor.start(child("server", ended, 1))
    front = supervisor.start(child("front", ended, 2))
    stuck = supervisor.start(child("stuck", STUBBORN, 2, patience=0.2))
    assert eventually(
        lambda: all("up" in (tmp_path / f"{n}.log").read_text() for n in ("server", "front", "stuck"))
    )
    supervisor.stop()
    assert (server.returncode, front.returncode, stuck.returncode) == (0, 0, -signal.SIGKILL)
    moments = {n: float((tmp_path / f"{n}.log").read_text().split()[1]) for n in ("server", "front")}
    assert moments["front"] < moments["server"]


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux ends children with their parent")
def test_a_killed_supervisor_takes_its_children_along(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from apex.embedded.supervisor import Child, Supervisor\n"
        f"s = Supervisor(Path({str(tmp_path)!r}), print)\n"
        "p = s.start(Child('web', (sys.executable, '-c', 'import time; time.sleep(60)'), 1))\n"
        "print(p.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    with parent, parent.stdout:
        pid = int(parent.stdout.readline())
        parent.kill()
    assert eventually(lambda: _gone(pid))


def _gone(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.slow
def test_what_ends_by_itself_is_not_started_again(supervisor: Supervisor, said: list[str]) -> None:
    process = supervisor.start(child("seed", FAILING, again=False))
    process.wait()
    supervisor.look()
    assert (process.returncode, said) == (3, [])
    supervisor.stop()
