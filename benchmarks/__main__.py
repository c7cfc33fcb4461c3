"""``make bench``: every benchmark in turn, each on servers of its own, each beside its reference."""

from __future__ import annotations

import os
import subprocess
import sys

from benchmarks.services import servers

PARTS = ("kernel", "mail", "ingest", "health")


def main() -> int:
    """The number of parts that ended badly (missed goals are printed, and count)."""
    bad = 0
    for part in PARTS:
        print(f"\n== {part}", flush=True)
        with servers():
            command = [sys.executable, "-m", f"benchmarks.{part}", *sys.argv[1:]]
            environ = {"DJANGO_SETTINGS_MODULE": "apex.settings.test", "LOG_LEVEL": "ERROR", **os.environ}
            bad += subprocess.run(command, env=environ, check=False).returncode != 0
        for name in ("DATABASE_URL", "REDIS_URL"):
            os.environ.pop(name, None)
    return bad


if __name__ == "__main__":
    raise SystemExit(main())
