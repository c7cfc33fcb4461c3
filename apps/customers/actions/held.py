"""Events of unknown customers: waiting, and counted when the customer arrives."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection

# Any two constants nobody else uses; PostgreSQL's advisory locks have one name space for a database.
_HELD_LOCK = (0x43555354, 1)

_RELEASE = """
WITH found AS (
    DELETE FROM customers_event_held h USING customers_customer c
    WHERE c.external_id = h.external_id
      AND (%(names)s::text[] IS NULL OR h.external_id = ANY(%(names)s::text[]))
    RETURNING c.id AS customer_id, h.occurred_at, h.key, h.kind, h.quantity, h.feature, h.received_at
), stored AS (
    INSERT INTO customers_event (customer_id, occurred_at, key, kind, quantity, feature, received_at)
    SELECT customer_id, occurred_at, key, kind, quantity, feature, received_at FROM found
    ON CONFLICT DO NOTHING
    RETURNING customer_id, occurred_at, kind, quantity
), summed AS (
    INSERT INTO customers_usage_daily AS u (customer_id, day, kind, quantity, events)
    SELECT customer_id, (occurred_at AT TIME ZONE 'UTC')::date, kind, sum(quantity), count(*)
    FROM stored GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (customer_id, day, kind)
    DO UPDATE SET quantity = u.quantity + excluded.quantity, events = u.events + excluded.events
)
SELECT count(*) FROM stored
"""


def share_held_lock() -> None:
    """Taken, to the end of the transaction, by whoever is about to hold events. Many may have it at once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", _HELD_LOCK)


def release_held(external_ids: Sequence[str] | None) -> int:
    """Counts the held events of these customers (None: of all who are known by now). To be called after the
    customers were inserted, in the same transaction: events that come meanwhile wait for its commit, then
    see the customer. Returns how many were stored."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", _HELD_LOCK)
        cursor.execute(_RELEASE, {"names": None if external_ids is None else list(external_ids)})
        return int(cursor.fetchone()[0])


def forget_held(now: datetime, after: timedelta) -> int:
    """Deletes held events received longer than ``after`` ago: nobody ever told us of that customer."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM customers_event_held WHERE received_at < %s", [now - after])
        return int(cursor.rowcount)
