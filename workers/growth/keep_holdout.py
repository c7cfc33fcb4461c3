"""Ten customers in a hundred are left alone, so that it can be told what interventions are worth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from apps.core.decision import Decision
from apps.core.types import JsonObject
from apps.growth.actions.interventions import Given, record_left_alone
from apps.growth.conf import growth_rules
from apps.growth.policy import interventions as rules
from apps.growth.policy.interventions import AtRisk
from apps.growth.queries.candidates import left_alone
from workers.kernel.automation import Automation, Done, FindContext, InDoubt, Queue
from workers.ports import Effects, receipt


class KeepHoldout(Automation[AtRisk]):
    """Records whom the lot leaves without an intervention that was due.

    Reads: the newest scores of 60 and less of the drawn customers, and what was done for them so far.
    Changes: local rows only: one intervention with the arm "left alone", closed like the others.
    To stop: switch it off. The drawn customers are still left alone, until GROWTH_HOLDOUT_PERCENT is 0.
    """

    name = "growth.keep_holdout"
    queue = Queue.GROWTH
    in_doubt = InDoubt.REPEAT
    repeat_within = None  # local rows only
    receipts_at_once = 100
    change_type = "growth_holdout"

    def find(self, ctx: FindContext) -> Iterable[AtRisk]:
        return left_alone(ctx.window)

    def decide(self, facts: AtRisk, *, now: datetime) -> Decision:
        return rules.hold_out(facts, now=now, rules=growth_rules())

    def key(self, facts: AtRisk) -> str:
        number = facts.discounts if facts.kind == rules.DISCOUNT else facts.mails
        return f"growth:holdout:{facts.kind}:{facts.customer_id}:{number + 1}"

    def act(
        self, effects: Effects, facts: AtRisk, decision: Decision, *, key: str, now: datetime
    ) -> JsonObject:
        return receipt(arm="holdout", kind=facts.kind, score=facts.score)

    def look_up(self, effects: Effects, facts: AtRisk, *, key: str) -> JsonObject | None:
        return None  # local: what was not committed was not done

    def record(self, done: Sequence[Done[AtRisk]], *, now: datetime) -> None:
        record_left_alone([Given(one.key, one.facts) for one in done], now)
