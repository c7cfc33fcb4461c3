"""Prometheus metrics of every automation, read from the tables, so that every process tells the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db import DatabaseError, connection
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from psycopg_pool import PoolTimeout

_RUNS = """
SELECT automation, count(*), coalesce(sum(seen), 0), coalesce(sum(acted), 0), coalesce(sum(asked), 0),
       coalesce(sum(failed), 0), count(*) FILTER (WHERE state = 'failed'),
       extract(epoch FROM now() - max(finished_at)),
       coalesce(avg(extract(epoch FROM finished_at - started_at)), 0)
  FROM runs_run WHERE created_at > now() - interval '1 day' AND mode = 'live' GROUP BY automation
"""
# Two halves, each with its own partial index: the table of effects is kept for ever.
_EFFECTS = """
SELECT automation, state, count(*) FROM runs_effect
 WHERE state IN ('refused', 'doubt', 'unknown', 'dead', 'waiting') GROUP BY 1, 2
 UNION ALL
SELECT automation, state, count(*) FROM runs_effect WHERE state = 'claimed' GROUP BY 1, 2
"""
_PAGES = """
SELECT r.automation, count(*), coalesce(max(extract(epoch FROM now() - b.due_at)), 0)
  FROM runs_batch b JOIN runs_run r ON r.id = b.run_id
 WHERE b.state IN ('queued', 'running') AND b.due_at <= now() GROUP BY 1
"""
_GAUGES = (
    ("apex_runs_day", "Live runs in the last 24 hours"),
    ("apex_subjects_seen_day", "Subjects looked at in the last 24 hours"),
    ("apex_subjects_acted_day", "Subjects acted upon in the last 24 hours"),
    ("apex_subjects_asked_day", "Subjects put before the operator in the last 24 hours"),
    ("apex_subjects_failed_day", "Subjects that failed in the last 24 hours"),
    ("apex_runs_failed_day", "Runs that failed in the last 24 hours"),
    ("apex_last_run_age_seconds", "Seconds since the last run ended"),
    ("apex_run_seconds", "Mean length of a run, in seconds"),
)


class AutomationCollector(Collector):
    """Registered once per process, by the app's configuration."""

    def collect(self) -> Iterable[Metric]:
        try:
            yield from self._collect()
        except (DatabaseError, PoolTimeout):
            yield GaugeMetricFamily("apex_database_up", "1 when the metrics could be read", value=0)

    def describe(self) -> Iterable[Metric]:
        """Empty: registering must not touch the database."""
        return []

    def _collect(self) -> Iterator[Metric]:
        runs = _rows(_RUNS)
        for column, (name, text) in enumerate(_GAUGES, start=1):
            family = GaugeMetricFamily(name, text, labels=["automation"])
            for row in runs:
                if row[column] is not None:
                    family.add_metric([row[0]], float(row[column]))
            yield family
        effects = GaugeMetricFamily(
            "apex_effects_open", "Effects that are not done", labels=["automation", "state"]
        )
        for automation, state, count in _rows(_EFFECTS):
            effects.add_metric([automation, state], count)
        yield effects
        pages = GaugeMetricFamily("apex_pages_due", "Pages that wait or run", labels=["automation"])
        waiting = GaugeMetricFamily(
            "apex_page_wait_seconds", "Longest wait of a due page", labels=["automation"]
        )
        for automation, count, oldest in _rows(_PAGES):
            pages.add_metric([automation], count)
            waiting.add_metric([automation], float(oldest))
        yield pages
        yield waiting
        yield GaugeMetricFamily("apex_database_up", "1 when the metrics could be read", value=1)


def _rows(sql: str) -> list[tuple]:  # type: ignore[type-arg]
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())
