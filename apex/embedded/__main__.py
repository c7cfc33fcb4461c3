"""``python -m apex.embedded``: starts everything, says where, and ends everything on Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType

from apex.embedded.errors import DISK, CannotStart, disk_trouble
from apex.embedded.launch import ROOT, Launch
from apex.embedded.lock import only_one


class _Stop:
    """Set by Ctrl-C and SIGTERM; while starting it interrupts, afterwards it ends the loop."""

    def __init__(self) -> None:
        self.asked = False
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sign, self._ask)

    def _ask(self, _sign: int, _frame: FrameType | None) -> None:
        if not self.asked:
            self.asked = True
            raise KeyboardInterrupt

    def __call__(self) -> bool:
        return self.asked


def say(line: str) -> None:
    print(line, flush=True)


def main() -> int:
    home = Path(os.environ.get("APEX_HOME", ROOT / ".apex")).resolve()
    try:
        _make(home)
        with only_one(home / "run.lock"):
            return _run(home)
    except CannotStart as error:
        print(f"apex: {error}", file=sys.stderr)
        return 1


def _run(home: Path) -> int:
    stop = _Stop()
    launch = Launch(home, dict(os.environ), say)
    try:
        launch.up()
        launch.run(stop)
    except KeyboardInterrupt:
        say("\nEnding; workers finish what they hold …")
    except OSError as error:
        if error.errno not in DISK:
            raise
        raise disk_trouble(error, str(error.filename or home)) from error
    finally:
        stop.asked = True  # a second Ctrl-C must not break the orderly end
        launch.down()
    say("Everything has ended.")
    return 0


def _make(home: Path) -> None:
    try:
        (home / "logs").mkdir(parents=True, exist_ok=True)
        # The database may run under another account and must get through to its own folder.
        home.chmod(0o711)
        (home / "logs").chmod(0o700)
    except OSError as error:
        raise disk_trouble(error, str(home)) from error


if __name__ == "__main__":
    sys.exit(main())
