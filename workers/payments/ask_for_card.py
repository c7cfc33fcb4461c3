"""A decline that only the customer can mend: a new card, or an authentication."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from apps.core.decision import Decision
from apps.core.types import JsonObject
from apps.payments.actions.steps import asked
from apps.payments.policy import rules
from apps.payments.policy.facts import CaseFacts
from apps.payments.policy.ladder import StepKind
from apps.payments.queries.due import due_cases
from workers.kernel.automation import Automation, Done, FindContext, InDoubt, Queue
from workers.ports import Effects, receipt


class AskForCard(Automation[CaseFacts]):
    """Asks the customer at once for a new card or an authentication, and the operator for a personal word.

    Reads: open cases whose last decline no retry can mend.
    Changes: queues one mail and raises one alert; the days of grace begin.
    To stop: switch it off; then no grace ends either, as it begins with the request.
    """

    name = "payments.ask_for_card"
    queue = Queue.MONEY
    in_doubt = InDoubt.REPEAT
    repeat_within = None  # local rows only
    change_type = "ask_for_card"
    receipts_at_once = 100

    def find(self, ctx: FindContext) -> Iterable[CaseFacts]:
        return due_cases(ctx.window, ctx.now, [StepKind.ASK])

    def decide(self, facts: CaseFacts, *, now: datetime) -> Decision:
        return rules.ask_for_card(facts, now=now)

    def key(self, facts: CaseFacts) -> str:
        return f"dunning:ask:{facts.invoice}:{facts.attempts_made}:{facts.position.failure.value}"

    def act(
        self, effects: Effects, facts: CaseFacts, decision: Decision, *, key: str, now: datetime
    ) -> JsonObject:
        return receipt(invoice=facts.invoice, failure=facts.position.failure.value)

    def look_up(self, effects: Effects, facts: CaseFacts, *, key: str) -> JsonObject | None:
        return None  # local: what was not committed was not done

    def record(self, done: Sequence[Done[CaseFacts]], *, now: datetime) -> None:
        asked([one.facts for one in done], now)
