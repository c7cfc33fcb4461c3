"""Event ingest through the API in batches of 1,000, beside COPY of the same rows into the same table.

    .venv/bin/python -m benchmarks.ingest --rounds 5 --batches 40

The API is the real one: gunicorn as in production (one process), HTTP over a kept connection, one sender,
an API key,
idempotency, checks, the daily roll-up, commit. COPY writes the single events only, and nothing else. Every
round starts with empty tables; the two take turns.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from apex.embedded.ports import free_port
from benchmarks.services import running

SIZE = 1000  # events of one request
CUSTOMERS = 1000
# An ad network's mix: impressions and API calls, and now and then a person.
MIX = {
    "impression": 60,
    "api_call": 25,
    "dashboard_view": 5,
    "feature_use": 5,
    "login": 2,
    "api_error": 2,
    "doc_view": 1,
}
COPY = "COPY customers_event (customer_id, occurred_at, key, kind, quantity, feature, received_at) FROM STDIN"

Batch = list[dict[str, Any]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", type=int, default=40, help="requests in a round")
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "apex.settings.base"  # with the connection pool, as in production
    os.environ["SECRET_KEY"] = "benchmark-" * 6
    os.environ["ALLOWED_HOSTS"] = "127.0.0.1"
    os.environ["LOG_LEVEL"] = "ERROR"
    with running():
        measure(options.rounds, options.batches)


def measure(rounds: int, batches: int) -> None:
    from benchmarks import ingest_parts as parts  # noqa: PLC0415 - Django is set up only now

    token, ids = parts.prepare(CUSTOMERS)
    rates: dict[str, list[float]] = {}
    with served() as port:
        for number in range(-1, rounds):
            now = datetime.now(UTC)
            sent = [make_batch(now, f"{number}-{place}") for place in range(batches)]
            figures = {
                "copy": parts.copy_rate(COPY, ids, sent, whole=True),
                "copy in batches": parts.copy_rate(COPY, ids, sent, whole=False),
                "api, batch key": parts.clean_and(partial(api_rate, port, token, sent, ids=False)),
                "api, event ids": parts.clean_and(partial(api_rate, port, token, sent, ids=True)),
            }
            if number >= 0:  # the first round warms up
                for name, figure in figures.items():
                    rates.setdefault(name, []).append(figure)
    report(rates, rounds, batches)
    parts.where_time_goes([make_batch(datetime.now(UTC), f"p-{place}") for place in range(batches)])


def report(rates: dict[str, list[float]], rounds: int, batches: int) -> None:
    print(f"{batches} batches of {SIZE}, medians of {rounds} rounds in turn")
    for name, found in rates.items():
        print(
            f"  {name:18}{statistics.median(found):10,.0f} rows/s   ({min(found):,.0f} to {max(found):,.0f})"
        )
    for way in ("api, batch key", "api, event ids"):
        for reference in ("copy", "copy in batches"):
            ratios = [mine / its for mine, its in zip(rates[way], rates[reference], strict=True)]
            print(f"  {way} / {reference}: {statistics.median(ratios):.2f} (goal 0.20)")


def make_batch(now: datetime, name: str) -> Batch:
    """Few customers send much and many little; one event in fifty is up to three days late."""
    dice = random.Random(name)
    return [
        {
            "customer": f"c{min(CUSTOMERS - 1, int(dice.paretovariate(0.6)))}",
            "kind": dice.choices(list(MIX), list(MIX.values()))[0],
            "occurred_at": (now - late(dice)).isoformat(),
            "quantity": dice.randrange(1, 100),
            "id": f"{name}-{place}",
        }
        for place in range(SIZE)
    ]


def late(dice: random.Random) -> timedelta:
    return timedelta(
        seconds=dice.expovariate(1 / 300) if dice.random() > 0.02 else dice.randrange(3 * 86_400)
    )


def api_rate(port: int, token: str, batches: list[Batch], *, ids: bool) -> float:
    """Rows a second, as one sender sees it. Bodies are made before the clock starts."""
    bodies = [
        json.dumps({"events": batch if ids else [without_id(one) for one in batch]}) for batch in batches
    ]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    started = time.perf_counter()
    for number, body in enumerate(bodies):
        named = headers if ids else {**headers, "Idempotency-Key": f"{started}-{number}"}
        connection.request("POST", "/api/v1/events/", body, named)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200 or json.loads(content)["data"]["accepted"] != SIZE:
            raise RuntimeError(f"{answer.status} {content[:500]!r}")
    taken = time.perf_counter() - started
    connection.close()
    return len(bodies) * SIZE / taken


def without_id(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != "id"}


@contextmanager
def served() -> Iterator[int]:
    """One gunicorn process; its port."""
    port = free_port()
    command = [
        sys.executable, "-m", "gunicorn", "apex.wsgi:application", "--bind", f"127.0.0.1:{port}",
        "--workers", "1", "--threads", "4", "--no-control-socket", "--log-level", "error",
    ]  # fmt: skip
    server = subprocess.Popen(command)
    try:
        wait_for(lambda: _answers(port))
        yield port
    finally:
        server.terminate()
        server.wait(30)


def wait_for(ready: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError("the server did not come up")
        time.sleep(0.1)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        connection.getresponse().read()
    except OSError:
        return False
    finally:
        connection.close()
    return True


if __name__ == "__main__":
    main()
