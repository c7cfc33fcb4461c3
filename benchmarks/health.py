"""The health score of everybody, beside the bare aggregate query over the same usage, in one run.

    .venv/bin/python -m benchmarks.health --rounds 5 --customers 100000

100,000 customers, 60 days: one row of impressions a day each, log-ins on every fourth and feature use on every fifth
day (8.7 million rows). Bare: the sum of each customer's usage, as anybody would type it, with the server's settings.
Then the same with as much memory as the score takes, and the aggregate that yields the ten figures the score is made
of. They take turns with the score; medians. The score is everything: aggregate, rules, reasons, rows, commit.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from benchmarks.services import running

DAY = date(2026, 3, 1)
NOW = datetime(2026, 3, 1, 19, tzinfo=UTC)
OURS = "bench-"
BARE = (
    "SELECT count(*), sum(used) FROM (SELECT customer_id, sum(quantity) AS used FROM customers_usage_daily"
    " WHERE day >= date '2026-03-01' - 60 AND day < '2026-03-01' GROUP BY customer_id) bare"
)
CUSTOMERS = """
INSERT INTO customers_customer (external_id, name, email, company, plan, base_price_minor, currency, status, access,
       lifecycle_stage, segment, locale, country, timezone, acquisition_channel, marketing_consent, signed_up_at)
SELECT %s || n, '', '', '', 'indie', 9900, 'USD', 'active', 'full', 'engaged', '', 'en', 'US', 'UTC', '', true,
       timestamptz '2025-01-01' FROM generate_series(1, %s) n
"""
USAGE = """
INSERT INTO customers_usage_daily (customer_id, day, kind, quantity, events)
SELECT c.id, date '2026-03-01' - d, k.kind, 100 + (c.id * 7919 + d * 104729) %% 900, 3
  FROM generate_series(60, 1, -1) d, customers_customer c, LATERAL (
       SELECT 'impression' AS kind UNION ALL SELECT 'login' WHERE (c.id + d * 3) %% 4 = 0
       UNION ALL SELECT 'feature_use' WHERE (c.id + d * 7) %% 5 = 0) k
 ORDER BY d DESC, c.id
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--customers", type=int, default=100_000)
    options = parser.parse_args()
    with running():
        measure(options.rounds, options.customers)


def measure(rounds: int, customers: int) -> None:
    from django.db import connection, transaction  # noqa: PLC0415 - Django is set up only now

    from apps.growth.actions import score_sql, scoring  # noqa: PLC0415

    prepare(customers)
    values = scoring.statement_values(DAY, NOW)

    def run(sql: str, params: Any = None, memory: str = "") -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            if memory:
                cursor.execute("SELECT set_config('work_mem', %s, true)", [memory])
            cursor.execute(sql, params)

    def score() -> None:
        counts = scoring.score_customers(DAY, NOW)
        assert counts["scored"] == customers  # noqa: S101

    parts: dict[str, Callable[[], None]] = {
        "bare sum per customer": lambda: run(BARE),
        "the same, with the score's memory": lambda: run(BARE, memory=scoring.WORK_MEM),
        "the score's aggregate alone": lambda: run(score_sql.SEEN, values, scoring.WORK_MEM),
        "the whole score": score,
    }
    times: dict[str, list[float]] = {name: [] for name in parts}
    for number in range(rounds + 1):
        for name, part in parts.items():
            with connection.cursor() as cursor:
                cursor.execute("TRUNCATE customer_health_scores")
            seconds = timed(part)
            if number:  # the first round warms the cache
                times[name].append(seconds)
    report(times, customers)


def timed(part: Callable[[], None]) -> float:
    start = time.perf_counter()
    part()
    return time.perf_counter() - start


def report(times: dict[str, list[float]], customers: int) -> None:
    whole = times["the whole score"]
    print(f"{customers:,} customers, 60 days, medians of {len(whole)} rounds in turn")
    for name, seconds in times.items():
        ratios = [ours / theirs for ours, theirs in zip(whole, seconds, strict=True)]
        print(
            f"  {name:36} {statistics.median(seconds):6.2f} s   score takes {statistics.median(ratios):.2f}x"
            f" ({min(ratios):.2f} to {max(ratios):.2f})"
        )
    aggregate = statistics.median(times["the score's aggregate alone"])
    print(f"  of which rules, reasons and {customers:,} rows: {statistics.median(whole) - aggregate:.2f} s")
    print("  goal: at most 3x the bare sum")


def prepare(customers: int) -> None:
    """Makes the rows unless they are there. Refuses a database that holds other customers."""
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE starts_with(external_id, %s)) FROM customers_customer",
            [OURS],
        )
        found, ours = cursor.fetchone()
        if found != ours:
            raise SystemExit("This database holds customers that are not the benchmark's; name an empty one.")
        if ours != customers:
            cursor.execute("TRUNCATE customers_customer CASCADE")
            cursor.execute(CUSTOMERS, [OURS, customers])
            cursor.execute(USAGE, [])
        cursor.execute("VACUUM ANALYZE customers_usage_daily")
        cursor.execute("VACUUM ANALYZE customers_customer")


if __name__ == "__main__":
    main()
