"""Taking events in: stored once, summed by day in one statement, held while their customer is unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction

from apps.customers.actions.held import share_held_lock
from apps.customers.policy import KINDS
from apps.customers.policy.batches import Batch, RefusedEvent, Rows

_KIND_PLACE = {kind: place for place, kind in enumerate(KINDS, 1)}
_KIND_ARRAY = ", ".join(f"'{kind}'" for kind in KINDS)

# Every statement takes its locks in one order, so that overlapping batches wait and never deadlock: keys
# ascending, then days ascending (the aggregate reads all stored events before the first day is written).
_TAKE = f"""
WITH names AS MATERIALIZED (
    SELECT u.place, u.external_id, c.id
    FROM unnest(%(names)s::text[]) WITH ORDINALITY AS u(external_id, place)
    LEFT JOIN customers_customer c ON c.external_id = u.external_id
), input AS MATERIALIZED (
    SELECT i.key, n.id AS customer_id, n.external_id, to_timestamp(i.at) AS occurred_at,
           (ARRAY[{_KIND_ARRAY}])[i.kind] AS kind, i.quantity, (%(features)s::text[])[i.feature] AS feature
    FROM unnest(%(keys)s::uuid[], %(who)s::int[], %(at)s::float8[], %(kinds)s::int[],
                %(quantities)s::bigint[], %(which)s::int[]) AS i(key, who, at, kind, quantity, feature)
    JOIN names n ON n.place = i.who
), gate AS MATERIALIZED (
    INSERT INTO customers_event_key (key, received_on)
    SELECT key, %(today)s::date FROM input WHERE customer_id IS NOT NULL OR %(hold)s ORDER BY key
    ON CONFLICT DO NOTHING
    RETURNING key
), stored AS (
    INSERT INTO customers_event (customer_id, occurred_at, key, kind, quantity, feature, received_at)
    SELECT customer_id, occurred_at, key, kind, quantity, feature, %(now)s::timestamptz
    FROM input JOIN gate USING (key) WHERE customer_id IS NOT NULL
    ON CONFLICT DO NOTHING
    RETURNING customer_id, occurred_at, kind, quantity
), held AS (
    INSERT INTO customers_event_held (key, external_id, occurred_at, kind, quantity, feature, received_at)
    SELECT key, external_id, occurred_at, kind, quantity, feature, %(now)s::timestamptz
    FROM input JOIN gate USING (key) WHERE customer_id IS NULL
    ON CONFLICT DO NOTHING
    RETURNING key
), summed AS (
    INSERT INTO customers_usage_daily AS u (customer_id, day, kind, quantity, events)
    SELECT customer_id, (occurred_at AT TIME ZONE 'UTC')::date, kind, sum(quantity), count(*)
    FROM stored GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (customer_id, day, kind)
    DO UPDATE SET quantity = u.quantity + excluded.quantity, events = u.events + excluded.events
)
SELECT (SELECT count(*) FROM stored), (SELECT count(*) FROM held),
       ARRAY(SELECT place FROM names WHERE id IS NULL)
"""  # noqa: S608 - only KINDS, our own constants, are put in


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch. ``held`` events count as soon as their customer is known."""

    accepted: int
    duplicates: int
    held: int
    refused: Sequence[RefusedEvent]


def take_batch(batch: Batch, now: datetime) -> Taken:
    """Stores the batch's rows. Sending any of them again, in any batch, changes nothing."""
    rows = batch.rows
    accepted, unknown = (0, rows) if not len(rows) else _take_known(rows, now)
    held = 0
    if len(unknown):
        more, held = _take_or_hold(unknown, now)
        accepted += more
    return Taken(accepted, len(rows) + batch.repeated - accepted - held, held, batch.refused)


def _take_known(rows: Rows, now: datetime) -> tuple[int, Rows]:
    """Events of known customers; hands back those of unknown ones."""
    accepted, _, places = _run(rows, now, hold=False)
    if not places:
        return accepted, Rows()
    names = list(dict.fromkeys(rows.customers))
    unknown = {names[place - 1] for place in places}
    return accepted, rows.of_customers(unknown)


def _take_or_hold(rows: Rows, now: datetime) -> tuple[int, int]:
    """The lock is held to the commit: a customer who arrives meanwhile is either seen here, or finds
    these events waiting."""
    with transaction.atomic():
        share_held_lock()
        accepted, held, _ = _run(rows, now, hold=True)
    return accepted, held


def _run(rows: Rows, now: datetime, *, hold: bool) -> tuple[int, int, list[int]]:
    """Columns go as array literals: psycopg's own list dumper takes longer than the insert."""
    names = {name: place for place, name in enumerate(dict.fromkeys(rows.customers), 1)}
    features = {name: place for place, name in enumerate(dict.fromkeys(rows.features), 1)}
    values: dict[str, Any] = {
        "names": list(names),
        "features": list(features),
        "keys": f"{{{','.join(rows.keys)}}}",
        "who": _literal([names[name] for name in rows.customers]),
        "at": _literal(rows.at),
        "kinds": _literal([_KIND_PLACE[kind] for kind in rows.kinds]),
        "quantities": _literal(rows.quantities),
        "which": _literal([features[name] for name in rows.features]),
        "today": _utc_day(now),
        "now": now,
        "hold": hold,
    }
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, values)
        accepted, held, places = cursor.fetchone()
    return accepted, held, places


def _literal(numbers: Sequence[float]) -> str:
    return f"{{{','.join(map(repr, numbers))}}}"


def _utc_day(now: datetime) -> date:
    return now.date()
