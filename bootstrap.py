"""Makes .venv and installs the locked requirements. Standard library only; any Python 3 can start it.

    python3 bootstrap.py          what Apex needs to run
    python3 bootstrap.py --dev    and what its tests and checks need

Nothing is downloaded when the lock has not changed. uv is used where it is installed, else pip.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
NEWEST_FIRST = ("python3.13", "python3.12", "python3.11")
FLOOR = (3, 11)
FULL = "apex: the disk is full; .venv needs about 500 MB, free some space and start again."


def main() -> None:
    dev = "--dev" in sys.argv[1:]
    if sys.version_info < FLOOR:
        start_again_with_a_newer_python()
    if is_installed(dev):
        return
    make_venv()
    print("Installing what Apex needs into .venv …", flush=True)
    lock = ROOT / ("requirements-dev.lock" if dev else "requirements.lock")
    if not installed_with_uv(lock):
        install_with_pip(lock)
    for which in (True, False) if dev else (False,):  # the dev lock holds the other one
        stamp(which).write_text(fingerprint(which))


def start_again_with_a_newer_python() -> None:
    for name in NEWEST_FIRST:
        found = shutil.which(name)
        if found and subprocess.call([found, "-c", ""], stderr=subprocess.DEVNULL) == 0:
            os.execv(found, [found, *sys.argv])  # noqa: S606
    sys.exit(
        f"apex: Python {sys.version_info[0]}.{sys.version_info[1]} is too old; install Python 3.11, 3.12 "
        "or 3.13 and start again (or `make run PYTHON=/path/to/python3.11`)."
    )


def is_installed(dev: bool) -> bool:
    known = stamp(dev)
    return PYTHON.exists() and known.exists() and known.read_text() == fingerprint(dev)


def stamp(dev: bool) -> Path:
    return VENV / (".apex-dev-lock" if dev else ".apex-lock")


def fingerprint(dev: bool) -> str:
    lock = ROOT / ("requirements-dev.lock" if dev else "requirements.lock")
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def make_venv() -> None:
    if (
        PYTHON.exists()
        and subprocess.call([str(PYTHON), "-m", "pip", "--version"], stdout=subprocess.DEVNULL) == 0
    ):
        return
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    print(f"Making .venv with Python {version} …", flush=True)
    done = run([sys.executable, "-m", "venv", "--clear", str(VENV)])
    if done.returncode == 0:
        return
    if "No space left" in done.stdout:
        sys.exit(FULL)
    if "ensurepip" in done.stdout:
        sys.exit(
            f"apex: this Python cannot make a .venv; on Debian and Ubuntu: apt install python{version}-venv."
        )
    sys.exit(
        "apex: .venv could not be made: " + (done.stdout.strip().splitlines() or ["no reason given"])[-1]
    )


def installed_with_uv(lock: Path) -> bool:
    """False when uv is not here or could not do it, whatever the reason; pip is asked then."""
    if not shutil.which("uv"):
        return False
    command = ["uv", "pip", "install", "--python", str(PYTHON), "--require-hashes", "-r", str(lock)]
    return run(command).returncode == 0


def install_with_pip(lock: Path) -> None:
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    # Wheels only: a missing one is said, instead of calling for a compiler nobody has.
    done = run([*command, "--only-binary=:all:", "--require-hashes", "-r", str(lock)])
    if done.returncode != 0:
        print(done.stdout, file=sys.stderr)
        sys.exit(reason(done.stdout))


def reason(output: str) -> str:
    """One sentence for what pip said."""
    if "No space left" in output:
        return FULL
    if "DO NOT MATCH THE HASHES" in output:
        return "apex: a downloaded package differs from the lock (see above); nothing was installed."
    if "No matching distribution" in output:
        return (
            "apex: a package has no ready-made wheel for this Python and platform, or the package index "
            "cannot be reached (see above); Apex runs on Python 3.11 to 3.13, Linux (x86-64, arm64) or macOS."
        )
    return "apex: the requirements could not be installed (see above); check the network and start again."


def run(command: "list[str]") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


if __name__ == "__main__":
    main()
