"""The messages of dunning. Each has a key of its own, so that nobody gets one twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from apps.core.money import Money
from apps.messaging.actions import NewMail, queue_mail
from apps.payments.models import RecoveryCase
from apps.payments.policy.declines import FailureClass, classify, is_hard, withdrawn
from apps.payments.policy.facts import CaseFacts, SettledCase
from apps.payments.policy.ladder import StepKind

if TYPE_CHECKING:
    from apps.payments.actions.charges import Attempted

LAST_NOTICE = 4  # there are four notices; a longer ladder repeats the last


def charge_failed(attempts: Sequence[Attempted], now: datetime) -> None:
    """The rung's own notice. A decline that needs the customer is told by ``ask`` instead."""
    cases = {
        case.id: case
        for case in RecoveryCase.objects.filter(id__in=[one.facts.subject_id for one in attempts])
    }
    letters = []
    for one in attempts:
        if one.facts.card_is_new or is_hard(classify(one.decline_code, one.advice_code)):
            continue
        number = one.facts.position.failed_retries + 1
        case = cases[one.facts.subject_id]
        when = _day(case.next_due_at)
        extra = {}
        if when:
            name = "next_try_on" if case.next_step == StepKind.CHARGE.value else "deadline"
            extra[name] = f"on {when}" if name == "next_try_on" else f"by {when}"
        letters.append(
            _mail(
                f"payment_failed_{min(number, LAST_NOTICE)}",
                one.facts,
                f"{one.facts.invoice}:{number}",
                extra,
            )
        )
    queue_mail(_with_address(letters), now)


def ask(about: Sequence[tuple[CaseFacts, datetime | None]], now: datetime) -> None:
    letters = []
    for facts, deadline in about:
        if withdrawn(facts.decline_code):
            continue
        authenticate = facts.position.failure is FailureClass.AUTHENTICATE
        template = "authenticate_payment" if authenticate else "new_card_needed"
        extra = {"deadline": f"by {_day(deadline)}"} if deadline and not authenticate else {}
        letters.append(_mail(template, facts, f"{facts.invoice}:{facts.attempts_made}", extra))
    queue_mail(_with_address(letters), now)


def restricted(steps: Sequence[tuple[CaseFacts, int]], now: datetime) -> None:
    letters = [
        _mail("service_limited" if percent else "suspended", facts, f"{facts.invoice}:{percent}")
        for facts, percent in steps
    ]
    queue_mail(_with_address(letters), now)


def downgraded(cases: Sequence[CaseFacts], now: datetime) -> None:
    queue_mail(_with_address([_mail("downgraded", facts, facts.invoice) for facts in cases]), now)


def recovered(cases: Sequence[SettledCase], now: datetime) -> None:
    letters = [
        NewMail(
            template="payment_recovered",
            customer_id=facts.customer_id,
            to=facts.email,
            context={"amount": str(Money(facts.amount_minor, facts.currency)), **_name(facts.name)},
            dedupe_key=f"payment_recovered:{facts.invoice}"[:200],
            locale=facts.locale,
        )
        for facts in cases
    ]
    queue_mail(_with_address(letters), now)


def _mail(template: str, facts: CaseFacts, key: str, extra: Mapping[str, str] | None = None) -> NewMail:
    context = {"amount": str(Money(facts.amount_minor, facts.currency)), **_name(facts.name), **(extra or {})}
    if facts.hosted_url:
        context["pay_url"] = facts.hosted_url
    return NewMail(
        template=template,
        customer_id=facts.customer_id,
        to=facts.email,
        context=context,
        dedupe_key=f"{template}:{key}"[:200],
        locale=facts.locale,
    )


def _name(name: str) -> dict[str, str]:
    return {"name": name} if name else {}


def _with_address(letters: Sequence[NewMail]) -> list[NewMail]:
    """A customer without an address cannot be written to; the operator's alerts name the case."""
    return [letter for letter in letters if letter.to]


def _day(moment: datetime | None) -> str:
    return f"{moment.day} {moment:%B}" if moment else ""
