"""python -m peers.target --database-url URL: fills the shop once and lives its day until SIGTERM."""

from __future__ import annotations

import argparse
import signal
import threading

import psycopg

from peers.target.schema import prepare
from peers.target.workload import live


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m peers.target", description=__doc__)
    parser.add_argument("--database-url", required=True, help="a database of its own; the role owns it")
    parser.add_argument("--every", type=float, default=6.0, help="seconds between two slow pages (default 6)")
    given = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    while not stop.is_set():
        try:
            with psycopg.connect(given.database_url, autocommit=True, application_name="shop") as connection:
                print("filled the shop" if prepare(connection) else "the shop is there", flush=True)
                live(connection, stop, every=given.every)
        except psycopg.OperationalError as problem:
            # The server restarts, or is not up yet: a shop waits and tries again.
            print(f"database not reached: {' '.join(str(problem).split())}", flush=True)
            stop.wait(2.0)


if __name__ == "__main__":
    main()
