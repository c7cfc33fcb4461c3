"""What applying any object has in common: the answer, the owner, the locked row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from apps.billing.models.mirrors import Mirror
from apps.customers.models import Customer

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Applied(Enum):
    DONE = "done"
    OVERTAKEN = "overtaken"  # the mirror holds an object that may be newer
    UNKNOWN_CUSTOMER = "unknown_customer"


Answer = tuple[Applied, str]  # with the Stripe customer's id where it is unknown
DONE: Answer = (Applied.DONE, "")


def customer_id_of(stripe_customer_id: str) -> int | None:
    return Customer.objects.filter(stripe_customer_id=stripe_customer_id).values_list("id", flat=True).first()


def locked_row(
    model: type[Mirror], stripe_id: str, since: datetime, now: datetime, values: Mapping[str, Any]
) -> Any:
    """The locked row with the values set but not saved, None where it may hold something newer.
    A row that is not there is inserted first, so that two workers meet at its lock."""
    model._default_manager.bulk_create(
        [model(stripe_id=stripe_id, as_of=NEVER, **values)], ignore_conflicts=True
    )
    row = model._default_manager.select_for_update().get(stripe_id=stripe_id)
    if since < row.as_of:
        return None
    for name, value in values.items():
        setattr(row, name, value)
    row.as_of = now
    return row


def ownerless(stripe_customer_id: str) -> Answer:
    """A payment of nobody (a guest's checkout) concerns no customer and never will."""
    return (Applied.UNKNOWN_CUSTOMER, stripe_customer_id) if stripe_customer_id else DONE
