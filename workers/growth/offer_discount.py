"""Half price for three months and a call, for customers about to leave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from apps.core.decision import Decision
from apps.core.learning import TRUSTED
from apps.core.types import JsonObject
from apps.growth.actions.interventions import Given, record_discounts, record_not_given
from apps.growth.conf import growth_rules
from apps.growth.policy import interventions as rules
from apps.growth.policy.editing import months, percent
from apps.growth.policy.interventions import OPEN_FOR, AtRisk
from apps.growth.policy.outcomes import turned_out
from apps.growth.queries.candidates import at_risk
from apps.growth.queries.progress import progress
from workers.kernel import automation as kernel
from workers.kernel.automation import Done, FindContext, Outcome, OutcomeState
from workers.ports import Effects, Sources


class OfferDiscount(kernel.Automation[AtRisk]):
    """Gives a discount at Stripe and offers a call, for a health score under 40.

    Reads: the newest scores, the subscription's mirror, recovery cases, the interventions so far.
    Changes: one discount on the subscription, at most one a year; opens an intervention; queues one mail.
    To stop: switch it off. Discounts already given run on; each can be ended at Stripe.
    """

    name = "growth.offer_discount"
    queue = kernel.Queue.MONEY
    in_doubt = kernel.InDoubt.REPEAT
    repeat_within = (
        None  # the gateway marks the subscription with the key: a repeat finds it and changes nothing
    )
    limits = kernel.Limits(per_hour=50, per_day=100, money_minor_per_day=2_000_000)
    change_type = "retention_discount"
    prior = TRUSTED
    watch = kernel.Watch(first=timedelta(days=14), every=timedelta(days=4), until=OPEN_FOR)
    editable = (
        kernel.Editable("percent", "Percent off", percent),
        kernel.Editable("months", "For how many months", months),
    )
    page_size = 50  # a call at Stripe's speed each, within the page's lease

    def find(self, ctx: FindContext) -> Iterable[AtRisk]:
        return at_risk(ctx.window)

    def decide(self, facts: AtRisk, *, now: datetime) -> Decision:
        return rules.discount(facts, now=now, rules=growth_rules())

    def key(self, facts: AtRisk) -> str:
        """Numbered by what was given before, so that it stays the same over New Year while one is in doubt."""
        return f"growth:discount:{facts.customer_id}:{facts.discounts + 1}"

    def act(
        self, effects: Effects, facts: AtRisk, decision: Decision, *, key: str, now: datetime
    ) -> JsonObject:
        percent, months = _terms(decision)
        given = effects.payments.discount(facts.subscription, percent=percent, months=months, key=key)
        return {**asdict(given), "given_at": now.isoformat()}

    def record(self, done: Sequence[Done[AtRisk]], *, now: datetime) -> None:
        record_discounts([_given(one.key, one.facts, one.decision) for one in done], now)

    def give_up(self, not_done: Sequence[kernel.NotDone[AtRisk]], *, now: datetime) -> None:
        record_not_given([(one.key, one.facts, one.error) for one in not_done], now)

    def measure(self, sources: Sources, facts: AtRisk, receipt: JsonObject, *, now: datetime) -> Outcome:
        """A promised discount is not taken back because a score fell: only one whose customer cancelled is ended."""
        found = progress(facts.customer_id)
        if found is None:
            return Outcome(OutcomeState.INCONCLUSIVE, "the customer was erased")
        given_at = datetime.fromisoformat(str(receipt["given_at"]))
        state, note = turned_out(
            status=found.status,
            score=found.score,
            calculated_at=found.calculated_at,
            at_start=facts.score,
            last=now >= given_at + OPEN_FOR,
            now=now,
        )
        return Outcome(OutcomeState(state), note, {"status": found.status, "score": found.score})

    def undo(
        self, effects: Effects, facts: AtRisk, receipt: JsonObject, *, key: str, now: datetime
    ) -> JsonObject:
        effects.payments.end_discount(facts.subscription, key=key)
        return {"ended": facts.subscription}


def _terms(decision: Decision) -> tuple[int, int]:
    params: Mapping[str, Any] = decision.params
    return int(params["percent"]), int(params["months"])


def _given(key: str, facts: AtRisk, decision: Decision) -> Given:
    """With the terms as they were given: an operator may have edited them."""
    percent, months = _terms(decision)
    return Given(key, facts, rules.discount_cost(facts, percent, months), percent, months)
