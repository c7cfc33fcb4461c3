"""The end of interventions: what came of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from apps.growth.actions.interventions import close_interventions
from workers.kernel.automation import Computation, ComputeContext, Queue


class CloseInterventions(Computation):
    """Closes the interventions that have run 30 days, and those whose customer left.

    Reads: open interventions, the customer's status and newest score.
    Changes: the intervention's outcome and score at its end, treated and left alone alike.
    To stop: switch it off; interventions stay open, and no further one is made for these customers.
    """

    name: ClassVar[str] = "growth.close_interventions"
    queue = Queue.GROWTH

    def compute(self, ctx: ComputeContext) -> Mapping[str, int]:
        return close_interventions(ctx.now)
