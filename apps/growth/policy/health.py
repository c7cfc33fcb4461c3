"""The health score: 0 (leaving) to 100 (healthy), from what is known of a customer (GRO-1).

The same rules stand in ``apps.growth.actions.score_sql`` as one statement over everybody; a test proves on random
customers that the two agree to the last digit. Therefore every step here is plain double arithmetic in a fixed order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from apps.growth.policy.components import (
    Component,
    HealthFacts,
    Lost,
    engagement,
    payment,
    support,
    usage,
)

# GRO-1. A component without data drops out and the others share its weight.
WEIGHTS: Mapping[str, float] = {"usage": 0.40, "engagement": 0.25, "payment": 0.20, "support": 0.15}

HEALTHY_OVER = 80.0  # GRO-12
STEADY_OVER = 60.0  # GRO-4: no intervention over 60
AT_RISK_UNDER = 40.0  # GRO-4: a discount under 40


class Level(StrEnum):
    HEALTHY = "healthy"  # over 80
    STEADY = "steady"  # over 60, up to 80
    WEAK = "weak"  # 40 to 60, both included
    AT_RISK = "at_risk"  # under 40
    UNKNOWN = "unknown"  # nothing is known


def level(score: float | None) -> Level:
    if score is None:
        return Level.UNKNOWN
    if score < AT_RISK_UNDER:
        return Level.AT_RISK
    if score <= STEADY_OVER:
        return Level.WEAK
    return Level.STEADY if score <= HEALTHY_OVER else Level.HEALTHY


def hundredths(value: float) -> float:
    """Rounded to two decimals, half up, as the statement does it."""
    return math.floor(value * 100.0 + 0.5) / 100.0


@dataclass(frozen=True, slots=True)
class Health:
    """``score`` is None where no component has data. ``share`` of a component: its weight among those present.
    The points lost of all reasons and the score make 100, but for rounding."""

    score: float | None
    level: Level
    components: Mapping[str, Component] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    reasons: tuple[Lost, ...] = ()


def health(facts: HealthFacts) -> Health:
    components: dict[str, Component] = {
        "usage": usage(facts),
        "engagement": engagement(facts),
        "payment": payment(facts),
        "support": support(),
    }
    total = 0.0
    points = 0.0
    for name, component in components.items():
        if component.score is not None:
            total += WEIGHTS[name]
            points += WEIGHTS[name] * component.score
    if total == 0.0:
        return Health(None, Level.UNKNOWN, components)
    score = hundredths(points / total)
    reasons = tuple(
        Lost(lost.code, name, hundredths(WEIGHTS[name] * lost.points / total), lost.facts)
        for name, component in components.items()
        for lost in component.lost
        if hundredths(WEIGHTS[name] * lost.points / total) > 0.0
    )
    shares = {
        name: hundredths(WEIGHTS[name] / total) for name, c in components.items() if c.score is not None
    }
    return Health(score, level(score), components, shares, reasons)
