"""How a customer fares after an intervention."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from apps.customers.models import Customer
from apps.growth.models import CustomerHealthScore


@dataclass(frozen=True, slots=True)
class Progress:
    """``score`` is the newest one with its moment, None where nothing is known."""

    status: str
    score: float | None
    calculated_at: datetime | None


def progress(customer_id: int) -> Progress | None:
    """None when the customer was erased."""
    status = Customer.objects.filter(id=customer_id).values_list("status", flat=True).first()
    if status is None:
        return None
    row = CustomerHealthScore.objects.filter(customer_id=customer_id).order_by("-day").first()
    if row is None or row.score is None:
        return Progress(status, None, None)
    return Progress(status, float(row.score), row.calculated_at)
