"""Forgets old runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.conf import settings

from apps.runs.pruning import forget_empty_runs, forget_old_runs, forget_settled_alerts
from workers.kernel.automation import Computation, ComputeContext


class PruneHistory(Computation):
    """Forgets runs after 90 days, and after one day those outside the schedule that found nothing to do.

    Reads: runs. Changes: deletes old runs with their pages and steps, and alerts settled long ago; effects and
    evolution_log stay for ever.
    To stop: switch it off; the tables then grow.
    """

    name = "runs.prune_history"
    one_transaction = False  # many small ones: deleting must not hold up what runs meanwhile

    def compute(self, ctx: ComputeContext) -> Mapping[str, int]:
        keep = timedelta(days=settings.RUN_HISTORY_DAYS)
        return {
            "empty_runs": forget_empty_runs(ctx.now - timedelta(days=1)),
            "old_runs": forget_old_runs(ctx.now - keep),
            "alerts": forget_settled_alerts(ctx.now - keep),
        }
