"""The retries of the ladder, and the try with a new card."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import msgspec

from apps.core.decision import Decision
from apps.core.types import JsonObject
from apps.payments.actions.charges import Attempted, record_attempts, record_refusals
from apps.payments.policy import rules
from apps.payments.policy.facts import CaseFacts
from apps.payments.queries.due import chargeable_cases
from workers.kernel.automation import Automation, Done, FindContext, InDoubt, Limits, NotDone, Queue, Retry
from workers.payments.fresh import confirmed
from workers.ports import Charge, Effects


class RetryCharge(Automation[CaseFacts]):
    """Charges an invoice again: on its ladder's days, and once for each new card.

    Reads: open cases; the invoice and subscription as they are at Stripe at this moment.
    Changes: one attempt at Stripe, under a key made of the invoice and the number of failed retries.
    To stop: switch it off. Retries held up are made a day apart afterwards, and no access is cut meanwhile.
    """

    name = "payments.retry_charge"
    queue = Queue.MONEY
    in_doubt = InDoubt.REPEAT
    repeat_within = timedelta(hours=24)  # Stripe keeps a key at least that long; afterwards it is looked up
    retry = Retry(first=timedelta(minutes=2))
    limits = Limits(per_hour=500, per_day=2_000, money_minor_per_day=10_000_000)
    change_type = "charge_invoice"
    page_size = 25  # two questions and a charge each, at Stripe's speed, within the page's lease

    def find(self, ctx: FindContext) -> Iterable[CaseFacts]:
        return confirmed(chargeable_cases(ctx.window, ctx.now), ctx.sources.payments)

    def decide(self, facts: CaseFacts, *, now: datetime) -> Decision:
        return rules.charge(facts, now=now)

    def key(self, facts: CaseFacts) -> str:
        """Seeded from committed state, so that a repeat repeats this attempt, and the next one is another."""
        if facts.card_is_new:
            return f"dunning:card:{facts.invoice}:{facts.card}"
        return f"dunning:charge:{facts.invoice}:{facts.position.failed_retries}"

    def act(
        self, effects: Effects, facts: CaseFacts, decision: Decision, *, key: str, now: datetime
    ) -> JsonObject:
        return asdict(effects.payments.pay_invoice(facts.invoice, key=key))

    def look_up(self, effects: Effects, facts: CaseFacts, *, key: str) -> JsonObject | None:
        made = effects.payments.charge_made(facts.invoice, key)
        return asdict(made) if made is not None else None

    def record(self, done: Sequence[Done[CaseFacts]], *, now: datetime) -> None:
        record_attempts([_attempted(one.key, one.facts, one.receipt) for one in done], now)

    def give_up(self, not_done: Sequence[NotDone[CaseFacts]], *, now: datetime) -> None:
        refused = [(one.key, one.facts, one.error) for one in not_done if one.state == "refused"]
        record_refusals(refused, now)


def _attempted(key: str, facts: CaseFacts, answer: Mapping[str, Any]) -> Attempted:
    charge = msgspec.convert(answer, Charge)
    return Attempted(
        key=key,
        facts=facts,
        paid=charge.paid,
        amount_minor=charge.amount_minor,
        currency=(charge.currency or facts.currency).upper(),
        decline_code=charge.decline_code,
        advice_code=charge.advice_code,
        message=charge.message,
        payment_intent_id=charge.payment_intent_id,
    )
