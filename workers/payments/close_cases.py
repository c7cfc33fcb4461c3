"""The end of a case: paid in whatever way, void, canceled, or written off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from apps.core.decision import Decision
from apps.core.types import JsonObject
from apps.payments.actions.cases import close_cases
from apps.payments.policy import rules
from apps.payments.policy.facts import SettledCase
from apps.payments.queries.due import settled_cases
from workers.kernel.automation import Automation, Done, FindContext, InDoubt, Queue
from workers.ports import Effects, receipt


class CloseCases(Automation[SettledCase]):
    """Closes the cases whose invoice was paid, voided, or whose subscription has ended.

    Reads: the mirrored invoices and subscriptions of open and lost cases.
    Changes: the case; access is given back; one mail of thanks to a customer who paid and stayed.
    To stop: switch it off; cases stay open, though no paid invoice is ever charged again.
    """

    name = "payments.close_cases"
    queue = Queue.MONEY
    in_doubt = InDoubt.REPEAT
    repeat_within = None  # local rows only
    change_type = "close_recovery_case"
    receipts_at_once = 100

    def find(self, ctx: FindContext) -> Iterable[SettledCase]:
        return settled_cases(ctx.window, ctx.now)

    def decide(self, facts: SettledCase, *, now: datetime) -> Decision:
        return rules.close(facts)

    def key(self, facts: SettledCase) -> str:
        return f"dunning:close:{facts.subject_id}:{rules.outcome_of(facts)}"

    def act(
        self, effects: Effects, facts: SettledCase, decision: Decision, *, key: str, now: datetime
    ) -> JsonObject:
        return receipt(
            outcome=rules.outcome_of(facts), amount_minor=facts.amount_minor, currency=facts.currency
        )

    def look_up(self, effects: Effects, facts: SettledCase, *, key: str) -> JsonObject | None:
        return None  # local: what was not committed was not done

    def record(self, done: Sequence[Done[SettledCase]], *, now: datetime) -> None:
        close_cases([one.facts for one in done], now)
