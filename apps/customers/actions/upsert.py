"""Customers by their external id: made if new, changed only in what was said (CUS-1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import msgspec
from django.db import DatabaseError, IntegrityError, connection, models, transaction

from apps.customers.actions.contacts import replace_contacts
from apps.customers.actions.held import release_held
from apps.customers.models import Customer
from apps.customers.policy.profile import FIELDS, CustomerIn, given

# Of one statement. More does not go faster, and a row that breaks a constraint costs its statement a
# second try.
CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Upserted:
    """``refused``: place in the given rows (from 0) → reason."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    released_events: int = 0
    refused: Mapping[int, str] = field(default_factory=dict)


def upsert_customers(
    rows: Sequence[CustomerIn], now: datetime, *, signed_up: Mapping[str, datetime] | None = None
) -> Upserted:
    """One transaction. ``signed_up`` gives the sign-up of customers who turn out to be new (else ``now``).
    A row sent twice counts as said one after the other. A row that breaks a constraint is refused by
    itself."""
    merged, places = _merge(rows)
    created: set[str] = set()
    updated: set[str] = set()
    refused: dict[int, str] = {}
    with transaction.atomic():
        for fields, names in _by_fields(merged).items():
            records = [_record(merged[name], now, signed_up) for name in names]
            new, changed, bad = _write(records, fields, now)
            created |= new
            updated |= changed
            refused |= {places[name]: reason for name, reason in bad.items()}
        kept = {name: row for name, row in merged.items() if places[name] not in refused}
        updated |= replace_contacts(kept) - created
        released = release_held(sorted(created)) if created else 0
    unchanged = len(kept) - len(created) - len(updated)
    return Upserted(len(created), len(updated), unchanged, released, refused)


def _merge(rows: Sequence[CustomerIn]) -> tuple[dict[str, CustomerIn], dict[str, int]]:
    """By external id, what was said later over what was said before; and the last place of each."""
    merged: dict[str, CustomerIn] = {}
    places: dict[str, int] = {}
    for place, row in enumerate(rows):
        earlier = merged.get(row.external_id)
        merged[row.external_id] = row if earlier is None else msgspec.structs.replace(earlier, **_said(row))
        places[row.external_id] = place
    return merged, places


def _said(row: CustomerIn) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(row).items() if value is not msgspec.UNSET}


def _by_fields(rows: Mapping[str, CustomerIn]) -> dict[tuple[str, ...], list[str]]:
    """Rows that say the same fields share a statement. External ids ascending: overlapping upserts lock in
    one order where all rows say the same fields, as they do in practice."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name in sorted(rows):
        groups.setdefault(tuple(given(rows[name])), []).append(name)
    return groups


def _record(row: CustomerIn, now: datetime, signed_up: Mapping[str, datetime] | None) -> dict[str, Any]:
    started = (signed_up or {}).get(row.external_id, now)
    said = given(row)
    canceled = {"canceled_at": now} if said.get("status") == "canceled" else {}
    return {"external_id": row.external_id, **_defaults(), "signed_up_at": started, **canceled, **said}


def _defaults() -> dict[str, Any]:
    return {
        name: None if column.null else column.get_default()
        for name in FIELDS
        if isinstance(column := Customer._meta.get_field(name), models.Field)
    }


def _write(
    records: Sequence[Mapping[str, Any]], fields: Sequence[str], now: datetime
) -> tuple[set[str], set[str], dict[str, str]]:
    """External ids made, changed and refused. A chunk that fails is written row by row to find the bad
    ones."""
    new: set[str] = set()
    changed: set[str] = set()
    bad: dict[str, str] = {}
    for start in range(0, len(records), CHUNK):
        chunk = records[start : start + CHUNK]
        try:
            answers = _execute(chunk, fields, now)
        except IntegrityError:
            answers = []
            for record in chunk:
                try:
                    answers += _execute([record], fields, now)
                except IntegrityError as error:
                    bad[record["external_id"]] = _why(error)
        new |= {name for name, inserted in answers if inserted}
        changed |= {name for name, inserted in answers if not inserted}
    return new, changed, bad


def _execute(
    records: Sequence[Mapping[str, Any]], fields: Sequence[str], now: datetime
) -> list[tuple[str, bool]]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_statement(fields), {"rows": msgspec.json.encode(records).decode(), "now": now})
        return cast("list[tuple[str, bool]]", cursor.fetchall())


def _statement(fields: Sequence[str]) -> str:
    """``fields`` are names of CustomerIn, never text from outside. A status brings its cancellation date
    along."""
    columns = ", ".join(FIELDS)
    sets = [f"{name} = excluded.{name}" for name in fields]
    if "status" in fields and "canceled_at" not in fields:
        sets.append(
            "canceled_at = CASE excluded.status WHEN 'canceled' THEN coalesce(c.canceled_at, %(now)s) END"
        )
    before = ", ".join(f"c.{name}" for name in fields) or "1"
    after = ", ".join(f"excluded.{name}" for name in fields) or "1"
    changes = ", ".join([*sets, "updated_at = %(now)s"])
    return f"""
        INSERT INTO customers_customer AS c (external_id, {columns})
        SELECT external_id, {columns} FROM jsonb_populate_recordset(NULL::customers_customer, %(rows)s::jsonb)
        ORDER BY external_id
        ON CONFLICT (external_id) DO UPDATE SET {changes}
        WHERE ({before}) IS DISTINCT FROM ({after})
        RETURNING external_id, xmax = 0"""  # noqa: S608


def _why(error: DatabaseError) -> str:
    text = str(error.__cause__ or error)
    if "stripe_customer_id" in text:
        return "stripe_customer_id belongs to another customer"
    return text.splitlines()[0]
