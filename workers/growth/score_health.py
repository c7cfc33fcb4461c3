"""The health score of every active customer, every evening."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from apps.growth.actions.scoring import score_customers
from apps.runs.wake import wake
from workers.kernel.automation import Computation, ComputeContext, Queue

NEXT = ("growth.keep_holdout", "growth.offer_discount", "growth.send_engagement_mail")


class ScoreHealth(Computation):
    """Scores every active customer from 0 to 100, with the reasons.

    Reads: 60 days of daily usage, recovery cases, subscriptions, invoices; the whole days before the tick's day.
    Changes: one row a customer and day in customer_health_scores; then wakes the interventions.
    To stop: switch it off. After 36 hours the scores count as stale and nothing is done because of them.
    """

    name: ClassVar[str] = "growth.score_health"
    queue = Queue.GROWTH
    timeout = timedelta(minutes=10)

    def compute(self, ctx: ComputeContext) -> Mapping[str, int]:
        counts = score_customers(ctx.slot.date(), ctx.now)
        for automation in NEXT:
            wake(automation)
        return counts
