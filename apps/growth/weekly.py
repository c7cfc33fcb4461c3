"""Growth's lines on the Monday page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse

from apps.growth.models import InterventionKind
from apps.growth.policy.interventions import is_stale
from apps.growth.queries.outcomes import Effect, intervention_effect, interventions_between
from apps.growth.queries.scores import last_calculated
from apps.runs.weekly import SummaryLine

_LABELS = dict(InterventionKind.choices)


def weekly_summary(since: datetime, now: datetime) -> Sequence[SummaryLine]:
    """One line for each kind of intervention that happened or ended, with the comparison so far."""
    effects = {effect.kind: effect for effect in intervention_effect(now)}
    url = reverse("admin:growth_intervention_changelist")
    return [
        SummaryLine(
            title=str(_LABELS[week.kind]),
            value="1 customer" if week.treated == 1 else f"{week.treated:,} customers",
            detail=f"{week.left_alone:,} left alone, {week.better} of {week.closed} ended better; "
            f"{compared(effects[week.kind])}",
            url=url,
            tone="good" if week.closed and week.better * 2 > week.closed else "neutral",
        )
        for week in interventions_between(since, now)
    ]


def compared(effect: Effect) -> str:
    """The difference to the hold-out in words, with its 95 % interval."""
    found = effect.difference
    if found is None:
        return "nothing to compare with yet"
    low, high = 100 * found.interval.low, 100 * found.interval.high
    words = f"{100 * found.value:+.1f} points stayed against the hold-out ({low:+.1f} to {high:+.1f})"
    return words if found.sure else f"{words}, not certain yet"


def stale_scores(since: datetime, now: datetime) -> Sequence[SummaryLine]:  # noqa: ARG001 - a state, not a span
    """One line when the newest scores are too old to act upon."""
    last = last_calculated()
    if last is None or not is_stale(last, now):
        return []
    hours = (now - last).total_seconds() / 3600
    return [
        SummaryLine(
            title="Health scores are stale",
            value=f"{hours:.0f} hours old",
            detail="Interventions wait until growth.score_health runs again.",
            url=reverse("admin:growth_customerhealthscore_changelist"),
            tone="warning",
        )
    ]
