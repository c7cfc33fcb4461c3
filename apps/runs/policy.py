"""Pure rules of the kernel: what may act by itself, what is left of a limit, what a trigger allows."""

from __future__ import annotations

from dataclasses import dataclass

from apps.core.decision import (
    AUTO_APPLY_CONFIDENCE,
    AUTO_APPLY_RISK,
    Decision,
    Verdict,
    within_auto_apply_line,
)
from apps.core.learning import Posterior


def waits_because(decision: Decision, posterior: Posterior | None) -> str:
    """Why a decision needs approval, empty when it may be applied by itself (ENG-7, ENG-10).

    ``posterior`` is what was learned of this kind of change; only judged decisions are learned from.
    """
    if decision.verdict is Verdict.ASK:
        return "The rule asks for a person."
    if decision.confidence is None or decision.risk is None:
        return ""
    if not within_auto_apply_line(decision.confidence, decision.risk):
        return (
            f"Confidence {decision.confidence:.2f} and risk {decision.risk:.2f} are outside the line "
            f"(over {AUTO_APPLY_CONFIDENCE} and under {AUTO_APPLY_RISK})."
        )
    if posterior is not None and posterior.forbids():
        return f"This kind of change has not earned it yet: {posterior.sentence()}."
    return ""


@dataclass(frozen=True, slots=True)
class Used:
    """What an automation has used up, in the current UTC hour and day."""

    hour_actions: int = 0
    day_actions: int = 0
    day_money_minor: int = 0


@dataclass(frozen=True, slots=True)
class Allowed:
    """None means no limit."""

    per_hour: int | None = None
    per_day: int | None = None
    money_minor_per_day: int | None = None

    @property
    def unlimited(self) -> bool:
        return self.per_hour is None and self.per_day is None and self.money_minor_per_day is None


def fit(costs: list[int], used: Used, allowed: Allowed) -> tuple[list[bool], str]:
    """Which of the wanted actions still fit, in order, and the sentence about the limit that was
    reached ('' when all fit). ``costs`` are minor units, one entry an action."""
    hour, day, money = used.hour_actions, used.day_actions, used.day_money_minor
    fits: list[bool] = []
    reached = ""
    for cost in costs:
        reason = _over(hour, day, money + cost, allowed)
        fits.append(not reason)
        if reason:
            reached = reached or reason
            continue
        hour, day, money = hour + 1, day + 1, money + cost
    return fits, reached


def _over(hour: int, day: int, money: int, allowed: Allowed) -> str:
    if allowed.per_hour is not None and hour >= allowed.per_hour:
        return f"limit of {allowed.per_hour} actions an hour reached"
    if allowed.per_day is not None and day >= allowed.per_day:
        return f"limit of {allowed.per_day} actions a day reached"
    if allowed.money_minor_per_day is not None and money > allowed.money_minor_per_day:
        return f"limit of {allowed.money_minor_per_day} minor units a day reached"
    return ""
