"""Further people at a customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from django.db import connection

from apps.customers.policy.profile import CustomerIn

_REMOVE = """
DELETE FROM customers_contact t USING customers_customer c
WHERE c.id = t.customer_id AND c.external_id = ANY(%(names)s) AND NOT EXISTS (
    SELECT 1 FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(external_id text, email text, role text)
    WHERE r.external_id = c.external_id AND lower(r.email) = lower(t.email) AND r.role = t.role)
RETURNING c.external_id
"""
_WRITE = """
INSERT INTO customers_contact AS t (customer_id, email, name, role)
SELECT DISTINCT ON (c.id, lower(r.email), r.role) c.id, r.email, r.name, r.role
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(external_id text, email text, name text, role text)
JOIN customers_customer c USING (external_id)
ORDER BY c.id, lower(r.email), r.role
ON CONFLICT (customer_id, lower(email), role) DO UPDATE SET name = excluded.name WHERE t.name <> excluded.name
RETURNING (SELECT external_id FROM customers_customer c WHERE c.id = t.customer_id)
"""


def replace_contacts(rows: Mapping[str, CustomerIn]) -> set[str]:
    """For the customers whose contacts were said: exactly these remain. Returns whose contacts changed."""
    said = {name: row.contacts for name, row in rows.items() if row.contacts is not msgspec.UNSET}
    if not said:
        return set()
    records = [
        {"external_id": name, "email": one.email, "name": one.name, "role": one.role}
        for name, contacts in said.items()
        for one in contacts
    ]
    values: dict[str, Any] = {"names": sorted(said), "rows": msgspec.json.encode(records).decode()}
    changed: set[str] = set()
    with connection.cursor() as cursor:
        for statement in (_REMOVE, _WRITE):
            cursor.execute(statement, values)
            changed |= {name for (name,) in cursor.fetchall()}
    return changed
