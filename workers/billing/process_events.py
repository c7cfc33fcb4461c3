"""Stripe's events: the object each one concerns is fetched anew and mirrored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from apps.billing.actions import Fetched, settle_events, settle_failures
from apps.billing.queries import DueEvent, due_events
from apps.core.decision import Decision, Verdict
from apps.core.types import JsonObject
from workers.kernel.automation import Automation, Done, FindContext, InDoubt, NotDone, Queue, Retry
from workers.ports import Effects


class ProcessEvents(Automation[DueEvent]):
    """Mirrors what Stripe says about subscriptions, invoices, payments and customers.

    Reads: events received and not yet processed; parked ones whose customer has arrived.
    Changes: nothing outside; the local mirror, and the customer's status and plan.
    To stop: switch it off. Events are kept and processed when it is switched on again.
    """

    name = "billing.process_events"
    queue = Queue.MONEY
    in_doubt = InDoubt.REPEAT
    repeat_within = None  # it only reads outside
    retry = Retry(attempts=8, first=timedelta(seconds=20))
    change_type = "mirror_stripe_object"
    logged = False
    page_size = 100
    receipts_at_once = 20

    def find(self, ctx: FindContext) -> Iterable[DueEvent]:
        return due_events(ctx.window)

    def decide(self, facts: DueEvent, *, now: datetime) -> Decision:
        return Decision(Verdict.ACT, f"{facts.type}: fetch the {facts.kind} anew")

    def key(self, facts: DueEvent) -> str:
        return f"billing:event:{facts.subject_id}:{facts.attempts}"

    def act(
        self, effects: Effects, facts: DueEvent, decision: Decision, *, key: str, now: datetime
    ) -> JsonObject:
        return {"since": now.isoformat(), "object": effects.payments.retrieve(facts.kind, facts.object_id)}

    def look_up(self, effects: Effects, facts: DueEvent, *, key: str) -> JsonObject | None:
        return None  # reading leaves no trace and may be done again

    def record(self, done: Sequence[Done[DueEvent]], *, now: datetime) -> None:
        settle_events([_fetched(one) for one in done], now)

    def give_up(self, not_done: Sequence[NotDone[DueEvent]], *, now: datetime) -> None:
        settle_failures([(one.facts.subject_id, one.error) for one in not_done], now)


def _fetched(one: Done[DueEvent]) -> Fetched:
    since, obj = one.receipt["since"], one.receipt["object"]
    if not isinstance(since, str) or not isinstance(obj, dict):
        raise TypeError(f"{one.key} holds no fetched object")
    return Fetched(
        one.facts.subject_id, one.facts.kind, one.facts.object_id, obj, datetime.fromisoformat(since)
    )
