"""Taking events in: stored once, summed by day in one statement, held while their customer is unknown."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from psycopg.errors import UniqueViolation

from apps.customers.actions.held import share_held_lock
from apps.customers.policy import KINDS
from apps.customers.policy.batches import Batch, RefusedEvent, Rows

_KIND_PLACE = {kind: place for place, kind in enumerate(KINDS, 1)}

# The statement itself is in the migration that makes the function, with the order of its locks.
_TAKE = """
SELECT o_accepted, o_held, o_unknown FROM customers_take_events(
    %(names)s::text[], %(features)s::text[], %(all_kinds)s::text[], %(keys)s::uuid[], %(who)s::int[],
    %(at)s::float8[], %(kinds)s::int[], %(quantities)s::bigint[], %(which)s::int[], %(now)s, %(hold)s)
"""


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
        "all_kinds": list(KINDS),
        "now": now,
        "hold": hold,
    }
    # A savepoint only where there is a transaction to save: alone, the statement is its own.
    guard = transaction.atomic() if connection.in_atomic_block else nullcontext()
    try:
        with guard, connection.cursor() as cursor:
            cursor.execute(_TAKE, values)
            accepted, held, places = cursor.fetchone()
    except IntegrityError as error:
        if not isinstance(error.__cause__, UniqueViolation):
            raise
        return _stored_before(rows, now, hold=hold)
    return accepted, held, places


def _stored_before(rows: Rows, now: datetime, *, hold: bool) -> tuple[int, int, list[int]]:
    """Some event is stored although its key was forgotten: the operator takes older events than he used to. One by
    one, to find which; those are duplicates."""
    if len(rows) == 1:
        return 0, 0, []
    places = {name: place for place, name in enumerate(dict.fromkeys(rows.customers), 1)}
    accepted = held = 0
    unknown: set[int] = set()
    for number, name in enumerate(rows.customers):
        more, kept, missing = _run(rows.at_places([number]), now, hold=hold)
        accepted, held = accepted + more, held + kept
        if missing:
            unknown.add(places[name])
    return accepted, held, [] if hold else sorted(unknown)


def _literal(numbers: Sequence[float]) -> str:
    return f"{{{','.join(map(repr, numbers))}}}"
