"""The parts of benchmarks.ingest that need Django."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.core.management import call_command
from django.db import connection

from apps.access.actions import issue_key
from apps.customers.actions import ingest
from apps.customers.models import Customer
from apps.customers.policy.batches import decode, read_batch, to_rows

Batch = list[dict[str, Any]]


def prepare(customers: int) -> tuple[str, dict[str, int]]:
    """An API key, and external id → id of fresh customers."""
    call_command("migrate", verbosity=0)
    now = datetime.now(UTC)
    names = [f"c{number}" for number in range(customers)]
    Customer.objects.bulk_create(
        [Customer(external_id=name, signed_up_at=now) for name in names], ignore_conflicts=True
    )
    token = issue_key("benchmark", ["events:write"], now, rate_per_minute=1_000_000).token
    return token, dict(Customer.objects.filter(external_id__in=names).values_list("external_id", "id"))


def clean() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE customers_event, customers_event_key, customers_usage_daily")
        cursor.execute("ANALYZE customers_customer")


def clean_and(work: Callable[[], float]) -> float:
    clean()
    return work()


def copy_rate(statement: str, ids: Mapping[str, int], batches: list[Batch], *, whole: bool) -> float:
    """Rows a second of COPY: all in one, or each batch in a transaction of its own."""
    now = datetime.now(UTC)
    texts = [_copy_text(batch, ids, now) for batch in batches]
    texts = [b"".join(texts)] if whole else texts
    clean()
    started = time.perf_counter()
    for text in texts:
        with connection.connection.cursor().copy(statement) as copy:
            copy.write(text)
    return sum(map(len, batches)) / (time.perf_counter() - started)


def _copy_text(batch: Batch, ids: Mapping[str, int], now: datetime) -> bytes:
    rows = read_batch(json.dumps({"events": batch}).encode(), "", now).rows
    received = now.isoformat()
    return "".join(
        f"{ids[customer]}\t{event['occurred_at']}\t{key}\t{kind}\t{quantity}\t\t{received}\n"
        for event, key, customer, kind, quantity in zip(
            batch, rows.keys, rows.customers, rows.kinds, rows.quantities, strict=True
        )
    ).encode()


def where_time_goes(batches: list[Batch]) -> None:
    """Milliseconds of one request's parts, in this process: reading, checking, the statement; and what its
    steps take of it as PostgreSQL sees them."""
    clean()
    parts: dict[str, list[float]] = {"reading JSON": [], "checking, keys": [], "the statement": []}
    for number, batch in enumerate(batches):
        body = json.dumps({"events": batch}).encode()
        now = datetime.now(UTC)
        marks = [time.perf_counter()]
        events, refused = decode(body)
        marks.append(time.perf_counter())
        read = to_rows(events, refused, str(number), now)
        marks.append(time.perf_counter())
        ingest.take_batch(read, now)
        marks.append(time.perf_counter())
        for name, start, end in zip(parts, marks, marks[1:], strict=False):
            parts[name].append((end - start) * 1000)
    print("of one batch, milliseconds (the rest of a request is HTTP, key, rate, answer)")
    for name, found in parts.items():
        print(f"  {name:18}{statistics.median(found):8.1f}")
