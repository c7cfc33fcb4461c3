"""What the tests of customers share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from apps.customers.actions.ingest import Taken, take_batch
from apps.customers.models import Customer, UsageDaily
from apps.customers.policy.batches import read_batch

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def make_customer(external_id: str = "acme", **fields: Any) -> Customer:
    return Customer.objects.create(external_id=external_id, **{"signed_up_at": NOW, **fields})


def event(customer: str = "acme", kind: str = "login", **fields: Any) -> dict[str, Any]:
    at = fields.pop("at", None)
    return {"customer": customer, "kind": kind, **({"occurred_at": at.isoformat()} if at else {}), **fields}


def take(events: Iterable[Mapping[str, Any]], key: str = "", now: datetime = NOW) -> Taken:
    """As the API does it, from the bytes of the body on."""
    return take_batch(read_batch(json.dumps({"events": list(events)}).encode(), key, now), now)


def sums() -> dict[tuple[str, str, str], tuple[int, int]]:
    """(external id, day, kind) → (quantity, events)."""
    rows = UsageDaily.objects.values_list("customer__external_id", "day", "kind", "quantity", "events")
    return {(name, str(day), kind): (quantity, events) for name, day, kind, quantity, events in rows}
