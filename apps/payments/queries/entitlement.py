"""Is this customer overdue, should access be cut? One answer, with its reason and what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from apps.core.money import Money
from apps.customers.models import Access, Customer, CustomerStatus
from apps.payments.models import CaseState, RecoveryCase

STEPS = {
    "charge": "the invoice is charged again",
    "ask": "a new card is asked for",
    "limit": "the API rate is limited",
    "suspend": "access is suspended",
    "downgrade": "the subscription moves to the free plan",
    "write_off": "the invoice is written off",
}


@dataclass(frozen=True, slots=True)
class Entitlement:
    """``rate_limit_percent`` is what is left of the plan's API rate. ``owed_minor`` is the sum of the open
    cases in the currency of the oldest. ``days_past_due`` counts full days since its first failed charge."""

    external_id: str
    plan: str
    access: str
    cut_access: bool
    rate_limit_percent: int
    overdue: bool
    days_past_due: int
    owed_minor: int
    currency: str
    reason: str
    next_step: str
    next_step_at: datetime | None


def entitlement(customer: Customer, now: datetime) -> Entitlement:
    cases = list(
        RecoveryCase.objects.filter(customer=customer, state=CaseState.OPEN)
        .exclude(invoice__status="paid")  # paid, and the case about to be closed
        .select_related("invoice")
        .order_by("first_failed_at")
    )
    oldest = cases[0] if cases else None
    following = min(
        (case for case in cases if case.next_due_at), key=lambda case: case.next_due_at or now, default=None
    )
    ended = customer.status == CustomerStatus.CANCELED
    currency = oldest.currency if oldest else customer.currency
    owed = sum(case.invoice.amount_remaining_minor for case in cases if case.currency == currency)
    return Entitlement(
        external_id=customer.external_id,
        plan=customer.plan,
        access=customer.access,
        cut_access=ended or customer.access == Access.SUSPENDED,
        rate_limit_percent=0 if ended else min((case.access_percent for case in cases), default=100),
        overdue=bool(cases),
        days_past_due=max(0, (now - oldest.first_failed_at).days) if oldest else 0,
        owed_minor=owed,
        currency=currency,
        reason=_reason(customer, oldest, Money(owed, currency), ended),
        next_step=STEPS.get(following.next_step, "") if following else "",
        next_step_at=following.next_due_at if following else None,
    )


def _reason(customer: Customer, oldest: RecoveryCase | None, owed: Money, ended: bool) -> str:
    if ended:
        return "The subscription has ended."
    if oldest is None:
        restricted = customer.access != Access.FULL
        return "Restricted by the operator." if restricted else "Nothing is overdue."
    code = oldest.decline_code or "no code given"
    return f"{owed} unpaid since {oldest.first_failed_at:%Y-%m-%d} ({code})."
