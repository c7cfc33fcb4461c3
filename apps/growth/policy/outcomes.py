"""What an intervention has come to."""

from __future__ import annotations

from datetime import datetime

from apps.growth.policy.interventions import is_stale

LOST = ("canceled",)


def turned_out(
    *,
    status: str,
    score: float | None,
    calculated_at: datetime | None,
    at_start: float,
    last: bool,
    now: datetime,
) -> tuple[str, str]:
    """("worse", "success", "failure" or "inconclusive", the sentence with numbers). ``last``: it is not looked at
    again, so that a score that fell is a failure now."""
    if status in LOST:
        return "worse", "the customer cancelled"
    if score is None or calculated_at is None or is_stale(calculated_at, now):
        return "inconclusive", "there is no recent score"
    change = f"score {at_start:.2f} → {score:.2f}"
    if score >= at_start:
        return "success", f"still a customer, {change}"
    return ("failure" if last else "inconclusive"), f"still a customer, but {change}"
