"""Where cases stand on their ladder, counted from their attempts in one query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Q

from apps.payments.models import AttemptOutcome, Origin, PaymentAttempt, RecoveryCase
from apps.payments.policy.declines import FailureClass
from apps.payments.policy.ladder import Position

CAP_WINDOW = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Tried:
    failed_retries: int = 0
    made: int = 0
    last_charge_at: datetime | None = None
    last_retry_at: datetime | None = None


def tried(case_ids: Sequence[int]) -> dict[int, Tried]:
    """By case; a case without attempts is left out."""
    ours = ~Q(origin=Origin.STRIPE)
    rows = (
        PaymentAttempt.objects.filter(case_id__in=case_ids)
        .values("case_id")
        .annotate(
            failed=Count("id", filter=Q(origin=Origin.DUNNING, outcome=AttemptOutcome.DECLINED)),
            made=Count("id"),
            last_charge=Max("at", filter=ours),
            last_retry=Max("at", filter=Q(origin=Origin.DUNNING)),
        )
    )
    return {
        row["case_id"]: Tried(row["failed"], row["made"], row["last_charge"], row["last_retry"])
        for row in rows
    }


def recent_attempts(customer_ids: Sequence[int], now: datetime) -> dict[int, int]:
    """Attempts of any origin in the last 30 days, by customer: what the card networks count."""
    rows = (
        PaymentAttempt.objects.filter(case__customer_id__in=customer_ids, at__gt=now - CAP_WINDOW)
        .values("case__customer_id")
        .annotate(number=Count("id"))
    )
    return {row["case__customer_id"]: row["number"] for row in rows}


def position(case: RecoveryCase, attempts: Tried) -> Position:
    return Position(
        failure=FailureClass(case.failure_class),
        first_failed_at=case.first_failed_at,
        hard_since=case.hard_since,
        asked=case.asked_at is not None,
        failed_retries=attempts.failed_retries,
        last_charge_at=attempts.last_charge_at,
        last_retry_at=attempts.last_retry_at,
        access_percent=case.access_percent,
        subscribed=bool(case.invoice.subscription_stripe_id),
    )
