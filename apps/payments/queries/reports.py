"""What dunning achieved, and what a customer's payments say about the customer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum
from django.urls import reverse

from apps.core.money import Money
from apps.customers.timeline import TimelineEntry, Tone
from apps.payments.models import AttemptOutcome, CaseState, PaymentAttempt, RecoveryCase
from apps.runs.wording import code_words

LOOK_BACK = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class DunningSummary:
    """Cases opened since ``since``. ``rate`` is recovered of all closed cases, those whose subscription was
    cancelled counted as not recovered; None before the first is closed. ``median_days`` is from first
    failure to payment. ``recovered`` and ``at_stake`` are one sum a currency."""

    since: datetime
    opened: int
    recovered_cases: int
    lost_cases: int
    canceled_cases: int
    open_cases: int
    rate: float | None
    median_days: float | None
    recovered: Sequence[Money]
    at_stake: Sequence[Money]


def dunning_summary(now: datetime, days: int = 30) -> DunningSummary:
    since = now - timedelta(days=days)
    cases = RecoveryCase.objects.filter(opened_at__gt=since, opened_at__lte=now)
    counts = cases.aggregate(
        opened=Count("id"), **{state: Count("id", filter=Q(state=state)) for state in CaseState.values}
    )
    closed = counts["recovered"] + counts["lost"] + counts["canceled"]
    return DunningSummary(
        since=since,
        opened=counts["opened"],
        recovered_cases=counts["recovered"],
        lost_cases=counts["lost"],
        canceled_cases=counts["canceled"],
        open_cases=counts["open"],
        rate=counts["recovered"] / closed if closed else None,
        median_days=_median_days(since, now),
        recovered=_sums(cases.filter(state=CaseState.RECOVERED).values("currency"), "recovered_minor"),
        at_stake=_sums(_open_by_currency(), "invoice__amount_remaining_minor"),
    )


def _open_by_currency() -> QuerySet[RecoveryCase, Any]:
    return RecoveryCase.objects.filter(state=CaseState.OPEN).values("currency")


def _sums(by_currency: QuerySet[RecoveryCase, Any], field: str) -> list[Money]:
    rows = by_currency.annotate(total=Sum(field)).order_by("currency")
    return [Money(int(row["total"] or 0), row["currency"]) for row in rows]


def _median_days(since: datetime, now: datetime) -> float | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM closed_at - first_failed_at))"
            " FROM payments_recovery_case WHERE state = 'recovered' AND opened_at > %s AND opened_at <= %s",
            [since, now],
        )
        (seconds,) = cursor.fetchone()
    return float(seconds) / 86_400 if seconds is not None else None


@dataclass(frozen=True, slots=True)
class PaymentFacts:
    """``failed_90d`` counts declined attempts of the last 90 days, whoever made them."""

    failed_90d: int = 0
    open_case: bool = False
    days_past_due: int = 0


def payment_facts(customer_ids: Sequence[int], now: datetime) -> dict[int, PaymentFacts]:
    """By customer, in one query; customers without any failure are left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.customer_id, count(a.id) FILTER (WHERE a.outcome = %(declined)s AND a.at > %(since)s),"
            " bool_or(c.state = 'open'), min(c.first_failed_at) FILTER (WHERE c.state = 'open')"
            " FROM payments_recovery_case c LEFT JOIN payments_attempt a ON a.case_id = c.id"
            " WHERE c.customer_id = ANY(%(ids)s) GROUP BY c.customer_id",
            {"declined": AttemptOutcome.DECLINED, "since": now - LOOK_BACK, "ids": list(customer_ids)},
        )
        rows = cursor.fetchall()
    return {
        customer: PaymentFacts(failed, is_open, max(0, (now - first).days) if first else 0)
        for customer, failed, is_open, first in rows
    }


def customer_timeline(customer_id: int, limit: int) -> Iterator[TimelineEntry]:
    """Attempts and ends of recovery, newest first."""
    attempts = PaymentAttempt.objects.filter(case__customer_id=customer_id).order_by("-at")
    for attempt in attempts[:limit]:
        paid = attempt.outcome == AttemptOutcome.PAID
        sum_ = Money(attempt.amount_minor, attempt.currency)
        title = f"Charge of {sum_} {'succeeded' if paid else 'was declined'}"
        detail = ", ".join(
            part for part in (attempt.get_origin_display(), code_words(attempt.decline_code)) if part
        )
        tone: Tone = "good" if paid else "warning"
        yield TimelineEntry(attempt.at, "payment", title, detail, _page(attempt.case_id), tone)
    closed = RecoveryCase.objects.filter(customer_id=customer_id, closed_at__isnull=False)
    for case in closed.order_by("-closed_at")[:limit]:
        if case.closed_at is not None:
            tone = "good" if case.state == CaseState.RECOVERED else "bad"
            title = f"Recovery case closed: {case.state}"
            yield TimelineEntry(case.closed_at, "payment", title, case.close_reason, _page(case.id), tone)


def _page(case_id: int) -> str:
    return reverse("admin:payments_recoverycase_change", args=[case_id])
