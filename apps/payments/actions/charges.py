"""What became of an attempt to charge: the attempt stored, the case moved along, the rung's mail queued."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from apps.billing.actions import request_refresh
from apps.billing.policy.routes import Route
from apps.payments.actions import mails
from apps.payments.actions.cases import reschedule
from apps.payments.models import AttemptOutcome, CaseState, Origin, PaymentAttempt, RecoveryCase
from apps.payments.policy.declines import FailureClass, classify, is_hard
from apps.payments.policy.facts import CaseFacts
from apps.runs.wake import wake

# After a refusal the invoice is looked at anew first; only if it is open still is a card asked for.
AFTER_REFUSAL = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Attempted:
    """An attempt as Stripe answered it. ``key`` is the effect's."""

    key: str
    facts: CaseFacts
    paid: bool
    amount_minor: int
    currency: str
    decline_code: str
    advice_code: str
    message: str
    payment_intent_id: str


@transaction.atomic
def record_attempts(attempted: Sequence[Attempted], now: datetime) -> None:
    for one in attempted:
        case = RecoveryCase.objects.select_for_update().get(id=one.facts.subject_id)
        _, new = PaymentAttempt.objects.get_or_create(
            effect_key=one.key,
            defaults={
                "case": case,
                "origin": Origin.CUSTOMER if one.facts.card_is_new else Origin.DUNNING,
                "outcome": AttemptOutcome.PAID if one.paid else AttemptOutcome.DECLINED,
                "amount_minor": one.amount_minor,
                "currency": one.currency,
                "decline_code": one.decline_code,
                "advice_code": one.advice_code,
                "message": one.message,
                "card": one.facts.card,
                "payment_intent_id": one.payment_intent_id,
                "at": now,
            },
        )
        if new and not one.paid and case.state == CaseState.OPEN:
            _declined(case, one, now)
    reschedule([one.facts.subject_id for one in attempted if not one.paid])
    paid = [one.facts.subject_id for one in attempted if one.paid]
    # Not charged again while the mirror catches up; the case closes when the invoice is seen to be paid.
    RecoveryCase.objects.filter(id__in=paid, state=CaseState.OPEN).update(next_step="", next_due_at=None)
    _look_again([(one.facts, one.key) for one in attempted], now)
    mails.charge_failed([one for one in attempted if not one.paid], now)
    wake("payments.ask_for_card")
    wake("payments.restrict_service")


def _declined(case: RecoveryCase, one: Attempted, now: datetime) -> None:
    """The class follows the latest decline. The grace begins once, with the first hard one."""
    failure = classify(one.decline_code, one.advice_code)
    case.failure_class, case.decline_code = failure.value, one.decline_code
    case.failed_card = one.facts.card or case.failed_card
    if is_hard(failure):
        case.hard_since = case.hard_since or now
        case.asked_at = None
    case.save(update_fields=["failure_class", "decline_code", "failed_card", "hard_since", "asked_at"])


@transaction.atomic
def record_refusals(refused: Sequence[tuple[str, CaseFacts, str]], now: datetime) -> None:
    """Stripe will not charge this invoice at all: (effect key, facts, error). It is paid, void, or the
    customer has no card; the first two are seen when it is fetched anew, the third asks for a card."""
    for _key, facts, error in refused:
        case = RecoveryCase.objects.select_for_update().get(id=facts.subject_id)
        if case.state != CaseState.OPEN:
            continue
        case.failure_class, case.close_reason = FailureClass.NEW_CARD.value, error
        case.hard_since = case.hard_since or now
        case.asked_at = None
        case.save(update_fields=["failure_class", "close_reason", "hard_since", "asked_at"])
        reschedule([case.id])
        RecoveryCase.objects.filter(id=case.id).update(next_due_at=now + AFTER_REFUSAL)
    _look_again([(facts, key) for key, facts, _error in refused], now)


def _look_again(changed: Sequence[tuple[CaseFacts, str]], now: datetime) -> None:
    """Has the invoice and its subscription fetched anew, whether or not Stripe's events arrive."""
    wanted = [(Route("invoice", facts.invoice), key) for facts, key in changed]
    wanted += [
        (Route("subscription", facts.subscription), key) for facts, key in changed if facts.subscription
    ]
    request_refresh(wanted, now)
