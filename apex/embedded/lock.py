"""One running Apex per data folder: .apex/run.lock holds the process id of the one that runs."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from apex.embedded.errors import CannotStart, disk_trouble


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Holds ``path`` for as long as this process lives.

    The kernel frees the lock with the process, so a file left by a dead one is simply taken over.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise disk_trouble(error, str(path)) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        pid = path.read_text().strip()
        os.close(handle)
        raise CannotStart(
            f"Apex already runs here as process {pid}; use it, or end it with `kill {pid}`."
        ) from error
    try:
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        yield
    finally:
        os.ftruncate(handle, 0)
        os.close(handle)
