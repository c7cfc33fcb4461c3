"""A failed charge opens a recovery case."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from apps.core.decision import Decision
from apps.core.types import JsonObject
from apps.payments.actions.cases import open_cases
from apps.payments.policy import rules
from apps.payments.policy.facts import FailedInvoice
from apps.payments.queries.due import failed_invoices
from workers.kernel.automation import Automation, Done, FindContext, InDoubt, Queue
from workers.ports import Effects, receipt


class OpenCases(Automation[FailedInvoice]):
    """Opens a recovery case for each invoice whose charge failed.

    Reads: open invoices with a failed charge and no case.
    Changes: local rows only: the case and the failure as its first attempt.
    To stop: switch it off; invoices wait and their days go on counting from the first failure.
    """

    name = "payments.open_cases"
    queue = Queue.MONEY
    in_doubt = InDoubt.REPEAT
    repeat_within = None  # local rows only
    change_type = "open_recovery_case"
    receipts_at_once = 100

    def find(self, ctx: FindContext) -> Iterable[FailedInvoice]:
        return failed_invoices(ctx.window)

    def decide(self, facts: FailedInvoice, *, now: datetime) -> Decision:
        return rules.open_case(facts, now=now)

    def key(self, facts: FailedInvoice) -> str:
        return f"dunning:open:{facts.invoice}"

    def act(
        self, effects: Effects, facts: FailedInvoice, decision: Decision, *, key: str, now: datetime
    ) -> JsonObject:
        return receipt(invoice=facts.invoice)

    def look_up(self, effects: Effects, facts: FailedInvoice, *, key: str) -> JsonObject | None:
        return None  # local: what was not committed was not done

    def record(self, done: Sequence[Done[FailedInvoice]], *, now: datetime) -> None:
        open_cases([one.facts for one in done], now)
