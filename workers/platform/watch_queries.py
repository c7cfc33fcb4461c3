"""Looks at the watched database's slow queries and finds the index that should help each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from apps.platform import actions, queries
from apps.platform.conf import slow_query_ms
from apps.runs.actions import raise_alert, resolve_alerts
from apps.runs.wake import wake
from workers.kernel.automation import Computation, ComputeContext, Queue
from workers.platform.advising import advise_row, measure_candidates, read_statistics
from workers.ports import OutsideError

MOST_ADVISED = 20  # queries planned at one look

ALERT_KEY = "platform.watch_queries:target"


class WatchQueries(Computation):
    """Finds slow queries of your product's database and the indexes that would help them.

    Reads: pg_stat_statements, plans, table statistics of TARGET_DATABASE_URL, all read-only.
    Changes: only Apex's own list of slow queries; wakes platform.create_index. When the database cannot be
    read it waits for the next look and raises an alert.
    To stop: switch it off; nothing is proposed any more, indexes already built stay.
    """

    name = "platform.watch_queries"
    queue = Queue.PLATFORM
    timeout = timedelta(minutes=10)
    one_transaction = (
        False  # plans and measurements take minutes; nobody is to wait for a row's lock meanwhile
    )

    def compute(self, ctx: ComputeContext) -> Mapping[str, int]:
        target, slow_ms = ctx.sources.target, slow_query_ms()
        try:
            stats = read_statistics(target, slow_ms)
        except OutsideError as problem:
            raise_alert(
                "target_unreachable",
                ALERT_KEY,
                "Slow queries are not being watched",
                str(problem),
                "medium",
                ctx.now,
            )
            return {"unreachable": 1}
        resolve_alerts(ALERT_KEY, self.name, ctx.now)
        seen = actions.note_statistics(
            [actions.Seen(s.query_id, s.query, s.calls, s.total_ms) for s in stats], now=ctx.now
        )
        dropped = actions.note_outcomes()
        fast = actions.note_fast(slow_ms)
        slow = queries.to_advise(slow_ms, MOST_ADVISED)
        for row in slow:
            try:
                advise_row(target, row)
            except (OutsideError, ValueError) as problem:
                actions.note_no_advice(row, str(problem))
        waiting = actions.settle()
        measured = measure_candidates(target)
        if waiting:
            wake("platform.create_index")
        return {
            "seen": seen,
            "slow": len(slow),
            "fast_again": fast,
            "candidates": waiting,
            "measured": measured,
            "dropped": dropped,
        }
