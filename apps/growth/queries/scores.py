"""Reads of health scores. A score older than 36 hours is stale and said to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, QuerySet

from apps.growth.models import CustomerHealthScore
from apps.growth.policy.interventions import is_stale


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one customer stands."""

    latest: CustomerHealthScore
    stale: bool
    history: Sequence[CustomerHealthScore]


def standing(customer_id: int, now: datetime, days: int = 30) -> Standing | None:
    """The newest score with those of the ``days`` rows before it, newest first; None before the first."""
    rows = list(CustomerHealthScore.objects.filter(customer_id=customer_id).order_by("-day")[:days])
    if not rows:
        return None
    return Standing(rows[0], is_stale(rows[0].calculated_at, now), rows)


def newest() -> QuerySet[CustomerHealthScore]:
    """The scores that count: those of the newest day."""
    day = CustomerHealthScore.objects.aggregate(day=Max("day"))["day"]
    return CustomerHealthScore.objects.filter(day=day)


def last_calculated() -> datetime | None:
    return CustomerHealthScore.objects.order_by("-day").values_list("calculated_at", flat=True).first()
