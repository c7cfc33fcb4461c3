"""Addresses that are not written to any more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import connection, transaction

from apps.customers.models import Customer
from apps.messaging.models import SuppressionScope

# "Everything" is the stronger scope and stays; the first reason of a scope stays too.
_SUPPRESS = """
INSERT INTO messaging_suppression (address, reason, scope, detail, created_at)
SELECT DISTINCT lower(a.address), %(reason)s, %(scope)s, a.detail, %(now)s::timestamptz
  FROM unnest(%(addresses)s::text[], %(details)s::text[]) AS a(address, detail)
ON CONFLICT (address) DO UPDATE
   SET scope = excluded.scope, reason = excluded.reason, detail = excluded.detail
 WHERE messaging_suppression.scope = 'marketing' AND excluded.scope = 'all'
"""


def suppress(addresses: Mapping[str, str], reason: str, scope: str, *, now: datetime) -> int:
    """``addresses`` maps each address to a detail for the operator. Returns how many are new or wider."""
    lowered = {address.lower(): detail for address, detail in addresses.items()}
    if not lowered:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _SUPPRESS,
            {
                "addresses": list(lowered),
                "details": list(lowered.values()),
                "reason": reason,
                "scope": scope,
                "now": now,
            },
        )
        return int(cursor.rowcount)


@transaction.atomic
def unsubscribe(address: str, customer_id: int | None, *, now: datetime) -> None:
    """No more marketing to this address, and the customer's consent is withdrawn. Repeats are harmless."""
    suppress({address: "by the link in a message"}, "unsubscribed", SuppressionScope.MARKETING, now=now)
    if customer_id is not None:
        Customer.objects.filter(id=customer_id, email__iexact=address, marketing_consent=True).update(
            marketing_consent=False, updated_at=now
        )
