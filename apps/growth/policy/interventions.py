"""What is done about a low score: a discount and a call, a mail, nothing, or deliberately nothing (GRO-4)."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from apps.core.decision import Decision, Verdict, skip, within_auto_apply_line
from apps.core.money import Money, minor_digits

DISCOUNT = "discount"
MAIL = "engagement_mail"
# The components that say how the product is used; without them a score is only about payments.
USE = ("usage", "engagement")
OPEN_FOR = timedelta(days=30)  # an intervention is judged after this


@dataclass(frozen=True, slots=True)
class Rules:
    """The operator's numbers. ``ask_over`` is a month's price in whole units of the currency; ``percent`` off
    for ``months``; ``holdout_percent`` of the customers are left alone, drawn by ``salt``."""

    percent: int = 50
    months: int = 3
    holdout_percent: int = 10
    ask_over: int = 1000
    salt: str = "growth-1"
    stale_after: timedelta = timedelta(hours=36)
    new_for: timedelta = timedelta(days=14)
    mail_again_after: timedelta = timedelta(days=30)
    refused_again_after: timedelta = timedelta(days=30)


DEFAULT_RULES = Rules()


@dataclass(frozen=True, slots=True)
class AtRisk:
    """One customer with a score of 60 or less. ``known``: components that had data. ``factors``: reasons, the
    heaviest first. ``discounts`` and ``mails``: how many were given or withheld so far; they number the effect keys.
    ``drawn``: the lot left this customer out of this kind of intervention."""

    subject_id: int
    kind: str
    score: float
    calculated_at: datetime
    known: tuple[str, ...]
    factors: tuple[str, ...]
    email: str
    name: str
    locale: str
    consent: bool
    status: str
    signed_up_at: datetime
    subscription: str
    monthly_minor: int
    currency: str
    ending: bool
    payment_open: bool
    open_intervention: str
    discounted_at: datetime | None
    mailed_at: datetime | None
    refused_at: datetime | None
    discounts: int
    mails: int
    drawn: bool

    @property
    def customer_id(self) -> int:
        return self.subject_id


def drawn(customer_id: int, kind: str, rules: Rules = DEFAULT_RULES) -> bool:
    """Whether the lot leaves this customer alone: the same answer for ever, until the salt is changed."""
    digest = sha256(f"{rules.salt}:{kind}:{customer_id}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % 100 < rules.holdout_percent


def year_after(moment: datetime) -> datetime:
    """The same day next year; of 29 February, 1 March. Always in another calendar year."""
    year = moment.year + 1
    if moment.month == 2 and moment.day == 29 and not calendar.isleap(year):
        return moment.replace(year=year, month=3, day=1)
    return moment.replace(year=year)


def is_stale(calculated_at: datetime, now: datetime, rules: Rules = DEFAULT_RULES) -> bool:
    return now - calculated_at > rules.stale_after


def discount(facts: AtRisk, *, now: datetime, rules: Rules = DEFAULT_RULES) -> Decision:
    """Half price for three months and the offer of a call, for a score under 40."""
    decision = _discount(facts, now, rules)
    if facts.drawn and by_itself(decision):
        return skip("in the hold-out: left alone, to compare with")
    return decision


def mail(facts: AtRisk, *, now: datetime, rules: Rules = DEFAULT_RULES) -> Decision:
    """Tips by mail, for a score of 40 to 60."""
    decision = _mail(facts, now, rules)
    if facts.drawn and by_itself(decision):
        return skip("in the hold-out: left alone, to compare with")
    return decision


def hold_out(facts: AtRisk, *, now: datetime, rules: Rules = DEFAULT_RULES) -> Decision:
    """Leaves alone, and records, whom the lot has drawn and who would have been treated without asking."""
    rule = _discount if facts.kind == DISCOUNT else _mail
    treated = rule(facts, now, rules)
    if treated.verdict is Verdict.SKIP:
        return treated
    if not facts.drawn:
        return skip("not in the hold-out")
    if not by_itself(treated):
        return skip("a person decides about this one, so it is not drawn by lot")
    return Decision(
        Verdict.ACT,
        f"{100 - rules.holdout_percent} of 100 are treated; this one is left alone, to compare with",
        title=f"Left alone: no {facts.kind.replace('_', ' ')} for {facts.name or facts.email} ({facts.score:.2f})",
    )


def by_itself(decision: Decision) -> bool:
    """Whether the rule alone would apply it; what was learned of its kind comes on top."""
    if decision.verdict is not Verdict.ACT:
        return False
    if decision.confidence is None or decision.risk is None:
        return True
    return within_auto_apply_line(decision.confidence, decision.risk)


def _blocked(facts: AtRisk, now: datetime, rules: Rules) -> str:
    """Why nothing is done about this customer now, whatever kind of intervention it would be."""
    if is_stale(facts.calculated_at, now, rules):
        return f"the score is older than {rules.stale_after.total_seconds() / 3600:.0f} hours"
    if not any(part in facts.known for part in USE):
        return "nothing is known about usage or activity"
    if facts.open_intervention:
        return "another intervention is open"
    if facts.payment_open or facts.status == "past_due":
        return "a payment is being recovered; that comes first"
    return ""


def _discount(facts: AtRisk, now: datetime, rules: Rules) -> Decision:
    why_not = _blocked(facts, now, rules) or _no_discount(facts, now, rules)
    if why_not:
        return skip(why_not)
    confidence, doubts = discount_confidence(facts)
    price = Money(facts.monthly_minor, facts.currency)
    risk = discount_risk(facts, rules)
    cost = Money(discount_cost(facts, rules.percent, rules.months), facts.currency)
    large = facts.monthly_minor > rules.ask_over * 10 ** minor_digits(facts.currency)
    if large:
        doubts = (*doubts, f"pays more than {rules.ask_over:,} {facts.currency} a month")
    return Decision(
        Verdict.ASK if large else Verdict.ACT,
        f"health score {facts.score:.2f} is under 40" + (f"; {', '.join(doubts)}" if doubts else ""),
        confidence=confidence,
        risk=risk,
        params={"percent": rules.percent, "months": rules.months},
        title=f"{rules.percent} % off for {rules.months} months for {facts.name or facts.email}",
        expected=f"keeps {price} a month; costs up to {cost}",
        way_back="end the discount at Stripe; the next invoice is at the full price",
        evidence={
            "score": facts.score,
            "factors": list(facts.factors),
            "known": list(facts.known),
            "monthly": str(price),
            "cost": str(cost),
        },
        money_minor=cost.minor,
    )


def discount_cost(facts: AtRisk, percent: int, months: int) -> int:
    """What a discount costs at most, in minor units: rounded each month, as Stripe bills it."""
    return Money(facts.monthly_minor, facts.currency).percent(percent).minor * months


def _no_discount(facts: AtRisk, now: datetime, rules: Rules) -> str:
    if now - facts.signed_up_at < rules.new_for:
        return f"signed up less than {rules.new_for.days} days ago"
    if facts.status == "trialing":
        return "in the trial: pays nothing yet"
    if not facts.subscription:
        return "has no running subscription at Stripe"
    if facts.monthly_minor <= 0:
        return "pays nothing"
    if facts.discounted_at is not None and now < year_after(facts.discounted_at):
        return "had a discount within a year"
    if facts.refused_at is not None and now - facts.refused_at < rules.refused_again_after:
        return "the payment provider refused it lately"
    return ""


def discount_confidence(facts: AtRisk) -> tuple[float, tuple[str, ...]]:
    """How sure it is that this customer is leaving and that a discount speaks to it, and what speaks against:
    0.95, less 0.10 for each of usage and payment unknown, 0.05 for activity unknown, 0.05 close to the line (35 and
    more), 0.15 where no mail may tell of it, 0.20 where the subscription ends anyway."""
    doubts = [
        (0.10, "usage unknown", "usage" not in facts.known),
        (0.10, "payment unknown", "payment" not in facts.known),
        (0.05, "activity unknown", "engagement" not in facts.known),
        (0.05, "close to 40", facts.score >= 35.0),
        (0.15, "no consent to mail: it has to be told in person", not (facts.consent and facts.email)),
        (0.20, "the subscription ends anyway: a call comes first", facts.ending),
    ]
    against = [(points, why) for points, why, true in doubts if true]
    return round(0.95 - sum(points for points, _ in against), 2), tuple(why for _, why in against)


def discount_risk(facts: AtRisk, rules: Rules = DEFAULT_RULES) -> float:
    """What can be lost: 0.05, and up to 0.10 by price, in proportion up to the price that is always asked about."""
    units = facts.monthly_minor / float(10 ** minor_digits(facts.currency))
    return round(0.05 + 0.10 * min(1.0, units / max(1, rules.ask_over)), 4)


def _mail(facts: AtRisk, now: datetime, rules: Rules) -> Decision:
    why_not = _blocked(facts, now, rules)
    if not why_not and not facts.email:
        why_not = "no mail address"
    if not why_not and not facts.consent:
        why_not = "no consent to marketing mail"
    if not why_not and facts.mailed_at is not None and now - facts.mailed_at < rules.mail_again_after:
        why_not = f"had this mail within {rules.mail_again_after.days} days"
    if why_not:
        return skip(why_not)
    return Decision(
        Verdict.ACT,
        f"health score {facts.score:.2f} is between 40 and 60",
        title=f"Tips by mail for {facts.name or facts.email}",
        evidence={"score": facts.score, "factors": list(facts.factors)},
    )
