"""The access steps of a patient ladder: rate limited step by step, then suspended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from apps.core.decision import Decision
from apps.core.types import JsonObject
from apps.payments.actions.steps import restricted
from apps.payments.policy import rules
from apps.payments.policy.facts import CaseFacts
from apps.payments.policy.ladder import StepKind
from apps.payments.queries.due import due_cases
from workers.kernel.automation import Automation, Done, FindContext, InDoubt, Queue
from workers.payments.fresh import confirmed
from workers.ports import Effects, receipt


class RestrictService(Automation[CaseFacts]):
    """Limits, and at last suspends, the access of customers on a ladder that says so.

    Reads: open cases with an access step due; the invoice as it is at Stripe at this moment.
    Changes: the customer's access and the share of the API rate left; queues one mail.
    To stop: switch it off; access stays as it is.
    """

    name = "payments.restrict_service"
    queue = Queue.MONEY
    in_doubt = InDoubt.REPEAT
    repeat_within = None  # local rows only
    change_type = "restrict_access"
    page_size = 50

    def find(self, ctx: FindContext) -> Iterable[CaseFacts]:
        due = due_cases(ctx.window, ctx.now, [StepKind.LIMIT, StepKind.SUSPEND])
        return confirmed(due, ctx.sources.payments)

    def decide(self, facts: CaseFacts, *, now: datetime) -> Decision:
        return rules.restrict(facts, now=now)

    def key(self, facts: CaseFacts) -> str:
        at = facts.position
        return f"dunning:restrict:{facts.invoice}:{at.failed_retries}:{at.access_percent}"

    def act(
        self, effects: Effects, facts: CaseFacts, decision: Decision, *, key: str, now: datetime
    ) -> JsonObject:
        return receipt(percent=decision.params["percent"])

    def look_up(self, effects: Effects, facts: CaseFacts, *, key: str) -> JsonObject | None:
        return None  # local: what was not committed was not done

    def record(self, done: Sequence[Done[CaseFacts]], *, now: datetime) -> None:
        restricted([(one.facts, int(str(one.receipt["percent"]))) for one in done], now)
