"""What a rule answers: ACT, SKIP or ASK, always with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from apps.core.types import Json

# ENG-7: over this confidence and under this risk a decision is applied by itself.
AUTO_APPLY_CONFIDENCE = 0.8
AUTO_APPLY_RISK = 0.2


class Verdict(StrEnum):
    ACT = "act"
    SKIP = "skip"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Decision:
    """One rule's answer about one subject.

    ``confidence`` and ``risk`` are probabilities (0 to 1), None where the rule does not judge
    but follows a plan the operator has set (a ladder, an outbox). ``params`` is what ``act``
    needs and what the operator may edit in the approvals inbox; ``money_minor`` is what the
    action can cost, in minor units, for the day's money limit.
    """

    verdict: Verdict
    reason: str
    confidence: float | None = None
    risk: float | None = None
    params: Mapping[str, Json] = field(default_factory=dict)
    title: str = ""
    expected: str = ""
    way_back: str = ""
    evidence: Mapping[str, Json] = field(default_factory=dict)
    money_minor: int = 0

    def __post_init__(self) -> None:
        if not self.reason:
            raise ValueError("a decision needs a reason")
        for name in ("confidence", "risk"):
            value = getattr(self, name)
            if value is not None and not 0.0 <= value <= 1.0:
                raise ValueError(f"{name} must be between 0 and 1, not {value}")
        if (self.confidence is None) != (self.risk is None):
            raise ValueError("confidence and risk are judged together or not at all")

    @property
    def judged(self) -> bool:
        return self.confidence is not None


def skip(reason: str) -> Decision:
    return Decision(Verdict.SKIP, reason)


def within_auto_apply_line(confidence: float, risk: float) -> bool:
    """ENG-7: strictly over 0.8 and strictly under 0.2."""
    return confidence > AUTO_APPLY_CONFIDENCE and risk < AUTO_APPLY_RISK
