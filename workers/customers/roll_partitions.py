"""Keeps the table of events in months: two ahead, thirteen back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from apps.customers.actions.held import forget_held, release_held
from apps.customers.actions.partitions import drop_before, ensure_months, forget_keys
from apps.customers.conf import ingest_rules
from apps.customers.policy.months import add_months
from workers.kernel.automation import Computation, ComputeContext

AHEAD = 2  # months


class RollPartitions(Computation):
    """Makes next months' partitions, drops those past retention, forgets what can no longer be sent again.

    Reads: the partitions of customers_event.
    Changes: makes and drops partitions (single events only; the daily sums stay), deletes keys of events
    too old to
    be resent, counts held events whose customer arrived, and deletes those whose customer never did.
    To stop: switch it off; new events then gather in the default partition, nothing is lost.
    """

    name: ClassVar[str] = "customers.roll_partitions"

    def compute(self, ctx: ComputeContext) -> Mapping[str, int]:
        rules = ingest_rules()
        oldest_kept = add_months(ctx.now, -rules.raw_months)
        return {
            "made": ensure_months(max(ctx.now - rules.late, oldest_kept), add_months(ctx.now, AHEAD)),
            "dropped": drop_before(oldest_kept),
            "keys_forgotten": forget_keys(ctx.now - rules.keys_kept),
            "held_counted": release_held(None),
            "held_forgotten": forget_held(ctx.now, rules.keys_kept),
        }
