"""Mail through the kernel beside raw smtplib, to the same sink, in one run.

    python -m benchmarks.mail [--messages 2000] [--rounds 5]

Raw: smtplib on one kept connection, bytes built beforehand, nothing recorded. Deliver: the outbox through
the kernel in one worker process: every message found, decided, claimed before it is sent, built from its
template, sent on the kept connection, and recorded. ``--sink plain`` is a process on plain sockets that
forgets everything, as fast as a server can be: nothing of the sender's own work is hidden behind it.
``--sink mailbox`` is the local mailbox, which keeps every message, as a real server does.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import smtplib
import socket
import statistics
import sys
import time
from datetime import UTC, datetime
from typing import Any

from benchmarks.mail_sink import keep_all, serve

GOAL = 0.5


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--receipts", type=int, default=0, help="receipts committed together; 0 as declared")
    parser.add_argument("--sink", choices=["plain", "mailbox"], default="plain")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apex.settings.test")
    port, sink = _start_sink(options.sink)
    try:
        ratios = _measure(port, options)
    finally:
        sink.terminate()
    ratio = statistics.median(ratios)
    print(
        f"median of {options.rounds} rounds: {ratio:.2f} of raw smtplib; "
        f"goal {GOAL}: {'met' if ratio >= GOAL else 'missed'}"
    )
    return 0 if ratio >= GOAL else 1


def _start_sink(kind: str) -> tuple[int, Any]:
    context = multiprocessing.get_context("fork")
    if kind == "mailbox":
        ours, theirs = context.Pipe()
        process = context.Process(target=keep_all, args=(theirs,), daemon=True)
        process.start()
        return int(ours.recv()), process
    listener = socket.create_server(("127.0.0.1", 0))
    process = context.Process(target=serve, args=(listener,), daemon=True)
    process.start()
    port = int(listener.getsockname()[1])
    listener.close()
    return port, process


def _measure(port: int, options: argparse.Namespace) -> list[float]:
    import django  # noqa: PLC0415 - the sink is forked before the project is loaded

    django.setup()
    from benchmarks.mail_outbox import Bench  # noqa: PLC0415 - needs the models

    with Bench(f"smtp://127.0.0.1:{port}", options.receipts) as bench:
        sample = bench.sample_bytes()
        print(f"{options.messages} messages of {len(sample):,} bytes, {bench.receipts} receipts a commit")
        ratios = []
        for number in range(options.rounds + 1):
            raw = _raw(port, sample, options.messages)
            through = bench.deliver(options.messages, datetime.now(UTC))
            if number:  # the first warms everything up
                ratios.append(through / raw)
                print(f"raw smtplib {raw:6,.0f}/s   kernel {through:6,.0f}/s   ratio {through / raw:.2f}")
    return ratios


def _raw(port: int, data: bytes, count: int) -> float:
    client = smtplib.SMTP("127.0.0.1", port)
    client.ehlo()
    start = time.perf_counter()
    for _ in range(count):
        client.sendmail("hello@apex.example", ["ada@example.com"], data)
    seconds = time.perf_counter() - start
    client.quit()
    return count / seconds


if __name__ == "__main__":
    sys.exit(main())
