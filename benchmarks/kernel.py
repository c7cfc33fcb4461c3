"""Kernel throughput: subjects a second through find, decide, claim, act, record, against two references.

    .venv/bin/python -m benchmarks.kernel --rounds 5

1. Two Celery worker children each: one bare Celery task per subject without any guard, against the kernel
   with one guarded effect per subject. Ratio = kernel's subjects a second / bare tasks a second.
2. One process: the kernel against a bare loop that makes the same inserts and updates with the same SQL.
   Ratio = the kernel's time / the loop's time.
3. Cost per subject from 1,000 to 100,000 subjects.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks.services import running

SUBJECTS = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    options = parser.parse_args()
    with running():
        measure(options.rounds, options.sizes)


def measure(rounds: int, sizes: list[int]) -> None:
    from benchmarks import kernel_parts as parts  # noqa: PLC0415 - Django is set up only now

    parts.prepare()
    worker = start_worker()
    try:
        parts.wait_for_worker()
        pairs = [
            (timed(parts.drain_bare, SUBJECTS), timed(parts.drain_guarded, SUBJECTS)) for _ in range(rounds)
        ]
    finally:
        worker.terminate()
        worker.wait(60)
    bare = statistics.median(b for b, _ in pairs)
    guarded = statistics.median(g for _, g in pairs)
    ratios = [b / g for b, g in pairs]
    print(f"two worker processes, {SUBJECTS} subjects, medians of {rounds} rounds in turn")
    print(f"  bare Celery task each   {SUBJECTS / bare:10,.0f} /s")
    print(f"  kernel, guarded         {SUBJECTS / guarded:10,.0f} /s")
    print(f"  ratio {statistics.median(ratios):.1f}x ({min(ratios):.1f} to {max(ratios):.1f}), goal 5x")
    alone = [(timed(parts.loop, SUBJECTS), timed(parts.in_process, SUBJECTS)) for _ in range(rounds)]
    ratios = [g / b for b, g in alone]
    print(f"one process, {SUBJECTS} subjects")
    print(f"  bare loop, same SQL     {SUBJECTS / statistics.median(b for b, _ in alone):10,.0f} /s")
    print(f"  kernel                  {SUBJECTS / statistics.median(g for _, g in alone):10,.0f} /s")
    print(
        f"  time ratio {statistics.median(ratios):.2f}x ({min(ratios):.2f} to {max(ratios):.2f}), goal 2.5x at most"
    )
    for size in sizes:
        seconds = timed(parts.in_process, size)
        print(f"  {size:>9,} subjects: {seconds / size * 1e6:6.1f} microseconds each")


def timed(part: Callable[[int], None], size: int) -> float:
    from benchmarks import kernel_parts as parts  # noqa: PLC0415

    parts.reset(size)
    start = time.perf_counter()
    part(size)
    return time.perf_counter() - start


def start_worker() -> subprocess.Popen[bytes]:
    command = [
        sys.executable, "-m", "celery", "-A", "benchmarks.kernel_app", "worker",
        "--concurrency=2", "--queues=default", "--loglevel=ERROR", "--without-gossip", "--without-mingle",
    ]  # fmt: skip
    return subprocess.Popen(command, env=os.environ.copy())


if __name__ == "__main__":
    main()
