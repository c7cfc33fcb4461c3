"""Starts child processes, starts those again that end by themselves, and ends all of them in order."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from apex.embedded.errors import disk_trouble

FIRST_PAUSE = 1.0  # seconds before a child that ended is started again, doubled each time …
LONGEST_PAUSE = 60.0
STEADY = 60.0  # … and forgotten when it ran that long
LOG_BYTES = 20 * 1024 * 1024
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Child:
    """What to start and how to end it. Children of a lower ``stage`` are ended later.

    ``patience`` is seconds from ``stop`` to ``harder``, and again from there to SIGKILL.
    """

    name: str
    command: Sequence[str]
    stage: int
    environ: Mapping[str, str] = field(default_factory=dict)
    stop: signal.Signals = signal.SIGTERM
    harder: signal.Signals = signal.SIGTERM
    patience: float = 15.0
    run_as: Mapping[str, Any] = field(default_factory=dict)
    cwd: Path | None = None
    again: bool = True  # False: it ends by itself when its work is done


@dataclass(slots=True)
class _Running:
    child: Child
    process: subprocess.Popen[bytes]
    log: IO[bytes]
    started: float
    pause: float = FIRST_PAUSE
    again_at: float | None = None


class Supervisor:
    """Used from the main thread: children on Linux end with the thread that started them."""

    def __init__(self, logs: Path, say: Callable[[str], None]) -> None:
        self._logs = logs
        self._say = say
        self._running: dict[str, _Running] = {}

    def start(self, child: Child) -> subprocess.Popen[bytes]:
        try:
            log = (self._logs / f"{child.name}.log").open("ab")
        except OSError as error:
            raise disk_trouble(error, "a log") from error
        process = self._spawn(child, log)
        self._running[child.name] = _Running(child, process, log, time.monotonic())
        return process

    def look(self) -> None:
        """One round: notices children that ended, starts those whose pause is over, keeps logs small."""
        now = time.monotonic()
        for running in self._running.values():
            over = running.child.again and running.process.poll() is not None
            if running.again_at is None and over:
                self._ended(running, now)
            elif running.again_at is not None and now >= running.again_at:
                running.process = self._spawn(running.child, running.log)
                running.started, running.again_at = now, None
            self._shorten(running)

    def stop(self) -> None:
        """Ends all children, the highest stage first, each asked, then urged, then killed."""
        for stage in sorted({running.child.stage for running in self._running.values()}, reverse=True):
            self._stop_together([r for r in self._running.values() if r.child.stage == stage])
        self._running.clear()

    def _ended(self, running: _Running, now: float) -> None:
        if now - running.started > STEADY:
            running.pause = FIRST_PAUSE
        running.again_at = now + running.pause
        self._say(
            f"{running.child.name} ended with status {running.process.returncode}; "
            f"again in {running.pause:.0f} s (see {self._logs / running.child.name}.log)"
        )
        running.pause = min(LONGEST_PAUSE, running.pause * 2)

    def _stop_together(self, group: list[_Running]) -> None:
        waiting = [running for running in group if running.process.poll() is None]
        for attempt in range(3):
            for running in waiting:
                sign = (running.child.stop, running.child.harder, signal.SIGKILL)[attempt]
                running.process.send_signal(sign)
            deadline = time.monotonic() + max((r.child.patience for r in waiting), default=0)
            while waiting and time.monotonic() < deadline:
                time.sleep(0.05)
                waiting = [running for running in waiting if running.process.poll() is None]
        for running in group:
            running.log.close()

    def _shorten(self, running: _Running) -> None:
        """Copies a long log aside and empties it; children append, so they go on at the start."""
        if running.log.tell() < LOG_BYTES and os.fstat(running.log.fileno()).st_size < LOG_BYTES:
            return
        path = Path(running.log.name)
        shutil.copyfile(path, path.with_suffix(".log.1"))
        os.truncate(path, 0)

    @staticmethod
    def _spawn(child: Child, log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            list(child.command),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **child.environ},
            cwd=child.cwd,
            # A Ctrl-C reaches the supervisor only, which then ends the children in order.
            start_new_session=True,
            umask=0o077,  # mailboxes, schedules and logs are the operator's
            preexec_fn=_end_with_parent(child.stop),  # noqa: PLW1509 - no threads here
            **child.run_as,
        )


def _end_with_parent(sign: signal.Signals) -> Callable[[], None] | None:
    """Asks Linux to send ``sign`` to the child when the supervisor is killed outright."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, int(sign), 0, 0, 0)
