"""The months of customers_event: made ahead, dropped when past retention."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import connection, transaction
from psycopg import sql

from apps.customers.policy.months import add_months, first_of_month, partition_name

# Long enough for a batch to finish, short enough that senders do not queue up behind us.
_PATIENCE = "SET LOCAL lock_timeout = '5s'"


def partitions() -> dict[str, datetime | None]:
    """Name of each partition → first moment of its month in UTC (None for the default partition)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT c.relname,
                      (regexp_match(
                          pg_get_expr(c.relpartbound, c.oid), 'FROM \\(''([^'']+)''\\)'
                      ))[1]::timestamptz
               FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
               WHERE i.inhparent = 'customers_event'::regclass ORDER BY 1"""
        )
        return dict(cursor.fetchall())


def ensure_months(first: datetime, last: datetime) -> int:
    """Makes the missing partitions from ``first``'s month to ``last``'s, and moves rows of those months
    out of the default partition. Returns how many were made."""
    there = set(partitions().values())
    made = 0
    for month in _months(first, last):
        if month not in there:
            with transaction.atomic():
                _make(month)
            made += 1
    return made


def _make(month: datetime) -> None:
    """Built beside and then attached: senders go on meanwhile, as attaching needs only the default
    partition's lock."""
    parts = {
        "name": sql.Identifier(partition_name(month)),
        "start": sql.Literal(month),
        "end": sql.Literal(add_months(month, 1)),
    }
    statements = (
        _PATIENCE,
        """CREATE TABLE {name} (
               LIKE customers_event INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES
           )""",
        "LOCK TABLE customers_event_default IN ACCESS EXCLUSIVE MODE",
        """WITH moved AS (
               DELETE FROM customers_event_default WHERE occurred_at >= {start} AND occurred_at < {end}
               RETURNING *
           ) INSERT INTO {name} SELECT * FROM moved""",
        "ALTER TABLE customers_event ATTACH PARTITION {name} FOR VALUES FROM ({start}) TO ({end})",
    )
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(sql.SQL(statement).format(**parts))


def drop_before(moment: datetime) -> int:
    """Drops the partitions whose whole month lies before ``moment``'s month. Returns how many."""
    limit = first_of_month(moment)
    old = [name for name, month in partitions().items() if month is not None and month < limit]
    for name in old:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_PATIENCE)
            cursor.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(name)))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM customers_event_default WHERE occurred_at < %s", [limit])
    return len(old)


def forget_keys(received_before: datetime) -> int:
    """Deletes the keys of events received before that day. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM customers_event_key WHERE received_on < %s", [received_before.date()])
        return int(cursor.rowcount)


def _months(first: datetime, last: datetime) -> Iterator[datetime]:
    month = first_of_month(first)
    while month <= last:
        yield month
        month = add_months(month, 1)
