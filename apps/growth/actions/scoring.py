"""Scoring everybody: two statements, one transaction (GRO-1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from apps.growth.actions.score_sql import SCORE, SEEN
from apps.growth.policy import components as c
from apps.growth.policy import health as h

ACTIVE = ("trialing", "active", "past_due")  # customers that are scored
LIVE = ("trialing", "active", "past_due", "unpaid")  # Stripe's words for a subscription that runs
HISTORY = timedelta(days=365)  # how far back "ever" reaches
# Memory for the sums of all customers. With PostgreSQL's default of 4 MB they go to disk, which costs four times
# as much from some ten thousand customers on.
WORK_MEM = "256MB"


@transaction.atomic
def score_customers(day: date, now: datetime) -> dict[str, int]:
    """Scores every active customer for ``day``, from whole days before it; returns how many have which level.
    A second run of the same day replaces its rows."""
    values = statement_values(day, now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('work_mem', %s, true)", [WORK_MEM])
        cursor.execute("DROP TABLE IF EXISTS growth_seen")  # from an earlier run in the same transaction
        cursor.execute(SEEN, values)
        cursor.execute("ANALYZE growth_seen")
        # Cheaper than ON CONFLICT, which looks every row up before it inserts it. Two runs of one day at the same
        # moment cannot both commit: the unique key refuses the later one, and its page is tried again.
        cursor.execute("DELETE FROM customer_health_scores WHERE day = %s", [day])
        cursor.execute(f"WITH done AS ({SCORE}) SELECT level, count(*) FROM done GROUP BY level", values)  # noqa: S608
        counts = {str(level): int(number) for level, number in cursor.fetchall()}
    return {"scored": sum(counts.values()), **counts}


def statement_values(day: date, now: datetime) -> Mapping[str, Any]:
    """What the statements of score_sql need: the days of the windows and the constants of the rule."""
    window = timedelta(days=c.WINDOW_DAYS)
    return {
        "day": day,
        "recent": day - window,
        "begin": day - 2 * window,
        "year": day - HISTORY,
        "cases_from": now - timedelta(days=c.EARLIER_CASE_DAYS),
        "now": now,
        "window": c.WINDOW_DAYS,
        "compare": c.COMPARE_DAYS,
        "active": list(ACTIVE),
        "live": list(LIVE),
        "nothing_left": c.NOTHING_LEFT,
        "errors_from": c.ERRORS_FROM,
        "errors_span": c.ERRORS_SPAN,
        "errors_lose": c.ERRORS_LOSE,
        "active_days": c.ACTIVE_DAYS,
        "active_days_lose": c.ACTIVE_DAYS_LOSE,
        "logins": c.LOGINS,
        "logins_lose": c.LOGINS_LOSE,
        "feature_uses": c.FEATURE_USES,
        "feature_uses_lose": c.FEATURE_USES_LOSE,
        "not_integrated_loses": c.NOT_INTEGRATED_LOSES,
        "open_case_loses": c.OPEN_CASE_LOSES,
        "past_due_loses": c.PAST_DUE_LOSES,
        "ending_loses": c.ENDING_LOSES,
        "earlier_case_loses": c.EARLIER_CASE_LOSES,
        "earlier_cases_lose_most": c.EARLIER_CASES_LOSE_MOST,
        "at_risk_under": h.AT_RISK_UNDER,
        "steady_over": h.STEADY_OVER,
        "healthy_over": h.HEALTHY_OVER,
        **{f"w_{name}": weight for name, weight in h.WEIGHTS.items()},
    }
