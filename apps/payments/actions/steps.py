"""The steps of the ladder that are no charge: asking, restricting, downgrading."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from apps.billing.actions import request_refresh
from apps.billing.policy.routes import Route
from apps.payments.actions import mails
from apps.payments.actions.cases import reschedule, restore_access
from apps.payments.models import CaseState, RecoveryCase
from apps.payments.policy.declines import withdrawn
from apps.payments.policy.facts import CaseFacts
from apps.runs.actions import raise_alert


@transaction.atomic
def asked(asked_about: Sequence[CaseFacts], now: datetime) -> None:
    """The request is queued, and the operator is asked to write personally (DUN-3)."""
    ids = [facts.subject_id for facts in asked_about]
    RecoveryCase.objects.filter(id__in=ids, state=CaseState.OPEN).update(asked_at=now)
    reschedule(ids)
    deadlines = dict(RecoveryCase.objects.filter(id__in=ids).values_list("id", "next_due_at"))
    mails.ask([(facts, deadlines.get(facts.subject_id)) for facts in asked_about], now)
    for facts in asked_about:
        _reach_out(facts, now)


def _reach_out(facts: CaseFacts, now: datetime) -> None:
    who = facts.name or facts.email or facts.invoice
    if withdrawn(facts.decline_code):
        title = f"{who} withdrew the permission to charge: ask whether they want to cancel"
    else:
        title = f"Write to {who} personally: the card will not be tried again"
    raise_alert(
        "payments.outreach",
        f"payments.outreach:{facts.invoice}",
        title,
        f"Invoice {facts.invoice}, decline code {facts.decline_code or 'unknown'}.",
        "medium",
        now,
    )


@transaction.atomic
def restricted(steps: Sequence[tuple[CaseFacts, int]], now: datetime) -> None:
    """Sets how much access each case leaves, in percent of the API rate (0: suspended)."""
    for facts, percent in steps:
        RecoveryCase.objects.filter(id=facts.subject_id, state=CaseState.OPEN).update(access_percent=percent)
        restore_access(facts.customer_id, now)
    reschedule([facts.subject_id for facts, _ in steps])
    mails.restricted(steps, now)


@transaction.atomic
def downgraded(done: Sequence[tuple[str, CaseFacts]], now: datetime) -> None:
    """The case is lost; the price before is kept as the way back. Pairs of effect key and facts."""
    for _key, facts in done:
        case = RecoveryCase.objects.select_for_update().get(id=facts.subject_id)
        if case.state != CaseState.OPEN:
            continue
        limited = case.access_percent < 100
        case.state, case.closed_at, case.access_percent = CaseState.LOST, now, 100
        case.close_reason, case.downgraded_from = "downgraded to free", facts.price_id
        case.next_step, case.next_due_at = "", None
        case.save()
        if limited:
            restore_access(case.customer_id, now)
    request_refresh([(Route("subscription", facts.subscription), key) for key, facts in done], now)
    mails.downgraded([facts for _, facts in done], now)


def downgrade_refused(refused: Sequence[tuple[CaseFacts, str]], now: datetime) -> None:
    """Stripe will not change the plan: the case stays open and waits for the operator."""
    for facts, error in refused:
        RecoveryCase.objects.filter(id=facts.subject_id, state=CaseState.OPEN).update(
            next_step="", next_due_at=None, close_reason=f"The downgrade was refused: {error}"
        )
        raise_alert(
            "payments.downgrade_refused",
            f"payments.downgrade_refused:{facts.invoice}",
            f"{facts.name or facts.invoice} could not be moved to the free plan",
            f"{error} Change subscription {facts.subscription} at Stripe, or close it there.",
            "high",
            now,
        )
