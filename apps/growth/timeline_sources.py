"""What growth adds to a customer's page: the health card and the interventions on the time line."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from apps.core.clock import utc_now
from apps.core.money import Money
from apps.customers.timeline import Panel, TimelineEntry, Tone
from apps.growth.models import Arm, Intervention, Outcome
from apps.growth.policy.health import Level
from apps.growth.policy.wording import left_out, sentences
from apps.growth.queries.scores import standing

_TONES: dict[str, Tone] = {
    Level.HEALTHY: "good",
    Level.STEADY: "info",
    Level.WEAK: "warning",
    Level.AT_RISK: "bad",
    Level.UNKNOWN: "neutral",
}
_ENDS: dict[str, Tone] = {Outcome.KEPT: "good", Outcome.CANCELED: "bad"}


def health_panel(customer_id: int) -> Panel | None:
    found = standing(customer_id, utc_now())
    if found is None:
        return None
    latest = found.latest
    notes = ["100 is healthy."]
    if found.stale:
        notes.append(f"Stale: last calculated {latest.calculated_at:%d %B, %H:%M} UTC.")
    rows = [
        (name.capitalize(), f"{part['score']:.0f}")
        for name, part in latest.components.items()
        if "score" in part
    ]
    rows += [("Lost", text) for text in sentences(latest.reasons)]
    rows += [("Left out", text) for text in left_out(latest.components)]
    week_ago = next((row.score for row in found.history[7:8]), None)
    if week_ago is not None and latest.score is not None:
        notes.append(f"A week before: {week_ago}.")
    return Panel(
        title="Health",
        headline="unknown" if latest.score is None else f"{latest.score:.0f}",
        tone="neutral" if found.stale else _TONES[latest.level],
        note=" ".join(notes),
        rows=rows,
        url=reverse("admin:growth_customerhealthscore_changelist") + f"?customer={customer_id}",
    )


def interventions(customer_id: int, limit: int) -> Iterator[TimelineEntry]:
    """Each one's beginning, and its end with what came of it."""
    for row in Intervention.objects.filter(customer_id=customer_id).order_by("-opened_at")[:limit]:
        url = reverse("admin:growth_intervention_change", args=[row.pk])
        title = str(row.get_kind_display())
        if row.arm == Arm.HOLDOUT:
            title = f"Left alone on purpose: {title.lower()}"
        detail = f"health {row.score_at_start}"
        if row.cost_minor:
            detail += f", costs up to {Money(row.cost_minor, row.currency)}"
        yield TimelineEntry(row.opened_at, "growth", title, detail, url, "info")
        if row.closed_at is not None:
            ended = (
                f"health {row.score_at_start} → {row.score_at_end}"
                if row.score_at_end is not None
                else row.note
            )
            yield TimelineEntry(
                row.closed_at,
                "growth",
                f"{row.get_kind_display()}: {row.get_outcome_display().lower()}",
                ended,
                url,
                _ENDS.get(row.outcome, "neutral"),
            )
