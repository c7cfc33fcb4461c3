"""The decisions of dunning: one pure function for each automation."""

from __future__ import annotations

from datetime import datetime, timedelta

from apps.core.decision import Decision, Verdict, skip
from apps.core.money import Money
from apps.payments.policy.declines import CLASS_WORDS, classify, is_hard, withdrawn
from apps.payments.policy.facts import CaseFacts, FailedInvoice, SettledCase
from apps.payments.policy.ladder import Step, StepKind, next_step

# Card networks allow 15 attempts in 30 days on most of their pages; Apex stays under, the first included.
NETWORK_CAP = 15
# The decline's code may come with an event of its own; this long an invoice waits for it.
CODE_PATIENCE = timedelta(minutes=10)
ENDED = frozenset({"canceled", "incomplete_expired"})


def open_case(facts: FailedInvoice, *, now: datetime) -> Decision:
    if facts.collection_method != "charge_automatically":
        return skip("invoices sent by mail are not charged")
    if facts.subscription_status in ENDED:
        return skip("the subscription has ended")
    if facts.amount_minor <= 0:
        return skip("nothing is left to pay")
    if not facts.decline_code and now - facts.seen_at < CODE_PATIENCE:
        return skip("the reason of the decline is not known yet")
    failure = classify(facts.decline_code, facts.advice_code)
    owed = Money(facts.amount_minor, facts.currency)
    return Decision(
        Verdict.ACT,
        f"charge of {owed} failed with {_code(facts.decline_code)}: {CLASS_WORDS[failure]}",
        title=f"Recover {owed}, a charge that failed",
        way_back="the case closes by itself when the invoice is paid, voided or the subscription canceled",
    )


def charge(facts: CaseFacts, *, now: datetime) -> Decision:
    """An attempt is made for a due rung, or once for each new card; never after the matter is over."""
    closed = _over(facts)
    if closed:
        return skip(closed)
    if facts.attempts_30d + 1 >= NETWORK_CAP:
        return skip(f"{facts.attempts_30d} attempts in 30 days: the card networks allow no more")
    owed = Money(facts.amount_minor, facts.currency)
    if facts.card_is_new:
        reason = "the customer has given a new card"
    else:
        step = due_step(facts, now=now)
        if step is None or step.kind is not StepKind.CHARGE:
            return skip("no retry is due")
        reason = (
            f"retry of day {step.day} ({facts.position.failed_retries + 1} of {len(facts.ladder.retry_days)})"
        )
    return Decision(
        Verdict.ACT,
        f"{reason}, {facts.ladder.name} ladder",
        title=f"Charge {owed} of {_whom(facts)}",
        way_back="refund the payment at Stripe",
        money_minor=facts.amount_minor,
    )


def _whom(facts: CaseFacts) -> str:
    return facts.name or f"invoice {facts.invoice}"


def _code(decline_code: str) -> str:
    return decline_code.replace("_", " ") or "no code"


def ask_for_card(facts: CaseFacts, *, now: datetime) -> Decision:
    closed = _over(facts)
    if closed:
        return skip(closed)
    step = due_step(facts, now=now)
    if step is None or step.kind is not StepKind.ASK:
        return skip("nothing is to be asked")
    if withdrawn(facts.decline_code):
        reason = "the customer withdrew the permission to charge: a question about cancelling"
    else:
        failure = CLASS_WORDS[facts.position.failure]
        reason = f"{_code(facts.decline_code)}: only the customer can mend this ({failure})"
    return Decision(Verdict.ACT, reason, title=f"Ask {_whom(facts)} for a way to pay", way_back="none needed")


def restrict(facts: CaseFacts, *, now: datetime) -> Decision:
    closed = _over(facts)
    if closed:
        return skip(closed)
    step = due_step(facts, now=now)
    if step is None or step.kind not in (StepKind.LIMIT, StepKind.SUSPEND):
        return skip("access stays as it is")
    what = "suspended" if step.percent == 0 else f"limited to {step.percent} % of the API rate"
    return Decision(
        Verdict.ACT,
        f"day {step.day} of the {facts.ladder.name} ladder: {what}",
        title=f"Access {what}",
        params={"percent": step.percent},
        way_back="access is restored when the invoice is paid",
    )


def downgrade(facts: CaseFacts, *, now: datetime) -> Decision:
    closed = _over(facts)
    if closed:
        return skip(closed)
    step = due_step(facts, now=now)
    if step is None or step.kind is not StepKind.DOWNGRADE:
        return skip("no downgrade is due")
    if facts.card_is_new:
        return skip("a new card is to be tried first")
    if not facts.free_price:
        return skip("the free plan has no current price; set one under Plans")
    if facts.price_id == facts.free_price:
        return skip("already on the free plan")
    why = "no card came within the grace" if is_hard(facts.position.failure) else "every retry failed"
    return Decision(
        Verdict.ACT,
        f"day {step.day} of the {facts.ladder.name} ladder: {why}",
        title=f"Downgrade {_whom(facts)} to free: an invoice is unpaid",
        way_back=f"change the subscription back to {facts.price_id}",
    )


def close(facts: SettledCase) -> Decision:
    outcome = outcome_of(facts)
    if not outcome:
        return skip("still open")
    reasons = {
        "recovered": "the invoice was paid",
        "canceled": "the subscription has ended"
        if facts.subscription_status in ENDED
        else f"the invoice is {facts.invoice_status}",
        "lost": "the ladder is over and there is no subscription to downgrade",
    }
    return Decision(
        Verdict.ACT,
        reasons[outcome],
        title=f"Close the recovery case of {facts.name or facts.email or facts.invoice}: {outcome}",
        way_back="none needed",
    )


def outcome_of(facts: SettledCase) -> str:
    """recovered, canceled or lost; '' while the case goes on. A lost case can still be recovered."""
    if facts.invoice_status == "paid":
        return "recovered"
    if facts.state != "open":
        return ""
    if facts.invoice_status in ("void", "uncollectible") or facts.subscription_status in ENDED:
        return "canceled"
    return "lost" if facts.written_off else ""


def thanks(facts: SettledCase) -> bool:
    """No word of thanks to somebody who has left."""
    return outcome_of(facts) == "recovered" and facts.subscription_status not in ENDED


def due_step(facts: CaseFacts, *, now: datetime) -> Step | None:
    step = next_step(facts.position, facts.ladder)
    return step if step is not None and step.due_at <= now else None


def _over(facts: CaseFacts) -> str:
    if facts.problem:
        return facts.problem
    if facts.invoice_status != "open":
        return f"the invoice is {facts.invoice_status}"
    if facts.subscription_status in ENDED:
        return "the subscription has ended"
    return ""
