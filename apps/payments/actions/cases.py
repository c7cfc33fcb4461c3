"""Opening cases, moving them along their ladder, closing them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from apps.customers.models import Access, Customer
from apps.payments.actions import mails
from apps.payments.models import AttemptOutcome, CaseState, LadderPlan, Origin, PaymentAttempt, RecoveryCase
from apps.payments.policy.declines import classify, is_hard
from apps.payments.policy.facts import FailedInvoice, SettledCase
from apps.payments.policy.ladder import next_step
from apps.payments.policy.rules import outcome_of, thanks
from apps.payments.queries.positions import Tried, position, tried
from apps.runs.actions import raise_alert
from apps.runs.wake import wake

AUTOMATIONS = ("payments.retry_charge", "payments.ask_for_card")


@transaction.atomic
def open_cases(failed: Sequence[FailedInvoice], now: datetime) -> None:
    """One case an invoice, with the failure that opened it as its first attempt."""
    known = set(LadderPlan.objects.values_list("name", flat=True))
    for facts in failed:
        failure = classify(facts.decline_code, facts.advice_code)
        case, created = RecoveryCase.objects.get_or_create(
            invoice_id=facts.subject_id,
            defaults={
                "customer_id": facts.customer_id,
                "ladder_id": facts.policy if facts.policy in known else "standard",
                "failure_class": failure.value,
                "decline_code": facts.decline_code,
                "failed_card": facts.failed_card,
                "opened_at": now,
                "first_failed_at": facts.first_failed_at,
                "hard_since": now if is_hard(failure) else None,
                "currency": facts.currency,
            },
        )
        if not created:
            continue
        PaymentAttempt.objects.get_or_create(
            effect_key=f"stripe:first:{facts.invoice}",
            defaults={
                "case": case,
                "origin": Origin.STRIPE,
                "outcome": AttemptOutcome.DECLINED,
                "amount_minor": facts.amount_minor,
                "currency": facts.currency,
                "decline_code": facts.decline_code,
                "advice_code": facts.advice_code,
                "card": facts.failed_card,
                "at": facts.first_failed_at,
            },
        )
        _warn_of_second_engine(facts, now)
    reschedule([facts.subject_id for facts in failed], by_invoice=True)
    for name in AUTOMATIONS:
        wake(name)


def _warn_of_second_engine(facts: FailedInvoice, now: datetime) -> None:
    if facts.stripe_retries_at is not None:
        raise_alert(
            "payments.two_engines",
            "payments.two_engines",
            "Stripe retries failed payments by itself",
            f"Stripe is to retry invoice {facts.invoice} at {facts.stripe_retries_at:%d %b %H:%M} UTC, too."
            " Turn Smart Retries off at Stripe and leave invoices past due, so that only one engine charges.",
            "high",
            now,
        )


def reschedule(ids: Sequence[int], *, by_invoice: bool = False) -> None:
    """Recomputes the next step of open cases from committed state, with their rows locked."""
    chosen = {"invoice_id__in": ids} if by_invoice else {"id__in": ids}
    cases = list(
        RecoveryCase.objects.select_for_update(of=("self",))
        .filter(state=CaseState.OPEN, **chosen)
        .select_related("invoice", "ladder")
        .order_by("id")
    )
    attempts = tried([case.id for case in cases])
    for case in cases:
        step = next_step(position(case, attempts.get(case.id, Tried())), case.ladder.as_ladder())
        case.next_step = step.kind.value if step else ""
        case.next_due_at = step.due_at if step else None
    RecoveryCase.objects.bulk_update(cases, ["next_step", "next_due_at"])


@transaction.atomic
def close_cases(settled: Sequence[SettledCase], now: datetime) -> None:
    """Closes what is over, gives access back, and says thanks where somebody paid who is still a customer."""
    for facts in settled:
        outcome = outcome_of(facts)
        case = RecoveryCase.objects.select_for_update().get(id=facts.subject_id)
        if case.state not in (CaseState.OPEN, CaseState.LOST) or not outcome:
            continue
        late = case.state == CaseState.LOST
        case.state, case.closed_at = outcome, now
        case.recovered_minor = facts.amount_minor if outcome == CaseState.RECOVERED else 0
        case.close_reason = (
            f"invoice {facts.invoice_status}, subscription {facts.subscription_status or 'none'}"
        )
        case.next_step, case.next_due_at = "", None
        restricted, case.access_percent = case.access_percent < 100, 100
        case.save()
        if restricted:
            restore_access(case.customer_id, now)
        if late and facts.downgraded_from:
            _tell_late_payment(facts, now)
    mails.recovered([facts for facts in settled if thanks(facts)], now)


def _tell_late_payment(facts: SettledCase, now: datetime) -> None:
    raise_alert(
        "payments.paid_after_downgrade",
        f"payments.paid_after_downgrade:{facts.invoice}",
        f"{facts.name or facts.email} paid after the downgrade",
        f"Invoice {facts.invoice} is paid. The way back: set the price {facts.downgraded_from} again.",
        "medium",
        now,
    )


def restore_access(customer_id: int, now: datetime) -> None:
    """Sets access to what the customer's open cases leave of it."""
    customer = Customer.objects.select_for_update().get(id=customer_id)
    percents = RecoveryCase.objects.filter(customer_id=customer_id, state=CaseState.OPEN).values_list(
        "access_percent", flat=True
    )
    left = min(percents, default=100)
    access = Access.FULL if left == 100 else Access.RATE_LIMITED if left else Access.SUSPENDED
    if customer.access != access:
        customer.access, customer.updated_at = access, now
        customer.save(update_fields=["access", "updated_at"])
