"""What interventions came to, beside the customers who were left alone (GRO-5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Q, Sum

from apps.core.money import Money
from apps.growth.models import Arm, Intervention, InterventionKind, InterventionState, Outcome
from apps.growth.policy.intervals import Difference, newcombe

JUDGED = (Outcome.KEPT, Outcome.CANCELED)


@dataclass(frozen=True, slots=True)
class Side:
    """Closed interventions of one arm, and how many of the customers stayed."""

    closed: int
    kept: int


@dataclass(frozen=True, slots=True)
class Effect:
    """``difference`` is the share that stayed, treated minus left alone, of those drawn by lot; None until both
    sides have some. ``costs`` are of all treated ones, also those a person approved, by currency."""

    kind: str
    treated: Side
    left_alone: Side
    difference: Difference | None
    costs: tuple[Money, ...]

    @property
    def prevented(self) -> float | None:
        """Customers kept who would have left, as far as the comparison tells."""
        return None if self.difference is None else self.difference.value * self.treated.closed


def intervention_effect(now: datetime) -> list[Effect]:
    """Every kind of intervention against its hold-out, over everything closed up to ``now``."""
    closed = Intervention.objects.filter(
        state=InterventionState.CLOSED, closed_at__lte=now, outcome__in=JUDGED, randomised=True
    )
    counts = {
        (row["kind"], row["arm"]): Side(row["closed"], row["kept"])
        for row in closed.values("kind", "arm").annotate(
            closed=Count("id"), kept=Count("id", filter=Q(outcome=Outcome.KEPT))
        )
    }
    costs = _costs(now)
    return [
        _effect(
            kind,
            counts.get((kind, Arm.TREATED), Side(0, 0)),
            counts.get((kind, Arm.HOLDOUT), Side(0, 0)),
            tuple(costs.get(kind, ())),
        )
        for kind in InterventionKind.values
    ]


def _costs(now: datetime) -> dict[str, list[Money]]:
    """What the interventions given up to ``now`` cost at most, by kind; one sum for each currency."""
    given = (
        Intervention.objects.filter(arm=Arm.TREATED, opened_at__lte=now, cost_minor__gt=0)
        .exclude(outcome=Outcome.NOT_GIVEN)
        .values("kind", "currency")
        .annotate(minor=Sum("cost_minor"))
        .order_by("currency")
    )
    costs: defaultdict[str, list[Money]] = defaultdict(list)
    for row in given:
        costs[row["kind"]].append(Money(int(row["minor"]), row["currency"]))
    return costs


def _effect(kind: str, treated: Side, left_alone: Side, costs: tuple[Money, ...]) -> Effect:
    interval = newcombe(treated.kept, treated.closed, left_alone.kept, left_alone.closed)
    return Effect(kind, treated, left_alone, interval, costs)


@dataclass(frozen=True, slots=True)
class WeekOfKind:
    """What was done in a span of time. ``better``: closed, stayed, and the score has not fallen."""

    kind: str
    treated: int
    left_alone: int
    closed: int
    better: int


def interventions_between(since: datetime, now: datetime) -> Sequence[WeekOfKind]:
    opened = Q(opened_at__gt=since, opened_at__lte=now) & ~Q(outcome=Outcome.NOT_GIVEN)
    closed = Q(closed_at__gt=since, closed_at__lte=now, arm=Arm.TREATED, outcome__in=JUDGED)
    rows = (
        Intervention.objects.filter(opened | closed)
        .values("kind")
        .annotate(
            treated=Count("id", filter=opened & Q(arm=Arm.TREATED)),
            left_alone=Count("id", filter=opened & Q(arm=Arm.HOLDOUT)),
            closed=Count("id", filter=closed),
            better=Count(
                "id", filter=closed & Q(outcome=Outcome.KEPT, score_at_end__gte=F("score_at_start"))
            ),
        )
        .order_by("kind")
    )
    return [
        WeekOfKind(row["kind"], row["treated"], row["left_alone"], row["closed"], row["better"])
        for row in rows
    ]
