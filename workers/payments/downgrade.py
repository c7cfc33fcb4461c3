"""The last step of the standard ladder, and of a grace that ran out: the free plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime

from apps.core.decision import Decision
from apps.core.types import JsonObject
from apps.payments.actions.steps import downgrade_refused, downgraded
from apps.payments.policy import rules
from apps.payments.policy.facts import CaseFacts
from apps.payments.policy.ladder import StepKind
from apps.payments.queries.due import due_cases
from workers.kernel.automation import Automation, Done, FindContext, InDoubt, Limits, NotDone, Queue
from workers.payments.fresh import confirmed
from workers.ports import Effects


class Downgrade(Automation[CaseFacts]):
    """Moves the subscription of a customer who did not pay to the free plan.

    Reads: open cases at the end of their ladder; invoice and subscription as they are at Stripe now.
    Changes: the subscription's price at Stripe; closes the case as lost; queues one mail. The price before
    is kept in the case: the way back.
    To stop: switch it off; customers keep their plan.
    """

    name = "payments.downgrade"
    queue = Queue.MONEY
    in_doubt = InDoubt.REPEAT
    repeat_within = None  # the same price set again changes nothing
    limits = Limits(per_day=200)
    change_type = "downgrade_unpaid"
    page_size = 25

    def find(self, ctx: FindContext) -> Iterable[CaseFacts]:
        return confirmed(due_cases(ctx.window, ctx.now, [StepKind.DOWNGRADE]), ctx.sources.payments)

    def decide(self, facts: CaseFacts, *, now: datetime) -> Decision:
        return rules.downgrade(facts, now=now)

    def key(self, facts: CaseFacts) -> str:
        return f"dunning:downgrade:{facts.invoice}"

    def act(
        self, effects: Effects, facts: CaseFacts, decision: Decision, *, key: str, now: datetime
    ) -> JsonObject:
        changed = effects.payments.change_plan(facts.subscription, price_id=facts.free_price, key=key)
        return {**asdict(changed), "price_before": facts.price_id}

    def record(self, done: Sequence[Done[CaseFacts]], *, now: datetime) -> None:
        downgraded([(one.key, one.facts) for one in done], now)

    def give_up(self, not_done: Sequence[NotDone[CaseFacts]], *, now: datetime) -> None:
        downgrade_refused([(one.facts, one.error) for one in not_done], now)
